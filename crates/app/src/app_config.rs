//! Backstage's configuration: what its `catalog` and `integrations` would read becomes sources and credentials.
//!
//! Reading is a pure function of the text. What cannot be taken over is told, never dropped in silence, and a
//! literal secret is neither kept nor shown.

mod files;
mod provider;

use fairway_domain::{Caller, Digest, Permission, canonical};
use fairway_yaml::{Document, Limits};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::credentials::{CredentialForm, CredentialRequest, SecretHandle};
use crate::source_state::SourceSettings;
use crate::sources::SourceTarget;
use crate::{App, AppConfig, AppError};

pub use files::{Surroundings, merge};

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportPlan {
    /// Names the plan; what is carried out has to be the one that was seen.
    pub digest: String,
    /// The sources that would be registered.
    pub sources: Vec<ImportedSource>,
    /// The credentials that would be made.
    pub credentials: Vec<ImportedCredential>,
    /// What is not taken over, and why.
    pub notes: Vec<ImportNote>,
}

/// A source of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedSource {
    /// Where in the configuration it stands.
    pub from: String,
    /// Its address.
    pub target: String,
    /// How often it is read, in seconds, when the configuration says.
    pub interval_seconds: Option<u64>,
    /// Whether it is registered already.
    pub known: bool,
}

/// A credential of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedCredential {
    /// Where in the configuration it stands.
    pub from: String,
    /// Its name.
    pub name: String,
    /// Where its secret is.
    pub secret: SecretHandle,
    /// The user, when the configuration says.
    pub user: Option<String>,
    /// The host that it is for.
    pub place: String,
    /// Whether there is one of this name already, which is left as it is.
    pub known: bool,
}

/// Something that is not taken over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportNote {
    /// Where in the configuration it stands.
    pub from: String,
    /// What is not done, and what to do instead.
    pub message: String,
}

/// A configuration as it is read.
struct Reader<'a> {
    document: &'a Document,
    plan: ImportPlan,
    /// The addresses of APIs by host.
    apis: Map<String, Value>,
}

impl Reader<'_> {
    fn from(&self, pointer: &str) -> String {
        let place = self.document.location(pointer);
        let path = pointer.trim_start_matches('/').replace('/', ".");
        format!("{path} (line {})", place.line)
    }

    fn note(&mut self, pointer: &str, message: impl Into<String>) {
        let from = self.from(pointer);
        self.plan.notes.push(ImportNote { from, message: message.into() });
    }

    /// A text with everything filled in; a note otherwise.
    fn text(&mut self, pointer: &str) -> Option<String> {
        let value = self.document.value.pointer(pointer)?;
        let Some(text) = value.as_str() else {
            self.note(pointer, "a text was expected; it is left out");
            return None;
        };
        if text.contains("${") {
            let message = "it holds a variable that is not filled in here; import with the command line where the variable is set, or write the value";
            self.note(pointer, message);
            return None;
        }
        Some(text.to_owned())
    }

    fn source(&mut self, pointer: &str, target: String, interval_seconds: Option<u64>) {
        let from = self.from(pointer);
        self.plan.sources.push(ImportedSource { from, target, interval_seconds, known: false });
    }

    fn catalog(&mut self) {
        let Some(catalog) = self.document.value.get("catalog").and_then(Value::as_object) else { return };
        for (name, value) in catalog {
            let pointer = format!("/catalog/{name}");
            match name.as_str() {
                "locations" => self.locations(value),
                "providers" => self.providers(value),
                "rules" => self.note(
                    &pointer,
                    "which kinds may come from where is a setting of the server; without it every kind may come from every source",
                ),
                "processingInterval" => {
                    self.note(&pointer, "each source has an interval of its own; set it on its page");
                }
                _ => self.note(&pointer, "this setting has no counterpart here"),
            }
        }
    }

    fn locations(&mut self, locations: &Value) {
        let count = locations.as_array().map_or(0, Vec::len);
        for index in 0..count {
            let pointer = format!("/catalog/locations/{index}");
            let kind = self.text(&format!("{pointer}/type"));
            let target = self.text(&format!("{pointer}/target"));
            let (Some(kind), Some(target)) = (kind, target) else {
                if !self
                    .plan
                    .notes
                    .iter()
                    .any(|note| note.from.starts_with(&format!("catalog.locations.{index}.")))
                {
                    self.note(&pointer, "a location needs a type and a target");
                }
                continue;
            };
            if self.document.value.pointer(&format!("{pointer}/rules")).is_some() {
                self.note(&format!("{pointer}/rules"), "rules for one location are a setting of the server");
            }
            match kind.as_str() {
                "url" => self.source(&pointer, target, None),
                "file" if target.starts_with('/') => self.source(&pointer, format!("file:{target}"), None),
                "file" => self.note(
                    &pointer,
                    "the path is relative to a folder that is not known here; import with the command line, or write the whole path",
                ),
                "github-discovery" | "gitlab-discovery" | "gitea-discovery" | "github-org" | "gitlab-org"
                | "gitea-org" => self.source(&pointer, format!("{kind}:{target}"), None),
                other => self.note(&pointer, format!("locations of the type \"{other}\" cannot be read here")),
            }
        }
    }

    fn integrations(&mut self) {
        let Some(integrations) = self.document.value.get("integrations").and_then(Value::as_object) else {
            return;
        };
        for (kind, entries) in integrations {
            let pointer = format!("/integrations/{kind}");
            if !matches!(kind.as_str(), "github" | "gitlab" | "gitea") {
                self.note(
                    &pointer,
                    "this forge is read by Git's own address only; make a credential for its host",
                );
                continue;
            }
            for index in 0..entries.as_array().map_or(0, Vec::len) {
                self.integration(kind, &format!("{pointer}/{index}"));
            }
        }
    }

    fn integration(&mut self, kind: &str, pointer: &str) {
        let usual = match kind {
            "github" => Some("github.com"),
            "gitlab" => Some("gitlab.com"),
            _ => None,
        };
        let host = self.text(&format!("{pointer}/host")).or_else(|| usual.map(str::to_owned));
        let Some(host) = host else {
            self.note(pointer, "the host is missing");
            return;
        };
        let known = ["host", "token", "password", "username", "apiBaseUrl", "rawBaseUrl", "baseUrl"];
        let fields =
            self.document.value.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default();
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.note(
                &format!("{pointer}/{name}"),
                "this setting has no counterpart here; make a credential with a token",
            );
        }
        if fields.contains_key("apiBaseUrl")
            && let Some(api) = self.text(&format!("{pointer}/apiBaseUrl"))
        {
            self.apis.insert(host.clone(), json!(api));
        }
        let field = if fields.contains_key("token") { "token" } else { "password" };
        let Some(secret) = fields.get(field) else { return };
        match handle(secret) {
            Some(handle) => {
                let user = fields.contains_key("username").then(|| self.text(&format!("{pointer}/username"))).flatten();
                let name = host.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                let credential = ImportedCredential {
                    from: self.from(pointer),
                    name,
                    secret: handle,
                    user,
                    place: host,
                    known: false,
                };
                self.plan.credentials.push(credential);
            }
            None => self.note(
                &format!("{pointer}/{field}"),
                "a secret that is written into the configuration is not taken over; put it into a variable, or store it with \"fairway catalog credentials put\"",
            ),
        }
    }
}

/// Where a secret is, as far as the configuration says so without holding it.
fn handle(value: &Value) -> Option<SecretHandle> {
    let text = match value {
        Value::String(text) => match text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => format!("env:{name}"),
            None => return None,
        },
        Value::Object(fields) => match (fields.get("$env"), fields.get("$file")) {
            (Some(Value::String(name)), _) => format!("env:{name}"),
            (_, Some(Value::String(path))) => format!("file:{path}"),
            _ => return None,
        },
        _ => return None,
    };
    text.parse().ok()
}

/// Reads a configuration. Pure: whether something is known already is filled in by the caller.
fn read(text: &str, config: &AppConfig) -> Result<ImportPlan, AppError> {
    let reading = fairway_yaml::read("app-config.yaml", text, &Limits::default());
    if !reading.diagnostics.is_empty() && reading.documents.is_empty() {
        return Err(AppError::Diagnostics(reading.diagnostics));
    }
    let Some(document) = reading.documents.first().filter(|document| document.value.is_object()) else {
        return Err(AppError::Invalid {
            message: "this is no configuration of Backstage".to_owned(),
            hint: Some("give the text of an app-config.yaml, with a section \"catalog\"".to_owned()),
        });
    };
    let mut reader = Reader { document, plan: ImportPlan::default(), apis: Map::new() };
    reader.integrations();
    reader.catalog();
    let others: Vec<&str> = document
        .value
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .filter(|name| !matches!(*name, "catalog" | "integrations"))
        .collect();
    if !others.is_empty() {
        let message = format!("not about the catalog's sources, and not looked at: {}", others.join(", "));
        reader.plan.notes.push(ImportNote { from: "the other sections".to_owned(), message });
    }
    let mut plan = reader.plan;
    // Each address has to be one that could be registered.
    let mut sources = Vec::new();
    for source in plan.sources {
        match SourceTarget::parse(&source.target, config) {
            Ok(_) => sources.push(source),
            Err(error) => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                plan.notes.push(ImportNote { from: source.from, message: format!("{error}{hint}") });
            }
        }
    }
    plan.sources = sources;
    Ok(plan)
}

impl App {
    /// What importing a configuration of Backstage would do.
    pub fn plan_import(&self, caller: &Caller, text: &str) -> Result<ImportPlan, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let mut plan = read(text, &self.inner.config)?;
        let view = self.view();
        for source in &mut plan.sources {
            let target = SourceTarget::parse(&source.target, &self.inner.config)?;
            source.known = view.sources.contains_key(&target.id());
        }
        for credential in &mut plan.credentials {
            credential.known = view.credentials.contains_key(&credential.name);
        }
        plan.digest = canonical::digest(&json!([plan.sources, plan.credentials]))
            .unwrap_or_else(|| Digest::of(text.as_bytes()))
            .to_string();
        Ok(plan)
    }

    /// Carries an import out, when its plan is still the one that was seen. The sources are read afterwards, each
    /// in its turn.
    pub async fn apply_import(
        &self,
        caller: &Caller,
        text: &str,
        digest: &str,
    ) -> Result<ImportPlan, AppError> {
        let plan = self.plan_import(caller, text)?;
        if plan.digest != digest {
            return Err(AppError::Conflict {
                message: "what the import would do is not what was shown any more".to_owned(),
                hint: Some("look at the plan again".to_owned()),
            });
        }
        let local = plan.sources.iter().any(|source| !source.known && source.target.starts_with("file:"));
        if local || plan.credentials.iter().any(|credential| !credential.known) {
            caller.authorise(Permission::Administer)?;
        }
        for credential in plan.credentials.iter().filter(|credential| !credential.known) {
            let request = CredentialRequest {
                name: credential.name.clone(),
                secret: credential.secret.clone(),
                form: CredentialForm::Token { user: credential.user.clone() },
                places: vec![credential.place.clone()],
                webhook: None,
                value: None,
                webhook_value: None,
            };
            self.put_credential(caller, request).await?;
        }
        for source in plan.sources.iter().filter(|source| !source.known) {
            let target = SourceTarget::parse(&source.target, &self.inner.config)?;
            let (registered, _) = self.put_source(caller, target, None).await?;
            if source.interval_seconds.is_some() {
                let settings = SourceSettings { interval_seconds: source.interval_seconds, paused: None };
                self.configure_source(caller, &registered.id, &settings).await?;
            }
            self.inner.scheduler.hurry(&registered.id, self.now());
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests;
