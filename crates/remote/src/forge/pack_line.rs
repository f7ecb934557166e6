//! The few lines of git's wire protocol that tell what a push asked for and what became of it.
//!
//! Formats: gitprotocol-common (pkt-line) and gitprotocol-pack ("Reference Update Request", "Report Status").

use std::collections::BTreeSet;

use fairway_domain::repository::{BranchName, CommitId};

use super::wire::RefUpdate;

/// The commands of one push may take this much.
const COMMAND_BYTES: usize = 4 * 1024 * 1024;
/// How much of git's answer is kept for its report.
const REPORT_BYTES: usize = 4 * 1024 * 1024;

/// Watches a push go by, and stops one whose outcome could not be told afterwards: what a push moved has to be
/// known, or it could be changed without a trace.
#[derive(Default)]
pub(super) struct PushWatch {
    commands: Vec<u8>,
    /// The commands are complete.
    closed: bool,
    report: Vec<u8>,
    /// More was answered than is kept, so the report may be cut.
    cut: bool,
}

impl PushWatch {
    /// Bytes on their way to git, which must not get there when this refuses them: git acts on the commands
    /// once it has seen the end of them.
    ///
    /// # Errors
    /// The reason in words.
    pub(super) fn sent(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.closed {
            return Ok(());
        }
        self.commands.extend_from_slice(bytes);
        let (lines, closed) = read_lines(&self.commands);
        if !closed {
            let fits = self.commands.len() <= COMMAND_BYTES;
            return if fits { Ok(()) } else { Err("the push names too many references; push fewer at once") };
        }
        let commands = lines.iter().filter(|line| !line.starts_with(b"shallow "));
        if commands.clone().any(|line| parse_command(line).is_none()) {
            // Signed pushes among others, which this server does not offer.
            return Err("the push asks for something that this server does not offer");
        }
        if commands.count() > 0 && !capabilities(&lines).any(|it| it.starts_with(b"report-status")) {
            return Err("the client does not ask for the outcome of its push (report-status)");
        }
        self.closed = true;
        Ok(())
    }

    /// Bytes on their way back.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        let room = REPORT_BYTES.saturating_sub(self.report.len());
        self.cut |= bytes.len() > room;
        self.report.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    /// The references that git says it moved. When it said more than is kept, those that it did not refuse:
    /// one that is told and did not move does less harm than one that moved and is not told.
    pub(super) fn updates(&self) -> Vec<RefUpdate> {
        if !self.closed {
            return Vec::new();
        }
        let (lines, _) = read_lines(&self.commands);
        let with_bands = capabilities(&lines).any(|it| it.starts_with(b"side-band"));
        let (outer, _) = read_lines(&self.report);
        let inner: Vec<u8> = outer
            .iter()
            .filter_map(|line| line.split_first())
            .filter(|(band, _)| **band == 1)
            .flat_map(|(_, bytes)| bytes.iter().copied())
            .collect();
        let report = if with_bands { read_lines(&inner).0 } else { outer };
        let named = |word: &str| -> BTreeSet<String> {
            let lines = report.iter().map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
            lines.filter_map(|line| Some(line.strip_prefix(word)?.to_owned())).collect()
        };
        let (accepted, refused) = (named("ok "), named("ng "));
        let is_refused = |name: &str| refused.iter().any(|line| line.split(' ').next() == Some(name));
        lines
            .into_iter()
            .filter_map(parse_command)
            .filter(|update| accepted.contains(&update.name) || (self.cut && !is_refused(&update.name)))
            .collect()
    }
}

/// What the client can do and wants: the words after the NUL of a line.
fn capabilities<'a>(lines: &[&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    let after = |line: &&'a [u8]| -> Option<&'a [u8]> {
        let nul = line.iter().position(|&byte| byte == 0)?;
        line.get(nul + 1..)
    };
    let wanted: Vec<&[u8]> = lines.iter().filter_map(after).collect();
    wanted.into_iter().flat_map(|text| text.split(u8::is_ascii_whitespace))
}

/// The lines up to the first flush, and whether there was one.
fn read_lines(mut bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut lines = Vec::new();
    while let Some(length) = bytes
        .get(..4)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
    {
        if length == 0 {
            return (lines, true);
        }
        if length < 4 {
            break;
        }
        let (Some(line), Some(rest)) = (bytes.get(4..length), bytes.get(length..)) else { break };
        lines.push(line);
        bytes = rest;
    }
    (lines, false)
}

/// `old new name`, on the first line followed by NUL and capabilities.
pub(super) fn parse_command(line: &[u8]) -> Option<RefUpdate> {
    let text = String::from_utf8_lossy(line.split(|&byte| byte == 0).next()?);
    let mut fields = text.trim_end_matches('\n').splitn(3, ' ');
    let (before, after, name) = (fields.next()?, fields.next()?, fields.next()?);
    let commit = |text: &str| -> Option<Option<CommitId>> {
        let commit: CommitId = text.parse().ok()?;
        Some(Some(commit).filter(|commit| commit.as_str().bytes().any(|digit| digit != b'0')))
    };
    let branch = name.strip_prefix("refs/heads/").and_then(|branch| branch.parse::<BranchName>().ok());
    Some(RefUpdate { name: name.to_owned(), branch, before: commit(before)?, after: commit(after)? })
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
            watch.sent(bytes).unwrap();
        }
        for bytes in answer.chunks(5) {
            watch.answered(bytes);
        }
        let updates = watch.updates();
        let told: Vec<(&str, bool)> =
            updates.iter().map(|update| (update.name.as_str(), update.branch.is_some())).collect();
        assert_eq!(told, [("refs/heads/main", true), ("refs/tags/v1", false)]);
        let update = updates.first().unwrap();
        assert_eq!(update.before, None);
        assert_eq!(update.after.as_ref().unwrap().as_str(), one);
    }

    #[test]
    fn noise_is_no_push() {
        let mut watch = PushWatch::default();
        watch.sent(b"zzzz\xff\xff").unwrap();
        watch.answered(b"fffe");
        assert!(watch.updates().is_empty());
        // A client asks with an empty request whether it may push.
        assert_eq!(PushWatch::default().sent(b"0000"), Ok(()));
    }

    #[test]
    fn a_push_whose_outcome_could_not_be_told_is_stopped() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let command = |rest: &str| line(&format!("{zero} {one} refs/heads/{rest}"));
        let refused = |mut request: Vec<u8>, end: &[u8]| {
            request.extend(end);
            PushWatch::default().sent(&request).is_err()
        };
        assert!(refused(command("main\0side-band-64k"), b"0000PACK"), "nobody asks for the report");
        assert!(refused(command("report-status"), b"0000PACK"), "a branch of that name asks for nothing");
        let certificate = [line("push-cert\0report-status"), line("certificate version 0.1\n")].concat();
        assert!(refused(certificate, b"0000PACK"), "the commands of a certificate are not read");
        let many: Vec<u8> = (0..60_000).flat_map(|at| command(&format!("b{at}\0report-status"))).collect();
        assert!(refused(many, b""), "more commands than are kept");
        assert!(!refused([line(&format!("shallow {one}")), command("x\0report-status")].concat(), b"0000"));
    }

    #[test]
    fn a_branch_cannot_pass_for_a_capability_nor_a_long_answer_hide_a_push() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let mut plain = line(&format!("{zero} {one} refs/heads/side-band\0report-status"));
        plain.extend(b"0000");
        let mut watch = PushWatch::default();
        watch.sent(&plain).unwrap();
        watch.answered(&[line("unpack ok\n"), line("ok refs/heads/side-band\n"), b"0000".to_vec()].concat());
        assert_eq!(watch.updates().len(), 1);

        let mut watch = PushWatch::default();
        let mut request = line(&format!("{zero} {one} refs/heads/main\0report-status side-band-64k"));
        request.extend(b"0000");
        watch.sent(&request).unwrap();
        for _ in 0..80 {
            watch.answered(&line(&"\u{2}".repeat(60_000)));
        }
        assert_eq!(watch.updates().len(), 1);
    }
}
