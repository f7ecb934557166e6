//! What every part of a rendering shares: the request, the names and labels, and the notes taken.

use fairway_domain::Diagnostic;
use serde_json::{Map, Value, json};

use crate::naming::label_value;
use crate::render::RenderRequest;
use crate::rule;

/// Errors and warnings, gathered so that a person sees them all at once.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) warnings: Vec<String>,
}

impl Notes {
    pub(crate) fn fail(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        let message = message.into();
        if !self.warnings.contains(&message) {
            self.warnings.push(message);
        }
    }
}

/// The request with what follows from it.
pub(crate) struct Scope<'a> {
    pub(crate) request: &'a RenderRequest<'a>,
    /// The name of the workload's objects.
    pub(crate) name: &'a str,
    pub(crate) namespace: String,
}

impl<'a> Scope<'a> {
    /// Checks the names that objects will get; `None` after a problem.
    pub(crate) fn new(request: &'a RenderRequest<'a>, notes: &mut Notes) -> Option<Self> {
        let name = request.service;
        if !rule::is_service_name(name) {
            let message = format!("\"{name}\" cannot name a Kubernetes Service");
            notes.fail(
                Diagnostic::error("service-name", message)
                    .with_hint("use at most 63 characters of a-z, 0-9 and '-', beginning with a letter"),
            );
            return None;
        }
        let mut scope = Self { request, name, namespace: String::new() };
        let environment = request.environment;
        let place = format!("environment {}: namespace", environment.name);
        match templates().render(&environment.spec.namespace, &place, &scope.template_context()) {
            Ok(namespace) if rule::is_dns_label(&namespace) => scope.namespace = namespace,
            Ok(namespace) => {
                let message = format!("{place}: \"{namespace}\" is not a namespace's name");
                notes.fail(Diagnostic::error("namespace", message).with_hint(
                    "a namespace has at most 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit",
                ));
                return None;
            }
            Err(error) => {
                notes.fail(Diagnostic::error("namespace", error.to_string()));
                return None;
            }
        }
        Some(scope)
    }

    /// The values that templates of environments and resource classes see.
    pub(crate) fn template_context(&self) -> Value {
        let environment = self.request.environment;
        json!({
            "workload": {
                "name": self.name,
                "owner": self.request.owner.name(),
                "namespace": self.namespace,
                "system": self.request.system.map_or("", |system| system.name()),
            },
            "environment": {
                "name": environment.name,
                "domain": environment.spec.domain,
                "registry": environment.spec.registry,
                "production": environment.spec.production,
            },
        })
    }

    /// The labels that select the workload's pods; they never change over its life.
    pub(crate) fn selector(&self) -> Map<String, Value> {
        let mut labels = Map::new();
        labels.insert("app.kubernetes.io/name".into(), self.name.into());
        labels.insert("app.kubernetes.io/instance".into(), self.name.into());
        labels
    }

    /// The labels of every object.
    pub(crate) fn labels(&self) -> Map<String, Value> {
        let mut labels = self.selector();
        let part_of = self.request.system.map_or(self.name, |system| system.name());
        let mut put = |key: &str, value: &str| {
            let value = label_value(value);
            if !value.is_empty() {
                labels.insert(key.to_owned(), value.into());
            }
        };
        put("app.kubernetes.io/version", self.request.version);
        put("app.kubernetes.io/part-of", part_of);
        put("app.kubernetes.io/managed-by", "fairway");
        put("fairway.dev/owner", self.request.owner.name());
        put("fairway.dev/team", self.request.owner.name());
        // Who pays is the team, unless the score says otherwise.
        put("fairway.dev/cost-centre", self.setting("cost-centre").unwrap_or(self.request.owner.name()));
        put("fairway.dev/environment", &self.request.environment.name);
        labels
    }

    /// `metadata` of an object of the workload.
    pub(crate) fn metadata(&self, name: &str) -> Value {
        json!({"name": name, "namespace": self.namespace, "labels": self.labels()})
    }

    /// An annotation of the score that is meant for the renderer.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a str> {
        self.request.score.annotations.get(&format!("fairway.dev/{name}")).map(String::as_str)
    }
}

/// The template engine for classes and environments: a name that is not defined is an error.
pub(crate) fn templates() -> fairway_template::Environment {
    fairway_template::Environment::backstage().with_strict_undefined(true)
}
