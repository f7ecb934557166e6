//! Runs the system's git: nothing inherited from the user's configuration, bounded in time, size and number.

pub(crate) mod objects;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::RemoteError;

/// How long a short command may run.
pub(crate) const SHORT: Duration = Duration::from_secs(30);
/// How long a command waits for its turn.
const QUEUE: Duration = Duration::from_secs(20);
/// How much of git's complaints is kept.
const COMPLAINT_BYTES: usize = 16 * 1024;
/// What an answer may weigh unless the task says otherwise.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How many short commands run at once.
const SHORT_COMMANDS: usize = 16;
/// How many fetches and pushes run at once; apart from the short ones, so that slow clients stop nobody.
const WIRE_COMMANDS: usize = 32;

/// Settings for every command. The repositories belong to the forge, so git's guard against foreign owners
/// (a mounted volume often has one) only gets in the way, and hooks never run.
const SETTINGS: [(&str, &str); 9] = [
    ("safe.directory", "*"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.filesRefLockTimeout", "2000"),
    ("core.bigFileThreshold", "32m"),
    ("protocol.allow", "never"),
    ("protocol.file.allow", "never"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
];

/// Variables that a command with network access may see: proxies, certificates and the ssh agent.
const NETWORK_VARIABLES: [&str; 11] = [
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "TMPDIR",
];

/// The git of this machine. Clones share their limits.
#[derive(Clone)]
pub(crate) struct Git {
    short: Arc<Semaphore>,
    wire: Arc<Semaphore>,
}

/// One command for git.
pub(crate) struct Task<'a> {
    pub(crate) doing: &'static str,
    pub(crate) on: &'a str,
    directory: Option<PathBuf>,
    arguments: Vec<OsString>,
    settings: Vec<(String, String)>,
    environment: Vec<(OsString, OsString)>,
    input: Vec<u8>,
    limit: usize,
    pub(crate) timeout: Duration,
}

/// How a command ended.
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) output: Vec<u8>,
    /// The output was longer than its limit and is cut there.
    pub(crate) truncated: bool,
    pub(crate) complaint: String,
}

impl<'a> Task<'a> {
    /// A command that does `doing` (an infinitive, for errors) on `on`.
    pub(crate) fn new(doing: &'static str, on: &'a str) -> Self {
        Self {
            doing,
            on,
            directory: None,
            arguments: Vec::new(),
            settings: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
            limit: ANSWER_BYTES,
            timeout: SHORT,
        }
    }

    /// In the bare repository at `directory`.
    pub(crate) fn within(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// With these arguments after those that are there.
    pub(crate) fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// With a setting for this command only.
    pub(crate) fn setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// With a variable for this command only.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Allowed to reach other hosts: sees the proxies and certificates that the operator set.
    pub(crate) fn with_network(mut self) -> Self {
        for name in NETWORK_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                self.environment.push((name.into(), value));
            }
        }
        self
    }

    /// With something to read.
    pub(crate) fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Cut (and stopped) after `bytes` of output.
    pub(crate) fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// With its own time limit.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn timed_out(&self) -> RemoteError {
        RemoteError::Timeout { doing: self.doing, on: self.on.to_owned(), after: self.timeout }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&*GIT);
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("HOME", "/nonexistent"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("LC_ALL", "C"),
        ] {
            command.env(name, value);
        }
        let own = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut count = 0_usize;
        for (key, value) in SETTINGS.into_iter().chain(own) {
            command.env(format!("GIT_CONFIG_KEY_{count}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        if let Some(directory) = &self.directory {
            command.env("GIT_DIR", directory).current_dir(directory);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(&self.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// Where git is. A program that is looked for anew each time cannot be spawned when the environment differs; the process
/// is forked instead, which with a large catalog in memory takes a tenth of a second.
static GIT: LazyLock<PathBuf> = LazyLock::new(|| {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join("git"));
    places.find(|place| place.is_file()).unwrap_or_else(|| PathBuf::from("git"))
});

impl Finished {
    /// The output when git was content with itself.
    pub(crate) fn accepted(self, doing: &'static str, on: &str) -> Result<Vec<u8>, RemoteError> {
        if self.truncated {
            return Err(RemoteError::TooLarge {
                doing,
                on: on.to_owned(),
                limit: format!("{} bytes of output", self.output.len()),
            });
        }
        if self.success {
            return Ok(self.output);
        }
        Err(RemoteError::Git { doing, on: on.to_owned(), message: self.complaint })
    }
}

impl Git {
    /// The git on PATH, started with nothing running.
    pub(crate) fn new() -> Self {
        Self {
            short: Arc::new(Semaphore::new(SHORT_COMMANDS)),
            wire: Arc::new(Semaphore::new(WIRE_COMMANDS)),
        }
    }

    /// Makes sure that git is there and new enough (2.38 brought `merge-tree --write-tree`).
    pub(crate) async fn check(&self) -> Result<(), RemoteError> {
        let output = self.run(Task::new("ask the version of", "git").arguments(["--version"])).await?;
        let text = String::from_utf8_lossy(&output).trim().to_owned();
        let version = text.trim_start_matches("git version ");
        let mut numbers = version.split(['.', ' ', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < (2, 38) {
            return Err(RemoteError::GitTooOld { found: version.chars().take(60).collect() });
        }
        Ok(())
    }

    /// Runs a command that must succeed and gives what it wrote.
    pub(crate) async fn run(&self, task: Task<'_>) -> Result<Vec<u8>, RemoteError> {
        let (doing, on) = (task.doing, task.on);
        self.finish(task).await?.accepted(doing, on)
    }

    /// Runs a command to its end, whatever that is.
    pub(crate) async fn finish(&self, mut task: Task<'_>) -> Result<Finished, RemoteError> {
        let input = std::mem::take(&mut task.input);
        let (_permit, mut child) = self.start(&task).await?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let work = async {
            let write = async {
                if let Some(mut stdin) = stdin {
                    // A command that ends early closes its input; its own complaint says why.
                    let _ = stdin.write_all(&input).await;
                    let _ = stdin.shutdown().await;
                }
            };
            let read = async {
                let (output, truncated) = read_bounded(stdout, task.limit).await?;
                if truncated {
                    child.start_kill()?;
                }
                Ok::<_, std::io::Error>((output, truncated))
            };
            let ((), answer, complaint) = tokio::join!(write, read, read_complaint(stderr));
            let (output, truncated) = answer?;
            let status = child.wait().await?;
            Ok::<_, std::io::Error>(Finished { success: status.success(), output, truncated, complaint })
        };
        tokio::time::timeout(task.timeout, work)
            .await
            .map_err(|_| task.timed_out())?
            .map_err(RemoteError::pipe(task.doing, task.on))
    }

    /// Starts a command and leaves its pipes to the caller; the permit lasts as long as the process should.
    pub(crate) async fn start(&self, task: &Task<'_>) -> Result<(OwnedSemaphorePermit, Child), RemoteError> {
        Self::spawn(&self.short, task).await
    }

    /// Like [`Git::start`], counted among the fetches and pushes of clients.
    pub(crate) async fn start_wire(
        &self,
        task: &Task<'_>,
    ) -> Result<(OwnedSemaphorePermit, Child), RemoteError> {
        Self::spawn(&self.wire, task).await
    }

    async fn spawn(
        turn: &Arc<Semaphore>,
        task: &Task<'_>,
    ) -> Result<(OwnedSemaphorePermit, Child), RemoteError> {
        let Ok(Ok(permit)) = tokio::time::timeout(QUEUE, Arc::clone(turn).acquire_owned()).await else {
            return Err(RemoteError::Busy { doing: task.doing, on: task.on.to_owned() });
        };
        let child = task.command().spawn().map_err(|source| match &task.directory {
            // A working folder that vanished looks like a missing program.
            Some(directory) if !directory.exists() => {
                RemoteError::Folder { doing: "enter the repository", path: directory.clone(), source }
            }
            _ => RemoteError::GitMissing { source },
        })?;
        Ok((permit, child))
    }
}

async fn read_bounded(
    source: Option<impl AsyncRead + Unpin>,
    limit: usize,
) -> std::io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        source.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    let truncated = bytes.len() > limit;
    bytes.truncate(limit);
    Ok((bytes, truncated))
}

/// Reads everything, so that git never blocks on its complaints, and keeps the end: the reason comes last.
pub(crate) async fn read_complaint(source: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0_u8; 4096];
    if let Some(mut source) = source {
        while let Ok(count) = source.read(&mut buffer).await {
            if count == 0 {
                break;
            }
            kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if kept.len() > 2 * COMPLAINT_BYTES {
                kept.drain(..kept.len() - COMPLAINT_BYTES);
            }
        }
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:")).collect();
    let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
    let shown = last.join("; ");
    if shown.is_empty() { "nothing, but it failed".to_owned() } else { shown }
}
