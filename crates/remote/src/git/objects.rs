//! Reads git's objects through one `git cat-file --batch-command` per operation.

use std::fmt::Write as _;
use std::time::Duration;

use fairway_domain::repository::CommitId;
use fairway_domain::tree::{FileMode, TreePath};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::{Git, Task};
use crate::RemoteError;

/// A header line is an object name, a kind and a size, or the question with a word behind it.
const HEADER_BYTES: u64 = 16 * 1024;

/// A conversation with git about the objects of one repository.
pub(crate) struct ObjectReader {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    doing: &'static str,
    on: String,
    deadline: Instant,
    timeout: Duration,
    // Dropped last: ending the process frees its place.
    _child: Child,
    _permit: OwnedSemaphorePermit,
}

/// An object's name, kind and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) size: u64,
}

/// An object with its content.
pub(crate) struct Object {
    pub(crate) header: Header,
    pub(crate) bytes: Vec<u8>,
}

/// What an entry of a folder is, as its mode says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryMode {
    Folder,
    File(FileMode),
    Submodule,
}

/// One entry of a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) mode: EntryMode,
    pub(crate) name: String,
    pub(crate) id: String,
}

/// How many bytes of content may still be read.
pub(crate) struct Budget {
    left: u64,
    limit: u64,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub(crate) const fn new(limit: u64) -> Self {
        Self { left: limit, limit }
    }
}

impl ObjectReader {
    /// Starts the conversation that `task` describes (its directory, subject and time limit).
    pub(crate) async fn open(git: &Git, task: Task<'_>) -> Result<Self, RemoteError> {
        let task = task.arguments(["cat-file", "--batch-command"]);
        let (permit, mut child) = git.start(&task).await?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(RemoteError::Pipe {
                doing: task.doing,
                on: task.on.to_owned(),
                source: std::io::ErrorKind::BrokenPipe.into(),
            });
        };
        // The pipe for complaints stays open and unread: closed, it would end git at its first complaint, and
        // one conversation complains about one revision at most.
        Ok(Self {
            questions,
            answers: BufReader::with_capacity(64 * 1024, answers),
            doing: task.doing,
            on: task.on.to_owned(),
            deadline: Instant::now() + task.timeout,
            timeout: task.timeout,
            _child: child,
            _permit: permit,
        })
    }

    /// The headers of the named objects, in the order asked; `None` where there is none.
    pub(crate) async fn headers(&mut self, names: &[String]) -> Result<Vec<Option<Header>>, RemoteError> {
        let answers = self.ask("info", names, &mut Budget::new(u64::MAX)).await?;
        Ok(answers.into_iter().map(|answer| answer.map(|object| object.header)).collect())
    }

    /// The named objects, in the order asked; `None` where there is none.
    pub(crate) async fn contents(
        &mut self,
        names: &[String],
        budget: &mut Budget,
    ) -> Result<Vec<Option<Object>>, RemoteError> {
        self.ask("contents", names, budget).await
    }

    /// One object.
    pub(crate) async fn content(
        &mut self,
        name: String,
        budget: &mut Budget,
    ) -> Result<Option<Object>, RemoteError> {
        Ok(self.contents(&[name], budget).await?.pop().flatten())
    }

    /// The commit that `revision` names: a branch first, then a tag, then an object name.
    pub(crate) async fn resolve(&mut self, revision: &str) -> Result<CommitId, RemoteError> {
        let missing = || RemoteError::RevisionMissing {
            repository: self.on.clone(),
            revision: revision.chars().take(100).collect(),
        };
        if !is_plain(revision) {
            return Err(missing());
        }
        let error = missing();
        let names = if revision.parse::<CommitId>().is_ok() {
            vec![format!("{revision}^{{commit}}")]
        } else {
            ["refs/heads/", "refs/tags/", ""].map(|prefix| format!("{prefix}{revision}^{{commit}}")).to_vec()
        };
        let found = self.headers(&names).await?;
        found.into_iter().flatten().find_map(|header| header.id.parse().ok()).ok_or(error)
    }

    /// The entries of the tree object that `name` names; `None` when it is no tree.
    pub(crate) async fn folder(
        &mut self,
        name: String,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Entry>>, RemoteError> {
        let found = self.content(name, budget).await?;
        Ok(found.filter(|object| object.header.kind == "tree").map(|object| object.entries()))
    }

    async fn ask(
        &mut self,
        verb: &str,
        names: &[String],
        budget: &mut Budget,
    ) -> Result<Vec<Option<Object>>, RemoteError> {
        let with_content = verb == "contents";
        let text: String = names.iter().flat_map(|name| [verb, " ", name, "\n"]).collect();
        let (questions, answers) = (&mut self.questions, &mut self.answers);
        let (doing, on) = (self.doing, self.on.as_str());
        let write = async {
            questions.write_all(text.as_bytes()).await?;
            questions.flush().await
        };
        let read = async {
            let mut found = Vec::with_capacity(names.len());
            for _ in names {
                let mut line = String::new();
                (&mut *answers).take(HEADER_BYTES).read_line(&mut line).await?;
                if !line.ends_with('\n') {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                let Some(header) = Header::parse(&line) else {
                    found.push(None);
                    continue;
                };
                let mut bytes = Vec::new();
                if with_content {
                    let Some(left) = budget.left.checked_sub(header.size) else { return Ok(None) };
                    budget.left = left;
                    bytes.reserve_exact(header.size as usize);
                    (&mut *answers).take(header.size).read_to_end(&mut bytes).await?;
                    if answers.read_u8().await? != b'\n' {
                        return Err(std::io::ErrorKind::InvalidData.into());
                    }
                }
                found.push(Some(Object { header, bytes }));
            }
            Ok::<_, std::io::Error>(Some(found))
        };
        let both = async {
            tokio::pin!(write, read);
            // Reading may stop early (too large), and must not wait for the writer then.
            tokio::select! {
                biased;
                result = &mut read => result,
                result = &mut write => { result?; read.await }
            }
        };
        let timed_out = || RemoteError::Timeout { doing, on: on.to_owned(), after: self.timeout };
        let found = tokio::time::timeout_at(self.deadline, both)
            .await
            .map_err(|_| timed_out())?
            .map_err(RemoteError::pipe(doing, on))?;
        found.ok_or_else(|| RemoteError::TooLarge {
            doing,
            on: on.to_owned(),
            limit: format!("{} bytes", budget.limit),
        })
    }
}

impl Header {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.trim_end_matches('\n').split(' ');
        let (id, kind, size) = (fields.next()?, fields.next()?, fields.next()?);
        let plain = fields.next().is_none() && id.chars().all(|digit| digit.is_ascii_hexdigit());
        let size = size.parse().ok()?;
        plain.then(|| Self { id: id.to_owned(), kind: kind.to_owned(), size })
    }
}

impl Object {
    /// The entries of a tree object. Names that are not UTF-8 cannot be shown and are left out.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let id_bytes = self.header.id.len() / 2;
        let mut rest = self.bytes.as_slice();
        let mut entries = Vec::new();
        while let Some((head, id, after)) = next_entry(rest, id_bytes) {
            entries.extend(Entry::parse(head, id));
            rest = after;
        }
        entries
    }
}

/// The mode and name, the object name and what follows them; `None` at the end.
fn next_entry(rest: &[u8], id_bytes: usize) -> Option<(&[u8], &[u8], &[u8])> {
    let end = rest.iter().position(|&byte| byte == 0)?;
    let (head, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    after.split_at_checked(id_bytes).map(|(id, after)| (head, id, after))
}

impl Entry {
    /// `None` for an entry that cannot be shown.
    fn parse(head: &[u8], id: &[u8]) -> Option<Self> {
        let (mode, name) = std::str::from_utf8(head).ok()?.split_once(' ')?;
        let mode = match mode {
            "40000" => EntryMode::Folder,
            "160000" => EntryMode::Submodule,
            "120000" => EntryMode::File(FileMode::Symlink),
            "100755" => EntryMode::File(FileMode::Executable),
            // 100664 exists in old repositories.
            "100644" | "100664" => EntryMode::File(FileMode::Regular),
            _ => return None,
        };
        let id = id.iter().fold(String::with_capacity(2 * id.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Some(Self { mode, name: name.to_owned(), id })
    }
}

/// Whether a revision is only a name: none of git's own operators, nothing that looks like an option.
fn is_plain(revision: &str) -> bool {
    !revision.is_empty()
        && revision.len() <= 250
        && !revision.starts_with(['-', '.', '/'])
        && !revision.contains("..")
        && revision.chars().all(|c| c.is_alphanumeric() || "-_./+#@".contains(c))
}

/// How git is asked for a folder of a commit.
pub(crate) fn folder_name(commit: &CommitId, folder: Option<&TreePath>) -> String {
    match folder {
        Some(folder) => format!("{commit}:{folder}"),
        None => format!("{commit}^{{tree}}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Header, is_plain};

    #[test]
    fn an_answer_is_not_confused_by_the_question() {
        assert_eq!(Header::parse("0a1b blob 12\n").unwrap().size, 12);
        for line in
            ["0a1b missing\n", "0a1b:x blob 12\n", "0a1b:a b missing\n", "main ambiguous\n", "0a1b blob x\n"]
        {
            assert_eq!(Header::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_revision_is_a_name_and_no_expression() {
        for text in ["main", "v1.2.0", "feature/x+1", "a1b2c3d", "HEAD", "größe"] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "",
            "--all",
            "main..dev",
            "main~3",
            "main^{tree}",
            ":/fix",
            "main:secret",
            "a\nb",
            "a b",
            "@{-1}",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
