//! Lets somebody look at what a push brings before any branch moves.
//!
//! Git keeps the objects of a push apart until its `pre-receive` hook is content. The hook here is a few lines that ask
//! this process and wait; the asking goes through a folder that lives as long as the push.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fairway_domain::repository::RepositoryRef;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::Forge;
use super::proposed::ProposedPush;
use crate::RemoteError;

/// How often the folder is looked into while git takes in the objects.
const LOOK: Duration = Duration::from_millis(4);
/// How long a judge may think.
pub(super) const THINKING: Duration = Duration::from_mins(1);

/// Waits without a program of its own where the shell can, and ends when the push is gone.
const HOOK: &str = "#!/bin/sh\n\
    [ \"$1\" = ready ] && exit 0\n\
    cd \"$FAIRWAY_PUSH\" || exit 1\n\
    { printf '%s\\n' \"$GIT_QUARANTINE_PATH\"; cat; } > asking && mv asking asked || exit 1\n\
    while [ ! -e answer ]; do [ -e asked ] || exit 1; sleep 0.01; done\n\
    cat said >&2\n\
    [ \"$(cat answer)\" = accept ]\n";

/// What a judge says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushVerdict {
    /// Why the push is refused; nothing when it may go on.
    pub refusal: Option<String>,
    /// What the client is told although the push goes on.
    pub remark: Option<String>,
}

/// Looks at a push and decides.
pub type PushJudge =
    Arc<dyn Fn(ProposedPush) -> Pin<Box<dyn Future<Output = PushVerdict> + Send>> + Send + Sync>;

/// The asking of one push. Dropping it ends the waiting on both sides.
pub(super) struct Court {
    folder: TempDir,
    hooks: PathBuf,
    waiting: JoinHandle<()>,
}

impl Drop for Court {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

impl Court {
    /// Where git finds the hook.
    pub(super) fn hooks(&self) -> &Path {
        &self.hooks
    }

    /// Where the hook asks.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Prepares the hook, and waits for it to ask.
    pub(super) async fn open(
        forge: &Forge,
        repository: &RepositoryRef,
        judge: PushJudge,
    ) -> Result<Self, RemoteError> {
        let hooks = forge.root.join("hooks");
        prepare(&hooks).await.map_err(RemoteError::folder("prepare the hook in", &hooks))?;
        let aside = forge.root.join("aside");
        let folder = tempfile::Builder::new()
            .prefix("push-")
            .tempdir_in(&aside)
            .map_err(RemoteError::folder("create a folder in", &aside))?;
        let place = folder.path().to_owned();
        let proposed = ProposedPush {
            updates: Vec::new(),
            git: forge.git.clone(),
            place: forge.existing(repository).await?,
            quarantine: PathBuf::new(),
            on: repository.to_string(),
        };
        let waiting = tokio::spawn(async move {
            let asked = place.join("asked");
            while !tokio::fs::try_exists(&asked).await.unwrap_or(false) {
                tokio::time::sleep(LOOK).await;
            }
            let verdict = hear(&asked, proposed, judge).await;
            let word = if verdict.refusal.is_some() { "refuse" } else { "accept" };
            let said = verdict.refusal.or(verdict.remark).unwrap_or_default();
            // Without an answer the hook ends with the push, which then does not go on.
            if tokio::fs::write(place.join("said"), said).await.is_ok()
                && tokio::fs::write(place.join("answering"), word).await.is_ok()
            {
                let _ = tokio::fs::rename(place.join("answering"), place.join("answer")).await;
            }
        });
        Ok(Self { folder, hooks, waiting })
    }
}

/// Writes the hook where it is not there yet, in one step, and runs it once: one that cannot be run would be passed over
/// by git, and nobody would be asked.
async fn prepare(hooks: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let hook = hooks.join("pre-receive");
    if tokio::fs::read(&hook).await.is_ok_and(|text| text == HOOK.as_bytes()) {
        return Ok(());
    }
    tokio::fs::create_dir_all(hooks).await?;
    let new = tempfile::Builder::new().prefix("new-").tempfile_in(hooks)?.into_temp_path();
    tokio::fs::write(&new, HOOK).await?;
    tokio::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o700)).await?;
    // The shell is not asked to read it, as git does not do so either: the system has to allow its execution.
    let mut tries = 0;
    loop {
        match tokio::process::Command::new(&new).arg("ready").env_clear().status().await {
            Ok(status) if status.success() => break,
            // Another thread was starting a process while the file was open for writing.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                tokio::time::sleep(LOOK).await;
            }
            Ok(_) => return Err(std::io::Error::other("the hook cannot be run")),
            Err(error) => return Err(error),
        }
    }
    tokio::fs::rename(&new, &hook).await
}

/// Reads what the hook asks, and asks the judge.
async fn hear(asked: &Path, mut proposed: ProposedPush, judge: PushJudge) -> PushVerdict {
    let refuse = |reason: &str| PushVerdict { refusal: Some(reason.to_owned()), remark: None };
    let Ok(question) = tokio::fs::read_to_string(asked).await else {
        return refuse("the push could not be looked at: its question is not readable\n");
    };
    let mut lines = question.lines();
    proposed.quarantine = PathBuf::from(lines.next().unwrap_or_default());
    // Where git takes in no objects (a push that only moves branches) there is nothing apart.
    if proposed.quarantine.as_os_str().is_empty() {
        proposed.quarantine = proposed.place.join("objects");
    }
    proposed.updates = lines.filter_map(|line| super::pack_line::parse_command(line.as_bytes())).collect();
    let said = tokio::time::timeout(THINKING, judge(proposed)).await;
    said.unwrap_or_else(|_| {
        refuse("the push could not be looked at within its time; push fewer commits at once\n")
    })
}
