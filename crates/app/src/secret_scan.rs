//! Secrets in what is pushed and in what plans commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fairway_domain::finding::{Enforcement, Finding, ObjectRef, Outcome};
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::{Diagnostic, Digest};
use fairway_remote::{ProposedPush, PushVerdict, RemoteError};
use fairway_secrets::{ALLOW_FILE, AllowList, FILE_BYTES, SecretFinding, SkipReason, scan};

use crate::push_judge::PushAnswer;

/// The most findings that a client is told.
const TOLD: usize = 25;
/// The largest allow list, in bytes.
const ALLOW_BYTES: u64 = 1024 * 1024;

/// Looks for secrets in what a push brings.
pub(crate) async fn judge(push: &ProposedPush, answer: PushAnswer) -> PushVerdict {
    match look(push).await {
        Ok(seen) => verdict(&seen, answer),
        // In doubt a push waits: somebody may try again, and nobody takes a secret back.
        Err(error) => PushVerdict {
            refusal: Some(format!("Fairway could not look for secrets in this push: {error}\n")),
            remark: None,
        },
    }
}

/// What was found in a push.
#[derive(Default)]
struct Seen {
    findings: Vec<SecretFinding>,
    /// Files that were not looked at, or only in part.
    left: Vec<(String, SkipReason)>,
    problems: Vec<String>,
}

async fn look(push: &ProposedPush) -> Result<Seen, RemoteError> {
    let mut seen = Seen::default();
    let files = push.new_files().await?;
    let mut allow = AllowList::default();
    for commit in push.updates.iter().filter_map(|update| update.after.as_ref()) {
        // One list for the whole push: a branch that says why holds for the others that come with it.
        if let Some(bytes) = push.file(commit, ALLOW_FILE, ALLOW_BYTES).await? {
            let (list, problems) = AllowList::read(ALLOW_FILE, &String::from_utf8_lossy(&bytes));
            seen.problems.extend(problems.iter().map(ToString::to_string));
            allow = list;
        }
    }
    seen.left.extend(
        files
            .iter()
            .filter(|file| file.size > FILE_BYTES as u64)
            .map(|file| (file.path.clone(), SkipReason::TooLarge)),
    );
    push.look_at(&files, FILE_BYTES as u64, |file, bytes| {
        let found = scan(&file.path, bytes, &allow);
        seen.findings.extend(found.findings);
        if let Some(reason @ SkipReason::TooDense) = found.skipped {
            seen.left.push((file.path.clone(), reason));
        }
    })
    .await?;
    if seen.findings.is_empty() {
        return Ok(seen);
    }
    // What the branches hold already is not brought by this push.
    let paths: BTreeSet<String> = seen.findings.iter().map(|it| it.path.clone()).collect();
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for before in push.updates.iter().filter_map(|update| update.before.as_ref()) {
        for path in &paths {
            let Some(bytes) = push.file(before, path, FILE_BYTES as u64).await? else { continue };
            let old = scan(path, &bytes, &AllowList::default());
            known.extend(old.findings.into_iter().map(|it| (it.path, it.fingerprint)));
        }
    }
    seen.findings.retain(|it| !known.contains(&(it.path.clone(), it.fingerprint.clone())));
    seen.findings.sort();
    seen.findings.dedup();
    Ok(seen)
}

fn verdict(seen: &Seen, answer: PushAnswer) -> PushVerdict {
    let mut text = String::new();
    for problem in &seen.problems {
        let _ = writeln!(text, "{problem}");
    }
    for (path, reason) in seen.left.iter().take(TOLD) {
        let why = match reason {
            SkipReason::TooDense => "in part only",
            _ => "not at all, as it is too large",
        };
        let _ = writeln!(text, "{path} was looked at for secrets {why}");
    }
    if seen.findings.is_empty() {
        return PushVerdict { refusal: None, remark: Some(text).filter(|text| !text.is_empty()) };
    }
    let count = match seen.findings.len() {
        1 => "a secret".to_owned(),
        count => format!("{count} secrets"),
    };
    let refuses = answer == PushAnswer::Refuse;
    let head = if refuses { "Fairway refuses this push, as it holds" } else { "This push holds" };
    let _ = writeln!(text, "{head} {count}:");
    for it in seen.findings.iter().take(TOLD) {
        let SecretFinding { path, line, column, title, length, fingerprint, .. } = it;
        let _ = writeln!(
            text,
            "  {path}:{line}:{column} {title} ({length} characters, fingerprint {fingerprint})"
        );
    }
    if seen.findings.len() > TOLD {
        let _ = writeln!(text, "  and {} more", seen.findings.len() - TOLD);
    }
    text.push_str(
        "Revoke it, take it out of the commits (git commit --amend, git rebase -i) and refer to it by name.\n\
         What is no secret is named in .fairway/secrets.yaml, or has \"fairway:allow-secret\" and a reason beside it.\n",
    );
    if refuses {
        PushVerdict { refusal: Some(text), remark: None }
    } else {
        PushVerdict { refusal: None, remark: Some(text) }
    }
}

/// Where a file holds secrets that it did not hold before, never what they are.
pub(crate) fn new_secrets(path: &str, bytes: &[u8], before: Option<&[u8]>) -> Vec<Diagnostic> {
    let nothing = AllowList::default();
    let known: BTreeSet<String> = before
        .into_iter()
        .flat_map(|before| scan(path, before, &nothing).findings)
        .map(|it| it.fingerprint)
        .collect();
    let found = scan(path, bytes, &nothing).findings.into_iter();
    found.filter(|it| !known.contains(&it.fingerprint)).map(|it| it.diagnostic()).collect()
}

/// Secrets in the files that a plan commits. Each blocks the plan, as a golden path has no business with one.
pub fn findings_of(plan: &Plan, contents: &BTreeMap<Digest, Vec<u8>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for effect in &plan.effects {
        let Effect::Commit { repository, files, .. } = effect else { continue };
        let bytes_of = |content: Option<Digest>| contents.get(&content?);
        let allow = files
            .iter()
            .find(|file| file.path.as_str() == ALLOW_FILE)
            .and_then(|file| bytes_of(file.content))
            .map(|bytes| AllowList::read(ALLOW_FILE, &String::from_utf8_lossy(bytes)).0)
            .unwrap_or_default();
        for file in files {
            let Some(bytes) = bytes_of(file.content) else { continue };
            // What the file held before is not brought by this plan.
            let old = bytes_of(file.before).map(|old| scan(file.path.as_str(), old, &AllowList::default()));
            let known: BTreeSet<String> =
                old.into_iter().flat_map(|old| old.findings).map(|it| it.fingerprint).collect();
            let found = scan(file.path.as_str(), bytes, &allow).findings;
            findings.extend(
                found
                    .into_iter()
                    .filter(|it| !known.contains(&it.fingerprint))
                    .map(|it| finding(&it, &repository.to_string())),
            );
        }
    }
    findings
}

fn finding(found: &SecretFinding, repository: &str) -> Finding {
    let place = found.diagnostic();
    Finding {
        policy: "No secrets in code".to_owned(),
        rule: format!("SecretsInCode/{}", found.rule),
        severity: found.severity,
        enforcement: Enforcement::Deny,
        outcome: Outcome::Violation,
        object: ObjectRef {
            api_version: "fairway.dev/v1".to_owned(),
            kind: "File".to_owned(),
            name: format!("{repository}/{}", found.path),
            file: Some(found.path.clone()),
            ..ObjectRef::default()
        },
        path: None,
        message: place.message,
        why: Some("whoever can read the repository can use it, for as long as its history lives".to_owned()),
        fix: place.hint,
        waiver: None,
        docs: None,
        line: u32::try_from(found.line).ok(),
        patch: Vec::new(),
    }
}
