//! Policies as people look at them: what they found, their source, who may allow exceptions and which there are.

use std::collections::BTreeMap;

use fairway_catalog::CatalogEntity;
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_policy::PolicyInfo;
use serde::Serialize;
use serde_json::Value;

use super::PolicyCounts;
use crate::projection::View;
use crate::{App, AppError};

/// Who may approve waivers of a policy, comma-separated: on the policy, or on the template of a constraint.
const APPROVERS: &str = "fairway.dev/waiver-approvers";
/// How many days a waiver may last at most.
const MAXIMUM_DAYS: &str = "fairway.dev/waiver-maximum-days";
/// `off` lets whoever asks for a waiver approve it, too.
const FOUR_EYES: &str = "fairway.dev/waiver-four-eyes";
/// How long waivers last at most where the policy does not say.
const USUAL_DAYS: i64 = 90;
/// How long they last at most, whatever the policy says.
const MOST_DAYS: i64 = 366;

/// In which language a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PolicyLanguage {
    /// Gatekeeper's.
    Rego,
    /// Kubernetes' and, in its new kinds, Kyverno's.
    #[serde(rename = "CEL")]
    Cel,
    /// Kyverno's own.
    Kyverno,
}

impl PolicyLanguage {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rego => "Rego",
            Self::Cel => "CEL",
            Self::Kyverno => "Kyverno",
        }
    }
}

/// What a policy says about its waivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiverRules {
    /// Who approves; empty for the platform's administrators.
    pub approvers: Vec<EntityRef>,
    /// How many days a waiver may last.
    pub maximum_days: i64,
    /// Whether somebody else has to approve than who asked.
    pub four_eyes: bool,
}

impl Default for WaiverRules {
    fn default() -> Self {
        Self { approvers: Vec::new(), maximum_days: USUAL_DAYS, four_eyes: true }
    }
}

/// An object of a cluster that a policy leaves out by the means of its own engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exemption {
    /// By what: `PolicyException legacy`, `excludedNamespaces`.
    pub by: String,
    /// What is left out, as far as it can be said in a line.
    pub what: String,
    /// The entity that says so.
    pub entity: EntityRef,
}

/// A file of a policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySource {
    /// The entity in the catalog.
    pub entity: EntityRef,
    /// Its kind, as it is written.
    pub kind: String,
    /// The file.
    pub file: String,
    /// The object.
    pub value: Value,
}

/// A policy and what came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDetail {
    /// What it is.
    #[serde(flatten)]
    pub info: PolicyInfo,
    /// In which language.
    pub language: PolicyLanguage,
    /// What it finds now.
    pub counts: PolicyCounts,
    /// About its waivers.
    pub waivers: WaiverRules,
    /// What its own engine leaves out.
    pub exemptions: Vec<Exemption>,
    /// What it is written in; the part that says where it applies first.
    #[serde(skip)]
    pub sources: Vec<PolicySource>,
}

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The entities that make a policy: what says where it applies first, then its template.
fn entities_of<'v>(policies: &[&'v CatalogEntity], info: &PolicyInfo) -> Vec<&'v CatalogEntity> {
    let kind = info.name.split('/').next().unwrap_or_default();
    let own = |found: &CatalogEntity| {
        let is_it = found.name() == last(&info.constraint);
        let binding =
            found.kind() == "ValidatingAdmissionPolicyBinding" && kind == "ValidatingAdmissionPolicy";
        let placed = !info.constraint.contains('/') || info.constraint.starts_with(found.namespace());
        is_it && placed && (binding || (found.kind() == kind && kind != "ValidatingAdmissionPolicy"))
    };
    let template = |found: &CatalogEntity| {
        matches!(found.kind(), "ConstraintTemplate" | "ValidatingAdmissionPolicy")
            && found.name() == info.template
    };
    let mut entities: Vec<&CatalogEntity> = policies.iter().copied().filter(|it| own(it)).collect();
    entities.extend(policies.iter().copied().filter(|it| template(it)));
    entities
}

fn rules_of(entities: &[&CatalogEntity]) -> WaiverRules {
    let annotation = |key: &str| entities.iter().find_map(|found| found.annotation(key));
    let approvers = annotation(APPROVERS).unwrap_or_default();
    let approvers = approvers.split(',').map(str::trim).filter(|text| !text.is_empty());
    let days = annotation(MAXIMUM_DAYS).and_then(|text| text.trim().parse().ok()).unwrap_or(USUAL_DAYS);
    WaiverRules {
        approvers: approvers
            .filter_map(|text| EntityRef::parse(text, Some("group"), "default").ok())
            .collect(),
        maximum_days: days.clamp(1, MOST_DAYS),
        four_eyes: annotation(FOUR_EYES).is_none_or(|text| text.trim() != "off"),
    }
}

fn language_of(info: &PolicyInfo, entities: &[&CatalogEntity]) -> PolicyLanguage {
    let kind = info.name.split('/').next().unwrap_or_default();
    match kind {
        "ClusterPolicy" | "Policy" => PolicyLanguage::Kyverno,
        "ValidatingAdmissionPolicy" => PolicyLanguage::Cel,
        _ if matches!(info.template.as_str(), kind if kind.ends_with("ValidatingPolicy")) => {
            PolicyLanguage::Cel
        }
        _ => {
            let template = entities.iter().find(|found| found.kind() == "ConstraintTemplate");
            let in_cel = template.is_some_and(|found| {
                let value = found.entity().to_value();
                let code = value.pointer("/spec/targets/0/code").and_then(Value::as_array);
                let engine =
                    |code: &Value| code.get("engine").and_then(Value::as_str) == Some("K8sNativeValidation");
                code.is_some_and(|code| code.iter().any(engine))
            });
            if in_cel { PolicyLanguage::Cel } else { PolicyLanguage::Rego }
        }
    }
}

/// What is left out by the engine's own means.
fn exemptions_of(
    policies: &[&CatalogEntity],
    info: &PolicyInfo,
    entities: &[&CatalogEntity],
) -> Vec<Exemption> {
    let mut exemptions = Vec::new();
    for found in entities {
        let value = found.entity().to_value();
        let excluded = value.pointer("/spec/match/excludedNamespaces").and_then(Value::as_array);
        if let Some(names) = excluded.filter(|names| !names.is_empty()) {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            exemptions.push(Exemption {
                by: "excludedNamespaces".to_owned(),
                what: format!("Everything in {}", names.join(", ")),
                entity: found.reference().clone(),
            });
        }
        let rules = value.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
        for rule in rules.filter(|rule| rule.get("exclude").is_some_and(|it| !it.is_null())) {
            let name = rule.get("name").and_then(Value::as_str).unwrap_or("a rule");
            exemptions.push(Exemption {
                by: "exclude".to_owned(),
                what: format!("What the rule {name} excludes"),
                entity: found.reference().clone(),
            });
        }
    }
    for found in policies.iter().filter(|found| found.kind() == "PolicyException") {
        let value = found.entity().to_value();
        let list = |pointer: &str| value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let of_kyverno =
            list("/spec/exceptions").filter(|it| names(&text(it, "policyName"), &info.constraint));
        let rules: Vec<String> = of_kyverno
            .flat_map(|it| it.get("ruleNames").and_then(Value::as_array).into_iter().flatten())
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let in_cel = list("/spec/policyRefs").any(|it| {
            let kind = text(it, "kind");
            text(it, "name") == last(&info.constraint)
                && (kind.is_empty() || info.name.starts_with(&format!("{kind}/")))
        });
        if rules.is_empty() && !in_cel {
            continue;
        }
        let what =
            if in_cel { "What its conditions say".to_owned() } else { format!("From {}", rules.join(", ")) };
        let by = format!("PolicyException {}", found.name());
        exemptions.push(Exemption { by, what, entity: found.reference().clone() });
    }
    exemptions
}

/// Whether an exception's policy name, possibly with a wildcard at its end, means this policy.
fn names(wanted: &str, policy: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(beginning) => policy.starts_with(beginning),
        None => wanted == policy,
    }
}

/// The policy that a name means: its own, or that of one of its rules.
pub(crate) fn info_of<'i>(infos: &'i [PolicyInfo], name: &str) -> Option<&'i PolicyInfo> {
    std::iter::successors(Some(name), |name| name.rsplit_once('/').map(|(before, _)| before))
        .find_map(|name| infos.iter().find(|info| info.name == name))
}

impl App {
    /// What a policy says about its waivers; what holds everywhere, when there is no such policy.
    pub(crate) fn waiver_rules(&self, view: &View, policy: &str) -> WaiverRules {
        let compiled = self.policies(view);
        let Some(info) = info_of(compiled.set.policies(), policy) else { return WaiverRules::default() };
        rules_of(&entities_of(&view.catalog.policies(), info))
    }

    /// Every policy that can be asked, by name, with what it finds now.
    pub async fn policy_list(&self, caller: &Caller) -> Result<Vec<PolicyDetail>, AppError> {
        caller.authorise(Permission::Read)?;
        let fleet = self.fleet(caller).await?;
        let view = self.view();
        let counts: BTreeMap<String, PolicyCounts> = fleet.counts();
        let policies = view.catalog.policies();
        let detail = |info: &PolicyInfo| {
            let entities = entities_of(&policies, info);
            PolicyDetail {
                info: info.clone(),
                language: language_of(info, &entities),
                counts: counts.get(&info.name).copied().unwrap_or_default(),
                waivers: rules_of(&entities),
                exemptions: exemptions_of(&policies, info, &entities),
                sources: entities
                    .iter()
                    .map(|found| PolicySource {
                        entity: found.reference().clone(),
                        kind: found.kind().to_owned(),
                        file: found.file().to_owned(),
                        value: found.entity().to_value(),
                    })
                    .collect(),
            }
        };
        Ok(fleet.policies.iter().map(detail).collect())
    }

    /// One policy by its name.
    pub async fn policy_named(&self, caller: &Caller, name: &str) -> Result<PolicyDetail, AppError> {
        let all = self.policy_list(caller).await?;
        let known = all.iter().map(|it| it.info.name.as_str());
        let near = fairway_domain::near_names(name, known).into_iter().map(str::to_owned).collect();
        let missing = || AppError::NotFound { what: "policy", name: name.to_owned(), near };
        all.into_iter().find(|it| it.info.name == name).ok_or_else(missing)
    }
}
