//! Programs that a story runs: the command line of Fairway, git, python.

use std::path::Path;
use std::process::{Command, Stdio};

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// The same, of a program that must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    /// The same, of a program that must have ended with this code.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }
}

/// Nothing of the person who runs the tests reaches the program: no settings of git or Fairway, no proxy.
pub fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let foreign = name.starts_with("FAIRWAY_")
            || name.starts_with("GIT_")
            || name.to_lowercase().ends_with("_proxy");
        if foreign {
            command.env_remove(name);
        }
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Nina Kowalska")
        .env("GIT_AUTHOR_EMAIL", "nina.kowalska@acme.example")
        .env("GIT_COMMITTER_NAME", "Nina Kowalska")
        .env("GIT_COMMITTER_EMAIL", "nina.kowalska@acme.example")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
}

/// Runs a prepared command to its end.
pub async fn run(mut command: Command) -> Ended {
    isolate(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the command line of Fairway.
pub async fn fairway(arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fairway"));
    command.args(arguments);
    run(command).await
}

/// Runs git in a folder.
pub async fn git(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "init.defaultBranch=main"]).args(arguments);
    run(command).await
}

/// Stages everything in a working copy, commits it and pushes it. Says how the push ended.
pub async fn commit_and_push(folder: &Path, message: &str) -> Ended {
    git(folder, &["add", "--all"]).await.ok();
    git(folder, &["commit", "--quiet", "--message", message]).await.ok();
    git(folder, &["push", "origin", "HEAD:main"]).await
}

/// Runs a Python program.
pub async fn python(program: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new("python3");
    command.args(["-c", program]).args(arguments);
    run(command).await
}

/// Sends a signal to a process.
pub fn signal(name: &str, process: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(status.success(), "process {process} is not there");
}

/// Whether a program is installed. Says so when it is not, since a story is skipped then.
pub fn installed(program: &str) -> bool {
    let there = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: {program} is not installed");
    }
    there
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}
