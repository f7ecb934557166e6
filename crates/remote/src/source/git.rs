//! Fetching one revision of a foreign repository, shallow and bounded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fairway_domain::repository::CommitId;
use fairway_domain::tree::Tree;
use fairway_domain::{Digest, Secret};

use super::url::{is_reference, parse_git_url, without_credentials};
use crate::RemoteError;
use crate::forge::folder::{TreeLimits, read_tree};
use crate::forge::{blocking, size_of};
use crate::git::{Finished, Git, Task};

/// How often the size of what arrives is looked at.
const MEASURE: Duration = Duration::from_millis(500);
/// Below this many bytes per second for the whole minute, a transfer has stalled.
const STALLED: (&str, &str) = ("1000", "60");

/// One git for all sources, so that its limits hold for all of them together.
static GIT: LazyLock<Git> = LazyLock::new(Git::new);
/// One fetch at a time into one cache folder.
static BUSY: LazyLock<Mutex<BTreeMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>> = LazyLock::new(Mutex::default);

/// Foreign git repositories.
pub struct GitSource;

/// How a foreign repository may be fetched.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// How much of the revision's tree is read.
    pub tree: TreeLimits,
    /// How many bytes the fetched, packed repository may have.
    pub fetch_bytes: u64,
    /// How long the fetch may take.
    pub timeout: Duration,
    /// Whether paths of this machine may be fetched from. Off, as whoever registers a location could read
    /// every repository that this process can.
    pub allow_local: bool,
    /// What to show to the host.
    pub credential: Option<GitCredential>,
}

/// What is shown to a host. It reaches git and ssh through the environment and files that nobody else may read,
/// never through arguments, and is not repeated where the host redirects.
#[derive(Debug, Clone)]
pub enum GitCredential {
    /// User and password (or token), for http and https.
    Password {
        /// The user; hosts that look at the token only take any.
        user: String,
        /// The password or token.
        password: Secret<String>,
    },
    /// A private key, for ssh. Only hosts whose keys are known are talked to.
    SshKey {
        /// The key in OpenSSH's form.
        key: Secret<String>,
        /// Lines of a `known_hosts` file; the machine's own file when there are none.
        known_hosts: Option<String>,
    },
}

impl Default for SourceOptions {
    /// The default tree limits, 512 MiB, two minutes, nothing local, no credential.
    fn default() -> Self {
        Self {
            tree: TreeLimits::default(),
            fetch_bytes: 512 * 1024 * 1024,
            timeout: Duration::from_mins(2),
            allow_local: false,
            credential: None,
        }
    }
}

impl GitSource {
    /// Fetches one revision (the default branch for `None`; a branch, a tag or a whole commit name) of the
    /// repository at `url` and gives its commit and its files. `cache` is a folder that keeps what was
    /// fetched, so that the next time only changes travel.
    ///
    /// # Errors
    /// [`RemoteError::BadUrl`], [`RemoteError::Authentication`], [`RemoteError::RevisionMissing`],
    /// [`RemoteError::Timeout`], [`RemoteError::TooLarge`], or what git said.
    pub async fn fetch(
        url: &str,
        reference: Option<&str>,
        cache: &Path,
        options: &SourceOptions,
    ) -> Result<(CommitId, Tree), RemoteError> {
        let (address, local) = checked_address(url, options)?;
        let on = without_credentials(&address);
        if let Some(reference) = reference
            && !is_reference(reference)
        {
            return Err(RemoteError::RevisionMissing {
                repository: on,
                revision: reference.chars().take(100).collect(),
            });
        }
        let place = std::path::absolute(cache)
            .map_err(RemoteError::folder("find", cache))?
            .join(format!("{}.git", Digest::of(address.as_bytes()).short()));
        let lock = {
            let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
            busy.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(busy.entry(place.clone()).or_default())
        };
        let _turn = lock.lock().await;
        prepare(&place, &on).await?;
        let name = format!("fetched-{}", Digest::of(reference.unwrap_or("HEAD").as_bytes()).short());
        let refspec = format!("+{}:refs/heads/{name}", reference.unwrap_or("HEAD"));
        let identity = Identity::prepare(options.credential.as_ref())?;
        let mut finished = transfer(&address, &refspec, &place, &on, local, options, &identity).await?;
        let web = address.starts_with("http") && address.strip_suffix(".git").is_none();
        if !finished.success && web && is_redirect(&finished.complaint) {
            // GitLab sends those who leave ".git" out to the address with it.
            finished =
                transfer(&format!("{address}.git"), &refspec, &place, &on, local, options, &identity).await?;
        }
        if !finished.success {
            return Err(explained(finished.complaint, on, reference));
        }
        let read = Task::new("read", &on).within(&place);
        let commit = crate::git::objects::ObjectReader::open(&GIT, Task::new("read", &on).within(&place))
            .await?
            .resolve(&name)
            .await?;
        let tree = read_tree(&GIT, read, commit.as_str(), None, options.tree).await?;
        Ok((commit, tree))
    }
}

impl GitSource {
    /// The commit that a revision has now, by one small request; `None` when the other side does not list it (a
    /// commit's own name, for example), so that only fetching can tell.
    ///
    /// # Errors
    /// As [`GitSource::fetch`].
    pub async fn head(
        url: &str,
        reference: Option<&str>,
        options: &SourceOptions,
    ) -> Result<Option<CommitId>, RemoteError> {
        let (address, local) = checked_address(url, options)?;
        let on = without_credentials(&address);
        if reference.is_some_and(|reference| !is_reference(reference)) {
            return Ok(None);
        }
        let identity = Identity::prepare(options.credential.as_ref())?;
        let wanted = match reference {
            None => vec!["HEAD".to_owned()],
            Some(name) => {
                vec![
                    format!("refs/heads/{name}"),
                    format!("refs/tags/{name}^{{}}"),
                    format!("refs/tags/{name}"),
                ]
            }
        };
        let task = reaching(Task::new("ask", &on), &address, local, options, &identity)
            .arguments(["ls-remote", "--quiet", "--end-of-options", address.as_str()])
            .arguments(wanted.iter().map(String::as_str))
            .timeout(options.timeout);
        let finished = GIT.finish(task).await?;
        if !finished.success {
            return Err(explained(finished.complaint, on, reference));
        }
        let text = String::from_utf8_lossy(&finished.output);
        let listed: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.split_once('\t')).map(|(id, name)| (name, id)).collect();
        Ok(wanted.iter().find_map(|name| listed.get(name.as_str())?.parse().ok()))
    }
}

/// Lets git fetch, within the limits.
async fn transfer(
    address: &str,
    refspec: &str,
    place: &Path,
    on: &str,
    local: bool,
    options: &SourceOptions,
    identity: &Identity,
) -> Result<Finished, RemoteError> {
    let task = reaching(Task::new("fetch", on).within(place), address, local, options, identity)
        .arguments(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"])
        .arguments(["--no-write-fetch-head", "--force", "--end-of-options", address, refspec])
        .timeout(options.timeout);
    tokio::select! {
        finished = GIT.finish(task) => finished,
        () = outgrown(place, options.fetch_bytes) => Err(RemoteError::TooLarge {
            doing: "fetch",
            on: on.to_owned(),
            limit: format!("{} bytes, packed", options.fetch_bytes),
        }),
    }
}

/// A task that talks to another machine: which protocols, with which credential, and how patiently.
fn reaching<'a>(
    task: Task<'a>,
    address: &str,
    local: bool,
    options: &SourceOptions,
    identity: &Identity,
) -> Task<'a> {
    let task = task
        .with_network()
        .variable("GIT_ALLOW_PROTOCOL", if local { "file" } else { "https:http:ssh:git" })
        .variable("GIT_SSH_COMMAND", identity.ssh_command())
        .setting("http.lowSpeedLimit", STALLED.0)
        .setting("http.lowSpeedTime", STALLED.1)
        // Who may be asked was decided for this address, not for wherever it redirects to; and git would repeat
        // a credential there.
        .setting("http.followRedirects", "false");
    match &options.credential {
        Some(GitCredential::Password { user, password }) if address.starts_with("http") => {
            let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
            // In the environment, where other users of the machine cannot see it as they could among the
            // arguments.
            let key = format!("http.{}.extraHeader", origin(address));
            task.setting(key, format!("Authorization: Basic {pair}"))
        }
        _ => task,
    }
}

/// A key as the files that ssh wants, gone when it is dropped.
struct Identity {
    folder: Option<tempfile::TempDir>,
    known_hosts: bool,
}

impl Identity {
    fn prepare(credential: Option<&GitCredential>) -> Result<Self, RemoteError> {
        let Some(GitCredential::SshKey { key, known_hosts }) = credential else {
            return Ok(Self { folder: None, known_hosts: false });
        };
        let place = std::env::temp_dir();
        // Only the owner may look into such a folder.
        let folder = tempfile::Builder::new()
            .prefix("fairway-ssh-")
            .tempdir()
            .map_err(RemoteError::folder("make a folder in", &place))?;
        let write = |name: &str, text: &str| {
            use std::io::Write as _;
            let path = folder.path().join(name);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written = options.open(&path).and_then(|mut file| {
                file.write_all(text.trim_end().as_bytes())?;
                // ssh does not read a key whose last line does not end.
                file.write_all(b"\n")
            });
            written.map_err(RemoteError::folder("write", &path))
        };
        write("key", key.expose())?;
        if let Some(known_hosts) = known_hosts {
            write("known_hosts", known_hosts)?;
        }
        Ok(Self { known_hosts: known_hosts.is_some(), folder: Some(folder) })
    }

    fn ssh_command(&self) -> String {
        let plain = "ssh -o BatchMode=yes -o ConnectTimeout=15 -o StrictHostKeyChecking=yes";
        let Some(folder) = &self.folder else { return plain.to_owned() };
        let quoted = |name: &str| {
            let path = folder.path().join(name).display().to_string();
            format!("'{}'", path.replace('\'', "'\\''"))
        };
        let known = if self.known_hosts {
            format!(" -o UserKnownHostsFile={} -o GlobalKnownHostsFile=/dev/null", quoted("known_hosts"))
        } else {
            String::new()
        };
        format!(
            "{plain} -F /dev/null -o IdentitiesOnly=yes -o IdentityAgent=none -i {}{known}",
            quoted("key")
        )
    }
}

/// Whether git stopped at a redirect.
fn is_redirect(complaint: &str) -> bool {
    ["301", "302", "303", "307", "308"]
        .iter()
        .any(|status| complaint.contains(&format!("returned error: {status}")))
}

/// What to hand to git, and whether it is a path of this machine.
fn checked_address(url: &str, options: &SourceOptions) -> Result<(String, bool), RemoteError> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    if path.starts_with('/') {
        if options.allow_local {
            return Ok((path.to_owned(), true));
        }
        return Err(RemoteError::BadUrl {
            url: url.chars().take(300).collect(),
            reason: "repositories on this machine's disk are not allowed as sources here".to_owned(),
        });
    }
    Ok((parse_git_url(url)?.clone_url, false))
}

async fn prepare(place: &Path, on: &str) -> Result<(), RemoteError> {
    // What an interrupted fetch left would stop every later one; nobody else fetches into this folder now.
    let _ = tokio::fs::remove_file(place.join("shallow.lock")).await;
    if tokio::fs::try_exists(place.join("HEAD")).await.unwrap_or(false) {
        return Ok(());
    }
    tokio::fs::create_dir_all(place).await.map_err(RemoteError::folder("create", place))?;
    let init = ["init", "--bare", "--quiet", "--template=", "--"];
    GIT.run(Task::new("prepare the cache for", on).arguments(init).arguments([place])).await.map(drop)
}

/// Returns when the folder has more than `limit` bytes.
async fn outgrown(place: &Path, limit: u64) {
    loop {
        tokio::time::sleep(MEASURE).await;
        let folder = place.to_owned();
        if blocking(move || Ok(size_of(&folder))).await.is_ok_and(|size| size > limit) {
            return;
        }
    }
}

fn explained(complaint: String, on: String, reference: Option<&str>) -> RemoteError {
    let says = |texts: &[&str]| texts.iter().any(|text| complaint.contains(text));
    if says(&[
        "couldn't find remote ref",
        "unadvertised object",
        "not our ref",
        "remote error: upload-pack: not our ref",
    ]) {
        return RemoteError::RevisionMissing {
            repository: on,
            revision: reference.unwrap_or("HEAD").to_owned(),
        };
    }
    if says(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Permission denied",
        "Host key verification failed",
        "returned error: 401",
        "returned error: 403",
    ]) {
        return RemoteError::Authentication { url: on, message: complaint };
    }
    if is_redirect(&complaint) {
        let message = format!("the address leads elsewhere; give the one that it leads to ({complaint})");
        return RemoteError::Git { doing: "fetch", on, message };
    }
    RemoteError::Git { doing: "fetch", on, message: complaint }
}

/// Scheme, host and port.
fn origin(address: &str) -> String {
    url::Url::parse(address).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}
