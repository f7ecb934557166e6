//! Git's smart HTTP transport without the HTTP: what a server answers to clones, fetches and pushes.
//!
//! Follows gitprotocol-http. Repositories are never asked for credentials here: whoever calls has decided
//! already whether the client may fetch or push.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use flate2::write::MultiGzDecoder;
use futures::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Forge;
use super::judge::Court;
use super::pack_line::PushWatch;
use crate::RemoteError;
use crate::git::{Task, read_complaint};

/// How long one clone, fetch or push may take.
const WHOLE: Duration = Duration::from_mins(30);
/// How long a client may neither send nor take anything.
const SILENCE: Duration = Duration::from_mins(2);
/// A fetch names commits only; its request stays far below this.
const FETCH_REQUEST_BYTES: u64 = 64 * 1024 * 1024;
/// What is inflated at once: deflate packs at most 1:1032, so at most 4 MiB come out.
const INFLATE_STEP: usize = 4096;

/// Which of git's two services a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitService {
    /// Clones and fetches.
    UploadPack,
    /// Pushes.
    ReceivePack,
}

impl GitService {
    /// The service of `?service=git-upload-pack` or of the path's last segment.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Self::UploadPack),
            "git-receive-pack" => Some(Self::ReceivePack),
            _ => None,
        }
    }

    /// The media type of the answer to `GET /info/refs`.
    pub const fn advertisement_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-advertisement",
            Self::ReceivePack => "application/x-git-receive-pack-advertisement",
        }
    }

    /// The media type that a `POST` must have.
    pub const fn request_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-request",
            Self::ReceivePack => "application/x-git-receive-pack-request",
        }
    }

    /// The media type of the answer to a `POST`.
    pub const fn result_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-result",
            Self::ReceivePack => "application/x-git-receive-pack-result",
        }
    }

    const fn command(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }
}

/// A branch, tag or other reference that a push moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// Its full name, for example `refs/tags/v1`.
    pub name: String,
    /// The branch, when it is one that Fairway can name.
    pub branch: Option<BranchName>,
    /// Where it was; `None` when the push made it.
    pub before: Option<CommitId>,
    /// Where it is; `None` when the push deleted it.
    pub after: Option<CommitId>,
}

/// A running fetch or push.
pub struct Exchange {
    /// The body of the answer. Dropping it ends a fetch; a push that is complete goes on to its end.
    pub output: Pin<Box<dyn Stream<Item = io::Result<Vec<u8>>> + Send>>,
    /// What moved, when git is done; nothing for a fetch.
    pub updated: oneshot::Receiver<Vec<RefUpdate>>,
    /// Resolves when git is done. Dropping it changes nothing.
    pub done: JoinHandle<Result<(), RemoteError>>,
}

impl Forge {
    /// The body of the answer to `GET <repository>/info/refs?service=…`; `protocol` is the request's
    /// `Git-Protocol` header.
    pub async fn advertise(
        &self,
        repository: &RepositoryRef,
        service: GitService,
        protocol: Option<&str>,
    ) -> Result<Vec<u8>, RemoteError> {
        let on = repository.to_string();
        let task = self.wire_task(repository, service, protocol, &on).await?;
        let mut body = Vec::new();
        if service == GitService::ReceivePack || known_protocol(protocol) != Some("version=2") {
            let line = format!("# service=git-{}\n", service.command());
            body.extend_from_slice(format!("{:04x}{line}0000", line.len() + 4).as_bytes());
        }
        let task = task.arguments(["--stateless-rpc", "--http-backend-info-refs", "."]);
        body.extend(self.git.run(task).await?);
        Ok(body)
    }

    /// Answers `POST <repository>/git-upload-pack` or `…/git-receive-pack`: `body` goes to git, inflated when
    /// the request says `Content-Encoding: gzip`, and git's answer comes back as it is written.
    ///
    /// Pushes are checked (`fsckObjects`) and limited in size; the client is told why. History may be
    /// rewritten by force and the default branch not be deleted. No hook of a repository runs; the only one is the
    /// forge's own, which asks its judge.
    pub async fn exchange(
        &self,
        repository: &RepositoryRef,
        service: GitService,
        protocol: Option<&str>,
        gzip: bool,
        body: impl AsyncRead + Send + Unpin + 'static,
    ) -> Result<Exchange, RemoteError> {
        let on = repository.to_string();
        let task = self.wire_task(repository, service, protocol, &on).await?;
        let mut task = task.arguments(["--stateless-rpc", "."]);
        let court = match &self.judge {
            Some(judge) if service == GitService::ReceivePack => {
                let court = Court::open(self, repository, Arc::clone(judge)).await?;
                task = task
                    .setting("core.hooksPath", court.hooks().to_string_lossy())
                    .variable("FAIRWAY_PUSH", court.folder().as_os_str());
                Some(court)
            }
            _ => None,
        };
        let (permit, child) = self.git.start_wire(&task).await?;
        let (answer, mut output) = mpsc::channel(4);
        let (tell, updated) = oneshot::channel();
        let doing = task.doing;
        let limit = match service {
            GitService::UploadPack => FETCH_REQUEST_BYTES,
            // Git itself refuses a pack above the limit; this stops whoever goes on sending after that.
            GitService::ReceivePack => self.push_bytes.saturating_mul(2).saturating_add(16 * 1024 * 1024),
        };
        let drive = Drive { service, limit, gzip, doing, on, _permit: permit, _court: court };
        let done = tokio::spawn(drive.run(child, body, answer, tell));
        let output = Box::pin(stream::poll_fn(move |context| output.poll_recv(context)));
        Ok(Exchange { output, updated, done })
    }

    async fn wire_task<'a>(
        &self,
        repository: &RepositoryRef,
        service: GitService,
        protocol: Option<&str>,
        on: &'a str,
    ) -> Result<Task<'a>, RemoteError> {
        let place = self.existing(repository).await?;
        let doing = match service {
            GitService::UploadPack => "serve a fetch from",
            GitService::ReceivePack => "serve a push to",
        };
        let mut task = Task::new(doing, on)
            .within(&place)
            .setting("uploadpack.allowFilter", "true")
            .setting("receive.fsckObjects", "true")
            .setting("receive.maxInputSize", self.push_bytes.to_string())
            .setting("receive.denyDeleteCurrent", "true")
            .setting("receive.denyNonFastForwards", "false")
            .setting("receive.autogc", "false")
            .setting("receive.advertisePushOptions", "false")
            .setting("transfer.hideRefs", "refs/fairway")
            // The numbers of change requests are the forge's to give; anybody may fetch them.
            .setting("receive.hideRefs", "refs/changes");
        if let Some(protocol) = known_protocol(protocol) {
            task = task.variable("GIT_PROTOCOL", protocol);
        }
        Ok(task.arguments([service.command()]))
    }
}

/// The protocol versions that git knows; anything else is not worth passing on.
fn known_protocol(header: Option<&str>) -> Option<&'static str> {
    let header = header?;
    ["version=2", "version=1"].into_iter().find(|known| header.split(':').any(|part| part.trim() == *known))
}

/// What one fetch or push needs while it runs.
struct Drive {
    service: GitService,
    limit: u64,
    gzip: bool,
    doing: &'static str,
    on: String,
    _permit: OwnedSemaphorePermit,
    /// Whoever looks at the push; goes when the push is over.
    _court: Option<Court>,
}

type Answer = mpsc::Sender<io::Result<Vec<u8>>>;

impl Drive {
    async fn run(
        self,
        mut child: Child,
        body: impl AsyncRead + Send + Unpin + 'static,
        answer: Answer,
        tell: oneshot::Sender<Vec<RefUpdate>>,
    ) -> Result<(), RemoteError> {
        let watch = std::sync::Mutex::new(PushWatch::default());
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let is_push = self.service == GitService::ReceivePack;
        let watching = || watch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let look = |bytes: &[u8]| match is_push.then(|| watching().sent(bytes)) {
            Some(Err(reason)) => Err(io::Error::new(io::ErrorKind::InvalidData, reason)),
            _ => Ok(()),
        };
        let feed = async {
            let Some(stdin) = stdin else { return Ok(()) };
            self.feed(stdin, body, look).await
        };
        let pump = async {
            let Some(mut stdout) = stdout else { return Ok(()) };
            let (mut buffer, mut listening) = (vec![0_u8; 64 * 1024], true);
            loop {
                let count = tokio::select! {
                    count = stdout.read(&mut buffer) => count?,
                    // A fetch is over when nobody waits for it any more, even while git still counts.
                    () = answer.closed(), if self.service == GitService::UploadPack => {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                };
                let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
                    return Ok(());
                };
                if is_push {
                    watching().answered(bytes);
                }
                if !listening {
                    continue;
                }
                let sent = tokio::time::timeout(SILENCE, answer.send(Ok(bytes.to_vec()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    // Nobody takes the answer; but a push may already have moved its branches.
                    if self.service == GitService::UploadPack {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                    listening = false;
                }
            }
        };
        let work = async {
            let both = async { tokio::try_join!(feed, pump) };
            let (both, complaint) = tokio::join!(
                async {
                    let both = both.await;
                    if both.is_err() {
                        let _ = child.start_kill();
                    }
                    both
                },
                read_complaint(stderr)
            );
            both.map(|_| complaint)
        };
        let ended = tokio::time::timeout(WHOLE, work).await;
        let late = ended.is_err();
        if late {
            let _ = child.start_kill();
        }
        let complaint = ended.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let status = child.wait().await.map_err(RemoteError::pipe(self.doing, &self.on))?;
        // The updates are told before the answer ends, so that whoever saw the end can rely on them.
        let updates = watching().updates();
        let _ = tell.send(updates);
        let complaint = match complaint {
            Ok(complaint) => complaint,
            Err(error) => {
                let shown = io::Error::new(error.kind(), error.to_string());
                let _ = tokio::time::timeout(SILENCE, answer.send(Err(shown))).await;
                return Err(if late {
                    RemoteError::Timeout { doing: self.doing, on: self.on, after: WHOLE }
                } else {
                    RemoteError::Pipe { doing: self.doing, on: self.on, source: error }
                });
            }
        };
        drop(answer);
        if status.success() {
            return Ok(());
        }
        Err(RemoteError::Git { doing: self.doing, on: self.on, message: complaint })
    }

    /// Sends the body to git. When git stops listening (it refused the push) the rest is read and dropped, as
    /// a client that is cut off while it sends never sees the reason. `look` sees the bytes before git does, and
    /// may stop them.
    async fn feed(
        &self,
        stdin: ChildStdin,
        mut body: impl AsyncRead + Unpin,
        look: impl Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut stdin = Some(stdin);
        let mut inflate = self.gzip.then(|| MultiGzDecoder::new(Vec::new()));
        let buffer_bytes = 64 * 1024;
        let mut buffer = vec![0_u8; buffer_bytes];
        let mut total = 0_u64;
        loop {
            let count = tokio::time::timeout(SILENCE, body.read(&mut buffer))
                .await
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the client fell silent"))??;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            for step in bytes.chunks(if self.gzip { INFLATE_STEP } else { buffer_bytes }) {
                let inflated = match &mut inflate {
                    Some(decoder) => {
                        decoder.write_all(step)?;
                        std::mem::take(decoder.get_mut())
                    }
                    None => step.to_vec(),
                };
                total += inflated.len() as u64;
                if total > self.limit {
                    return Err(io::Error::new(
                        io::ErrorKind::FileTooLarge,
                        format!("the request has more than {} bytes", self.limit),
                    ));
                }
                look(&inflated)?;
                if let Some(pipe) = &mut stdin
                    && pipe.write_all(&inflated).await.is_err()
                {
                    stdin = None;
                }
            }
        }
        if let Some(mut decoder) = inflate {
            decoder.try_finish()?;
            let rest = std::mem::take(decoder.get_mut());
            look(&rest)?;
            if let Some(pipe) = &mut stdin {
                let _ = pipe.write_all(&rest).await;
            }
        }
        Ok(())
    }
}
