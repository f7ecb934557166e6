//! What Fairway says about a push before a branch moves: secrets in what it brings, and policies on its manifests.

use std::fmt::Write as _;
use std::sync::Arc;

use fairway_domain::finding::Finding;
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_remote::{ListedFile, ProposedPush, PushJudge, PushVerdict, RefUpdate, RemoteError};

use crate::guardrails::{Judgement, Manifests, Unread, select};
use crate::{App, AppError, secret_scan};

/// What happens to a push that brings what it should not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushAnswer {
    /// It is refused.
    #[default]
    Refuse,
    /// It goes on, and the client is told.
    Warn,
    /// Nobody looks.
    Ignore,
}

/// The most findings that a client is told.
const TOLD: usize = 25;
/// The most that the manifests of a push may weigh together, in bytes.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;

impl App {
    /// Who looks at pushes to a repository; `None` when nobody is to.
    pub(crate) fn push_judge(&self, repository: &RepositoryRef, trunk: BranchName) -> Option<PushJudge> {
        let (secrets, policies) = (self.inner.config.secrets_in_pushes, self.inner.config.policies_in_pushes);
        if secrets == PushAnswer::Ignore && policies == PushAnswer::Ignore {
            return None;
        }
        let (app, repository) = (self.clone(), repository.clone());
        Some(Arc::new(move |push: ProposedPush| {
            let (app, repository, trunk) = (app.clone(), repository.clone(), trunk.clone());
            Box::pin(async move {
                let mut verdict = PushVerdict::default();
                if secrets != PushAnswer::Ignore {
                    add(&mut verdict, secret_scan::judge(&push, secrets).await);
                }
                if policies != PushAnswer::Ignore {
                    add(&mut verdict, app.judge_push(&push, &repository, &trunk, policies).await);
                }
                verdict
            })
        }))
    }

    async fn judge_push(
        &self,
        push: &ProposedPush,
        repository: &RepositoryRef,
        trunk: &BranchName,
        answer: PushAnswer,
    ) -> PushVerdict {
        let mut verdict = PushVerdict::default();
        for update in &push.updates {
            let Some(branch) = &update.branch else { continue };
            // Other branches are where people mend things: they are told, and may go on.
            let refuses = answer == PushAnswer::Refuse && branch == trunk;
            match self.judge_update(push, repository, update, trunk).await {
                Ok((judgement, samples)) => add(&mut verdict, said(branch, judgement, samples, refuses)),
                Err(error) => {
                    tracing::warn!(%repository, %branch, "a push was not held against the policies: {error}");
                    let text = format!("Fairway could not hold {branch} against the policies: {error}\n");
                    let refusal = refuses.then(|| text.clone());
                    let remark = (!refuses).then_some(text);
                    add(&mut verdict, PushVerdict { refusal, remark });
                }
            }
        }
        verdict
    }

    /// What the policies say of the manifests that an update touches, and how many samples were passed over.
    async fn judge_update(
        &self,
        push: &ProposedPush,
        repository: &RepositoryRef,
        update: &RefUpdate,
        trunk: &BranchName,
    ) -> Result<(Option<Judgement>, usize), AppError> {
        let Some(after) = &update.after else { return Ok((None, 0)) };
        let changed = push.changed_files(update, trunk).await?;
        if changed.is_empty() {
            return Ok((None, 0));
        }
        let all = push.listed_files(after).await?;
        let delivered = self.delivery_folders(repository);
        let paths = all.iter().map(|file| &file.path);
        let selection = select(changed.iter().map(|file| &file.path), paths, &delivered);
        let chosen = |paths: &std::collections::BTreeSet<_>| -> Vec<ListedFile> {
            all.iter().filter(|file| paths.contains(&file.path)).cloned().collect()
        };
        let touched = texts(push, &chosen(&selection.touched)).await?;
        let beside = texts(push, &chosen(&selection.beside)).await?;
        Ok((self.judge_manifests(Manifests { delivered, touched, beside }).await?, selection.samples))
    }
}

/// What files hold, by path. Bytes that are no text become marks, so that whoever reads them says so.
async fn texts(push: &ProposedPush, files: &[ListedFile]) -> Result<Vec<(String, String)>, RemoteError> {
    let contents = push.contents(files, MANIFEST_BYTES).await?;
    let text = |(file, bytes): (&ListedFile, Option<Vec<u8>>)| {
        Some((file.path.to_string(), String::from_utf8_lossy(&bytes?).into_owned()))
    };
    Ok(files.iter().zip(contents).filter_map(text).collect())
}

/// Two verdicts as one: refused by either, told by both.
fn add(verdict: &mut PushVerdict, other: PushVerdict) {
    let joined = |one: Option<String>, other: Option<String>| match (one, other) {
        (Some(one), Some(other)) => Some(one + &other),
        (one, other) => one.or(other),
    };
    verdict.refusal = joined(verdict.refusal.take(), other.refusal);
    verdict.remark = joined(verdict.remark.take(), other.remark);
}

fn place(finding: &Finding) -> String {
    let object = &finding.object;
    let file = object.file.as_deref().unwrap_or(&object.name);
    match finding.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}

/// What the client is told of one branch.
fn said(branch: &BranchName, judgement: Option<Judgement>, samples: usize, refuses: bool) -> PushVerdict {
    let Some(Judgement { findings, unread, .. }) = judgement else { return PushVerdict::default() };
    let blocking = findings.iter().filter(|finding| finding.blocks()).count();
    let is_left = unread.iter().any(|it| it.blocks);
    let mut text = String::new();
    let is_refused = refuses && (blocking > 0 || is_left);
    let counted = match findings.len() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    match (is_refused, findings.is_empty()) {
        (true, _) => {
            let _ = writeln!(
                text,
                "Fairway refuses this push to {branch}: the policies have {counted}, {blocking} of them blocking:"
            );
        }
        (false, false) => {
            let _ = writeln!(text, "The policies have {counted} on {branch}, {blocking} of them blocking:");
        }
        (false, true) => {}
    }
    for finding in findings.iter().take(TOLD) {
        let word = match (&finding.waiver, finding.blocks()) {
            (Some(waiver), _) => format!("waived until {}", waiver.until),
            (None, true) => "blocks".to_owned(),
            (None, false) => "warns".to_owned(),
        };
        let _ = writeln!(text, "  {} {} ({word}): {}", place(finding), finding.policy, finding.message);
        if let Some(fix) = finding.fix.as_deref().filter(|_| finding.blocks()) {
            let _ = writeln!(text, "    to mend it: {fix}");
        }
    }
    if findings.len() > TOLD {
        let _ = writeln!(text, "  and {} more", findings.len() - TOLD);
    }
    for Unread { path, reason, .. } in unread.iter().take(TOLD) {
        let _ = writeln!(text, "  {path} was not held against the policies: {reason}");
    }
    if unread.len() > TOLD {
        let _ = writeln!(text, "  nor were {} other files", unread.len() - TOLD);
    }
    if samples > 0 {
        let _ = writeln!(text, "  samples of the tests of policies are passed over: {samples}");
    }
    if is_refused {
        text.push_str(
            "Mend it (fairway check --fix does what is mechanical), or ask for a waiver (fairway policy waive).\n",
        );
        return PushVerdict { refusal: Some(text), remark: None };
    }
    PushVerdict { refusal: None, remark: Some(text).filter(|text| !text.is_empty()) }
}
