//! `/guardrails/supply-chain` and the tab of an entity: what is it made of, and what is weak?

use axum::extract::State;
use axum::http::Uri;
use fairway_app::AppError;
use fairway_app::supply::{
    ComponentPlace, ComponentQuestion, KnownVulnerability, SignatureState, StoredEvidence,
    VulnerabilityQuestion,
};
use fairway_domain::{Caller, EntityRef};
use fairway_portal::supply::{
    EntitySupplyView, EvidenceRow, PlaceRow, PlacesFound, SupplyView, WeakRow, supply as page,
};
use fairway_portal::{Section, Tone};
use fairway_supply::{EvidenceKind, SeverityCounts};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The most rows of one table.
const ROWS: usize = 200;

pub(crate) async fn supply(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let pairs = Pairs::of_query(&uri);
    let text = |name: &str| pairs.get(name).unwrap_or_default().trim().to_owned();
    let (name, version, environment) = (text("name"), text("version"), text("environment"));
    let (severity, owner) = (text("severity"), text("owner"));
    let question = VulnerabilityQuestion {
        severity: serde_json::from_value(severity.clone().into()).ok(),
        owner: Some(owner.clone()).filter(|it| !it.is_empty()),
        ..VulnerabilityQuestion::default()
    };
    let weak = state.app.vulnerabilities(&caller, &question).await.or_page(&state, &uri, &caller)?;
    let places = if name.is_empty() {
        PlacesFound::Nothing
    } else {
        let question = ComponentQuestion {
            name: name.clone(),
            version: Some(version.clone()),
            environment: Some(environment.clone()),
        };
        match state.app.where_is(&caller, &question).await {
            Ok(found) => {
                let total = found.len();
                PlacesFound::Places(found.into_iter().take(ROWS).map(place_row).collect(), total)
            }
            Err(error @ (AppError::NotFound { .. } | AppError::Invalid { .. })) => PlacesFound::Problem(
                error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}")),
            ),
            Err(error) => return Err(error).or_page(&state, &uri, &caller),
        }
    };
    let matrix = state.app.matrix(&caller).or_page(&state, &uri, &caller)?;
    let data = SupplyView {
        name,
        version,
        environment,
        environments: matrix.environments.into_iter().map(|it| it.name).collect(),
        severity,
        owner,
        places,
        total: weak.len(),
        counts: SeverityCounts::of(weak.iter().map(|it| it.vulnerability.severity)),
        weak: weak.into_iter().take(ROWS).map(weak_row).collect(),
        documents: state.app.evidence_of(&caller, None).or_page(&state, &uri, &caller)?.len(),
    };
    let chrome = chrome(&state, &caller, &uri, "Supply chain", Section::Guardrails).followed(None);
    Ok(html(page(&chrome, &data)))
}

/// What is known of one entity.
pub(crate) async fn entity_supply(
    state: &ServerState,
    caller: &Caller,
    reference: &EntityRef,
) -> Result<EntitySupplyView, AppError> {
    let evidence = state.app.evidence_of(caller, Some(reference))?;
    let question =
        VulnerabilityQuestion { entity: Some(reference.to_string()), ..VulnerabilityQuestion::default() };
    let weak = state.app.vulnerabilities(caller, &question).await?;
    Ok(EntitySupplyView {
        evidence: evidence.into_iter().map(|it| evidence_row(state, &it)).collect(),
        total: weak.len(),
        weak: weak.into_iter().take(ROWS).map(weak_row).collect(),
    })
}

fn short(image: &str) -> String {
    image.chars().take("sha256:".len() + 12).collect()
}

fn evidence_row(state: &ServerState, it: &StoredEvidence) -> EvidenceRow {
    let kind = match it.kind {
        EvidenceKind::Sbom => "SBOM",
        EvidenceKind::Scan => "Scan",
        EvidenceKind::Provenance => "Provenance",
        EvidenceKind::Signature => "Signature",
    };
    let mut says = Vec::new();
    if it.components > 0 {
        says.push(format!("{} components", it.components));
    }
    if it.results.total() > 0 {
        says.push(format!("{} results", it.results.total()));
    }
    if let Some(build) = it.builds.first() {
        let commit = build.commit.as_deref().map(|it| it.chars().take(10).collect::<String>());
        let of = [build.source.clone(), commit].into_iter().flatten().collect::<Vec<_>>().join(" at ");
        says.push(format!("built from {of} by {}", build.builder));
    }
    let signature = it.signature.as_ref().map(|state| match state {
        SignatureState::Verified { identity, .. } => {
            let who = identity.clone().unwrap_or_else(|| "a key".to_owned());
            (Tone::Good, format!("Signed by {who}"))
        }
        SignatureState::Refused { reason } => (Tone::Bad, format!("The signature does not hold: {reason}")),
        SignatureState::NotVerified { reason } => (Tone::Warning, format!("Not verified: {reason}")),
    });
    EvidenceRow {
        kind,
        made: it.tool.clone().unwrap_or_else(|| it.format.name().to_owned()),
        at: it.created_at.unwrap_or(it.received_at),
        url: format!("/api/v1/evidence/{}", it.document),
        bytes: it.bytes as u64,
        image: it.image.as_deref().map(short),
        version: it.version.clone(),
        environments: state.app.environments_of_evidence(it),
        says: says.join(", "),
        vulnerabilities: it.vulnerabilities,
        signature,
        reduced: it.reduced,
    }
}

fn weak_row(it: KnownVulnerability) -> WeakRow {
    WeakRow {
        id: it.vulnerability.id,
        severity: it.vulnerability.severity,
        package: format!("{} {}", it.vulnerability.package, it.vulnerability.version),
        fixed: it.vulnerability.fixed,
        title: it.vulnerability.title,
        entity: it.entity,
        owner: it.owner,
        environments: it.environments,
        days: it.age_days,
    }
}

fn place_row(it: ComponentPlace) -> PlaceRow {
    PlaceRow {
        component: it.component.name,
        version: it.component.version,
        licences: it.component.licences.join(", "),
        entity: it.entity,
        image: it.image.as_deref().map(short),
        owner: it.owner,
        environments: it.environments,
        at: it.received_at,
    }
}
