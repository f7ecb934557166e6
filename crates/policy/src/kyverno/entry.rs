//! Context entries: names that a policy gives to values.

use std::borrow::Cow;

use serde_json::Value;

use super::context::{Document, View};
use super::jmespath::{QueryError, evaluate, parse, weight};
use super::template::{Template, Text};

/// A name and where its value comes from.
#[derive(Clone, Debug)]
pub(crate) struct ContextEntry {
    pub(crate) name: String,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    Variable { value: Option<Template>, path: Option<Text>, default: Option<Template> },
    ConfigMap { name: Text, namespace: Text },
    ApiCall { path: Option<Text>, select: Option<Text>, default: Option<Template>, reads: bool },
    Image { reference: Text, select: Option<Text> },
    Global { name: Text, select: Option<Text> },
}

fn optional<T>(
    value: Option<&Value>,
    read: impl Fn(&Value) -> Result<T, QueryError>,
) -> Result<Option<T>, QueryError> {
    value.filter(|value| !value.is_null()).map(read).transpose()
}

fn is_unknown(result: &Result<Value, QueryError>) -> bool {
    matches!(result, Err(QueryError::Unavailable(_) | QueryError::Exhausted))
}

fn text_of(value: Option<&Value>) -> Result<Text, QueryError> {
    Text::compile(value.and_then(Value::as_str).unwrap_or_default())
}

impl ContextEntry {
    /// Reads the list of entries of a rule or a loop.
    pub(crate) fn list(value: Option<&Value>) -> Result<Vec<Self>, QueryError> {
        value.and_then(Value::as_array).into_iter().flatten().map(Self::read).collect()
    }

    fn read(value: &Value) -> Result<Self, QueryError> {
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(QueryError::Failed("a context entry has no name".to_owned()));
        }
        let select = |from: &Value| {
            optional(from.get("jmesPath"), |path| Text::compile(path.as_str().unwrap_or_default()))
        };
        let origin = if let Some(variable) = value.get("variable") {
            Origin::Variable {
                value: optional(variable.get("value"), Template::compile)?,
                path: select(variable)?,
                default: optional(variable.get("default"), Template::compile)?,
            }
        } else if let Some(map) = value.get("configMap") {
            Origin::ConfigMap { name: text_of(map.get("name"))?, namespace: text_of(map.get("namespace"))? }
        } else if let Some(call) = value.get("apiCall") {
            Origin::ApiCall {
                path: optional(call.get("urlPath"), |path| Text::compile(path.as_str().unwrap_or_default()))?,
                select: select(call)?,
                default: optional(call.get("default"), Template::compile)?,
                reads: call.get("method").and_then(Value::as_str).is_none_or(|method| method == "GET"),
            }
        } else if let Some(image) = value.get("imageRegistry") {
            Origin::Image { reference: text_of(image.get("reference"))?, select: select(image)? }
        } else if let Some(global) = value.get("globalReference") {
            Origin::Global { name: text_of(global.get("name"))?, select: select(global)? }
        } else {
            return Err(QueryError::Failed(format!(
                "the context entry \"{name}\" says not where it comes from"
            )));
        };
        Ok(Self { name, origin })
    }

    /// Whether it comes from outside.
    pub(crate) fn is_external(&self) -> bool {
        !matches!(self.origin, Origin::Variable { .. })
    }

    pub(crate) fn evaluate(&self, view: &View<'_>) -> Result<Value, QueryError> {
        let scope = view.scope();
        let scope = &scope;
        let text = |text: &Text| -> Result<String, QueryError> {
            Ok(match text.resolve(scope)?.into_owned() {
                Value::String(text) => text,
                other => other.to_string(),
            })
        };
        let source = view.world().source;
        let unavailable = |what: String| QueryError::Unavailable(format!("{what} is not known here"));
        let budget = &view.world().budget;
        let selected = |value: &Value, select: &Option<Text>| match select {
            None => {
                budget.take(weight(value))?;
                Ok(value.clone())
            }
            Some(select) => {
                let node = parse(&text(select)?)?;
                let document = Document { value, world: view.world() };
                evaluate(&node, &document).map(Cow::into_owned)
            }
        };
        let or_default =
            |result: Result<Value, QueryError>, default: &Option<Template>| match (result, default) {
                (Ok(value), _) if !value.is_null() => Ok(value),
                // What is merely unknown here must not be decided by a default that is meant for failures.
                (result, Some(default)) if !is_unknown(&result) => {
                    default.resolve(scope).map(Cow::into_owned)
                }
                (Ok(_), _) => Err(QueryError::NotFound(self.name.clone())),
                (Err(error), _) => Err(error),
            };
        match &self.origin {
            Origin::Variable { value: Some(value), path, default } => {
                let found = value.resolve(scope)?;
                or_default(selected(&found, path), default)
            }
            Origin::Variable { value: None, path: Some(path), default } => {
                let found = text(path).and_then(|source| {
                    let node = parse(&source)?;
                    let value = evaluate(&node, &scope.view())?.into_owned();
                    Ok(value)
                });
                or_default(found, default)
            }
            Origin::Variable { value: None, path: None, default } => or_default(Ok(Value::Null), default),
            Origin::ConfigMap { name, namespace } => {
                let (name, namespace) = (text(name)?, text(namespace)?);
                source
                    .config_map(&namespace, &name)
                    .ok_or_else(|| unavailable(format!("the ConfigMap {namespace}/{name}")))
            }
            Origin::ApiCall { path: Some(path), select, default, reads: true } => {
                let path = text(path)?;
                let answer = source
                    .api(&path)
                    .ok_or_else(|| unavailable(format!("what the cluster's API answers at {path}")));
                or_default(answer.and_then(|answer| selected(&answer, select)), default)
            }
            Origin::ApiCall { .. } => {
                Err(unavailable(format!("the answer of the service that \"{}\" calls", self.name)))
            }
            Origin::Image { reference, select } => {
                let reference = text(reference)?;
                let image = source
                    .image(&reference)
                    .ok_or_else(|| unavailable(format!("what the registry says of the image {reference}")))?;
                selected(&image, select)
            }
            Origin::Global { name, select } => {
                let name = text(name)?;
                let value = source
                    .global(&name)
                    .ok_or_else(|| unavailable(format!("the global context entry \"{name}\"")))?;
                selected(&value, select)
            }
        }
    }
}
