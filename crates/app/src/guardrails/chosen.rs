//! One object, chosen from the fleet or written down, under policies that somebody edits.

use std::sync::Arc;

use fairway_domain::finding::Finding;
use fairway_domain::{Caller, Diagnostic, Permission};
use fairway_policy::{KnownObjects, PolicyObject};
use serde::{Deserialize, Serialize};

use super::compiled::CompiledUnit;
use super::delivered::{Delivered, Placement};
use super::object::is_object;
use super::verdicts::{Stop, beside_of, weight_of};
use crate::supply::chain::is_chain;
use crate::{App, AppError};

/// The most bytes of objects that somebody writes down, and how many.
const MAX_BYTES: usize = 256 * 1024;
const MAX_OBJECTS: usize = 100;
/// Objects that are compared with weigh this much at most.
const COMPARED_BYTES: usize = 32 * 1024 * 1024;

/// An object of the fleet, for choosing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveredObject {
    /// Names it: environment, file, kind and name.
    pub id: String,
    /// Where it is delivered to.
    pub environment: String,
    /// The service.
    pub service: String,
    /// For example `Deployment`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// What somebody chose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChosenObject {
    /// An object of the fleet, by [`DeliveredObject::id`].
    Delivered(String),
    /// Objects as YAML.
    Text(String),
}

/// What policies would say about a chosen object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectVerdict {
    /// The objects, for people.
    pub objects: Vec<String>,
    /// What would be found.
    pub findings: Vec<Finding>,
    /// Why what was written cannot be read.
    pub diagnostics: Vec<Diagnostic>,
}

fn id_of(placement: &Placement) -> String {
    let object = &placement.object;
    format!("{}:{}:{}/{}", placement.environment, placement.file, object.kind, object.name)
}

impl App {
    /// Objects of the fleet whose environment, file, kind and name hold every word, in the order of the fleet.
    pub async fn delivered_objects(
        &self,
        caller: &Caller,
        words: &str,
        limit: usize,
    ) -> Result<Vec<DeliveredObject>, AppError> {
        caller.authorise(Permission::Read)?;
        let delivered = self.everything_delivered(&self.view()).await?;
        let words: Vec<String> = words.to_lowercase().split_whitespace().take(8).map(str::to_owned).collect();
        let fits = |placement: &&Placement| {
            let id = id_of(placement).to_lowercase();
            words.iter().all(|word| id.contains(word.as_str()))
        };
        let found = delivered.placements.iter().filter(fits).take(limit);
        Ok(found
            .map(|placement| DeliveredObject {
                id: id_of(placement),
                environment: placement.environment.to_string(),
                service: placement.service.to_string(),
                kind: placement.object.kind.to_string(),
                name: placement.object.name.to_string(),
            })
            .collect())
    }
}

impl ChosenObject {
    /// What units say about it, beside what is delivered.
    pub(crate) fn verdict(
        &self,
        units: &[Arc<CompiledUnit>],
        delivered: &Delivered,
        stop: &Stop,
    ) -> Result<ObjectVerdict, AppError> {
        let mut diagnostics = Vec::new();
        let objects: Vec<PolicyObject> = match self {
            Self::Delivered(id) => {
                let placement = delivered.placements.iter().find(|placement| id_of(placement) == *id);
                let placement = placement.ok_or_else(|| AppError::NotFound {
                    what: "delivered object",
                    name: id.chars().take(200).collect(),
                    near: Vec::new(),
                })?;
                vec![PolicyObject {
                    value: placement.object.value(),
                    file: Some(placement.file.to_string()),
                    environment: Some(placement.environment.to_string()),
                }]
            }
            Self::Text(text) if text.len() > MAX_BYTES => {
                return Err(AppError::invalid(format!("the object has more than {} KiB", MAX_BYTES / 1024)));
            }
            Self::Text(text) => {
                let reading = fairway_yaml::read("object.yaml", text, &fairway_yaml::Limits::default());
                diagnostics = reading.diagnostics;
                let listed =
                    |document: &fairway_yaml::Document| PolicyObject::listed(&document.value, None, None);
                let objects = reading.documents.iter().flat_map(listed);
                objects.filter(|object| is_object(&object.value)).take(MAX_OBJECTS).collect()
            }
        };
        if objects.is_empty() && diagnostics.is_empty() {
            diagnostics.push(Diagnostic::error("object", "there is no object with apiVersion and kind"));
        }
        let mut findings = Vec::new();
        for unit in units {
            if stop.is_over() {
                break;
            }
            let beside = beside_of(unit, delivered).unwrap_or_default();
            let mut known: Vec<PolicyObject> = Vec::new();
            if weight_of(&beside) <= COMPARED_BYTES {
                let parsed = beside.iter().map(|object| object.value());
                known = parsed.map(|value| PolicyObject { value, file: None, environment: None }).collect();
            }
            // As it would be delivered: in the place of what has its name.
            known.extend(objects.iter().filter(|it| !is_chain(&it.value)).cloned());
            findings.extend(unit.set.evaluate_until(&objects, &KnownObjects::of(&known), &|| stop.is_over()));
        }
        super::worst_first(&mut findings);
        let label = |object: &PolicyObject| {
            let text = |pointer: &str| {
                object
                    .value
                    .pointer(pointer)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            format!("{} {}", text("/kind"), text("/metadata/name"))
        };
        Ok(ObjectVerdict { objects: objects.iter().map(label).collect(), findings, diagnostics })
    }
}
