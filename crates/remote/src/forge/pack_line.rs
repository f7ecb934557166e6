//! The few lines of git's wire protocol that tell what a push asked for and what became of it.
//!
//! Formats: gitprotocol-common (pkt-line) and gitprotocol-pack ("Reference Update Request", "Report Status").

use fairway_domain::repository::{BranchName, CommitId};

use super::wire::RefUpdate;

/// The commands of one push may take this much.
const COMMAND_BYTES: usize = 4 * 1024 * 1024;
/// How much of git's answer is kept for its report.
const REPORT_BYTES: usize = 4 * 1024 * 1024;

/// Watches a push go by.
#[derive(Default)]
pub(super) struct PushWatch {
    commands: Vec<u8>,
    /// The commands are complete, or too long to be kept.
    closed: bool,
    report: Vec<u8>,
}

impl PushWatch {
    /// Bytes on their way to git.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.commands.extend_from_slice(bytes);
        self.closed = self.commands.len() > COMMAND_BYTES || read_lines(&self.commands).1;
    }

    /// Bytes on their way back.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        let room = REPORT_BYTES.saturating_sub(self.report.len());
        self.report.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    /// The branches that git says it moved.
    pub(super) fn updates(&self) -> Vec<RefUpdate> {
        let (lines, _) = read_lines(&self.commands);
        let first = lines.first().copied().unwrap_or_default();
        let with_bands = String::from_utf8_lossy(first).contains("side-band");
        let (outer, _) = read_lines(&self.report);
        let inner: Vec<u8> = outer
            .iter()
            .filter_map(|line| line.split_first())
            .filter(|(band, _)| **band == 1)
            .flat_map(|(_, bytes)| bytes.iter().copied())
            .collect();
        let report = if with_bands { read_lines(&inner).0 } else { outer };
        let accepted: Vec<String> = report
            .into_iter()
            .filter_map(|line| {
                Some(std::str::from_utf8(line).ok()?.trim_end().strip_prefix("ok ")?.to_owned())
            })
            .collect();
        lines
            .into_iter()
            .filter_map(parse_command)
            .filter(|(name, _)| accepted.contains(name))
            .map(|(_, update)| update)
            .collect()
    }
}

/// The lines up to the first flush, and whether there was one.
fn read_lines(mut bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut lines = Vec::new();
    while let Some(length) = bytes
        .get(..4)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
    {
        if length < 4 {
            return (lines, true);
        }
        let (Some(line), Some(rest)) = (bytes.get(4..length), bytes.get(length..)) else { break };
        lines.push(line);
        bytes = rest;
    }
    (lines, false)
}

/// `old new name`, on the first line followed by NUL and capabilities.
fn parse_command(line: &[u8]) -> Option<(String, RefUpdate)> {
    let text = std::str::from_utf8(line.split(|&byte| byte == 0).next()?).ok()?.trim_end();
    let mut fields = text.splitn(3, ' ');
    let (before, after, name) = (fields.next()?, fields.next()?, fields.next()?);
    let branch: BranchName = name.strip_prefix("refs/heads/")?.parse().ok()?;
    let commit = |text: &str| -> Option<Option<CommitId>> {
        let commit: CommitId = text.parse().ok()?;
        Some(Some(commit).filter(|commit| commit.as_str().bytes().any(|digit| digit != b'0')))
    };
    Some((name.to_owned(), RefUpdate { branch, before: commit(before)?, after: commit(after)? }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::PushWatch;

    fn line(text: &str) -> Vec<u8> {
        format!("{:04x}{text}", text.len() + 4).into_bytes()
    }

    #[test]
    fn only_what_git_accepted_counts_as_moved() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let mut request = line(&format!("{zero} {one} refs/heads/main\0report-status side-band-64k"));
        request.extend(line(&format!("{one} {zero} refs/heads/old")));
        request.extend(line(&format!("{zero} {one} refs/tags/v1")));
        request.extend(b"0000PACK....");
        let mut report = line("unpack ok\n");
        report.extend(line("ok refs/heads/main\n"));
        report.extend(line("ng refs/heads/old deletion prohibited\n"));
        report.extend(line("ok refs/tags/v1\n"));
        report.extend(b"0000");
        let mut answer = line("\u{2}Resolving deltas");
        answer.extend(line(&format!("\u{1}{}", String::from_utf8(report).unwrap())));
        answer.extend(b"0000");
        let mut watch = PushWatch::default();
        for bytes in request.chunks(7) {
            watch.sent(bytes);
        }
        for bytes in answer.chunks(5) {
            watch.answered(bytes);
        }
        let updates = watch.updates();
        assert_eq!(updates.len(), 1);
        let update = updates.first().unwrap();
        assert_eq!((update.branch.as_str(), &update.before), ("main", &None));
        assert_eq!(update.after.as_ref().unwrap().as_str(), one);
    }

    #[test]
    fn noise_is_no_push() {
        let mut watch = PushWatch::default();
        watch.sent(b"zzzz\xff\xff");
        watch.answered(b"fffe");
        assert!(watch.updates().is_empty());
    }
}
