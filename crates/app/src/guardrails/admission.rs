//! Requests to clusters: the same policies as everywhere, asked one object at a time, and what they refused.

mod surroundings;
mod tally;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fairway_domain::Caller;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::finding::Finding;
use fairway_policy::{Admission, AdmissionRequest, AdmissionSettings, KnownObjects, consequence};

use crate::environments::environments_of;
use crate::projection::View;
use crate::{App, AppError};
use surroundings::Surroundings;
use tally::Tally;

/// How often it is looked whether something else is delivered.
const LOOK: Duration = Duration::from_secs(5);
/// How often what was refused is written down, in looks.
const WRITE: u32 = 6;

/// What is asked of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionQuestion {
    /// Whether the request may go on.
    Validate,
    /// How its object is changed before that.
    Mutate,
}

/// What requests to clusters need and leave behind.
#[derive(Default)]
pub(crate) struct AdmissionDesk {
    tally: Mutex<Tally>,
    surroundings: Mutex<Surroundings>,
}

impl App {
    /// Answers a request of a cluster; `environment` says which environment is delivered there. Takes as long as the
    /// policies do, so it belongs on a thread that may block. What is refused, or would be, is counted, unless the
    /// request is a dry run.
    pub fn admit(
        &self,
        question: AdmissionQuestion,
        environment: Option<&str>,
        request: &AdmissionRequest,
        settings: AdmissionSettings,
    ) -> Admission {
        let view = self.view();
        let compiled = self.policies(&view);
        let known = {
            let surroundings =
                self.inner.admission.surroundings.lock().unwrap_or_else(PoisonError::into_inner);
            surroundings.known(environment)
        };
        let nothing = KnownObjects::of(&[]);
        let known = known.as_deref().unwrap_or(&nothing);
        let mut assessment = match question {
            AdmissionQuestion::Validate => compiled.set.admit(request, known),
            AdmissionQuestion::Mutate => compiled.set.mutate(request, known),
        };
        if !assessment.findings.is_empty() {
            self.waive_admitted(&view, &mut assessment.findings);
        }
        let admission = assessment.decide(settings);
        self.count_admission(request, &admission, settings);
        admission
    }

    /// Notes the waivers of findings. A label alone says nothing of whose an object is: a service has its waivers only in
    /// the namespaces that something of it is delivered to.
    fn waive_admitted(&self, view: &View, findings: &mut [Finding]) {
        let claimed: Vec<Option<String>> = {
            let surroundings =
                self.inner.admission.surroundings.lock().unwrap_or_else(PoisonError::into_inner);
            let is_foreign = |finding: &Finding| {
                let service = finding.object.service.as_deref()?;
                (!surroundings.is_at_home(service, &finding.object.namespace)).then(|| service.to_owned())
            };
            findings.iter().map(is_foreign).collect()
        };
        for (finding, claim) in findings.iter_mut().zip(&claimed) {
            if claim.is_some() {
                finding.object.service = None;
            }
        }
        self.waive(view, findings);
        for (finding, claim) in findings.iter_mut().zip(claimed) {
            finding.object.service = claim.or(finding.object.service.take());
        }
    }

    /// Whether there is an environment of this name.
    pub fn has_environment(&self, name: &str) -> bool {
        environments_of(&self.view()).iter().any(|environment| environment.name == name)
    }

    /// Takes in what is delivered, so that policies can look it up.
    pub async fn refresh_admission(&self) -> Result<(), AppError> {
        let view = self.view();
        let delivered = self.everything_delivered(&view).await?;
        let app = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let compiled = app.policies(&view);
            let place = &app.inner.admission.surroundings;
            if place.lock().unwrap_or_else(PoisonError::into_inner).is_of(&compiled, &delivered) {
                return;
            }
            let surroundings = Surroundings::of(&compiled, &delivered);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = surroundings;
        });
        work.await
            .map_err(|error| AppError::Internal(format!("what is delivered could not be taken in: {error}")))
    }

    /// The answer where the policies did not come to an end in time.
    pub fn undecided(
        &self,
        request: &AdmissionRequest,
        settings: AdmissionSettings,
        reason: &str,
    ) -> Admission {
        tracing::warn!(
            uid = request.uid(),
            "{} {} could not be decided: {reason}",
            request.operation().as_str(),
            request.resource()
        );
        Admission::undecided(reason, settings)
    }

    fn count_admission(
        &self,
        request: &AdmissionRequest,
        admission: &Admission,
        settings: AdmissionSettings,
    ) {
        if request.is_dry_run() || admission.findings.is_empty() {
            return;
        }
        let now = self.now();
        let mut tally = self.inner.admission.tally.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in &admission.findings {
            let consequence = consequence(finding, settings);
            tally.count(now, request, finding, consequence);
        }
    }

    /// Takes in what is delivered and writes down what was counted, again and again, until the process ends.
    pub async fn keep_admissions(&self) {
        for look in 1_u32.. {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.refresh_admission().await {
                tracing::warn!(%error, "policies look up what was delivered before: {error}");
            }
            if !look.is_multiple_of(WRITE) {
                continue;
            }
            if let Err(error) = self.write_admissions(false).await {
                tracing::error!(%error, "what was refused to clusters could not be written down: {error}");
            }
        }
    }

    /// Writes down what was counted: each policy with each object once when it is first met, and once more when its
    /// hour is over; everything where this process ends.
    pub async fn write_admissions(&self, is_last: bool) -> Result<(), AppError> {
        let now = self.now();
        let entries = {
            let mut tally = self.inner.admission.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.due(now, is_last)
        };
        let facts = entries
            .into_iter()
            .map(|(subject, body)| NewFact::by(&Caller::system(), kind::ADMISSION, subject, Some(body)))
            .collect();
        self.append(facts).await
    }
}
