//! What the search index holds of an entity: itself, and what can be looked for inside it.

use fairway_catalog::CatalogEntity;
use fairway_docs::{
    ApiDocument, ApiFormat, NamedSchema, Operation, api_document, operation_anchor, schema_anchor,
};
use fairway_domain::Entity;
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_search::SearchDocument;
use serde_json::Value;

use crate::search::{API_DOCUMENTS, CATALOG_DOCUMENTS};

/// Operations and schemas of one API that are found on their own; more are a machine's, not a person's.
const MOST_PARTS: usize = 500;
/// Words of a golden path's form that are read, and how deep.
const MOST_FORM_TEXTS: usize = 500;
const DEEPEST_FORM: usize = 12;

/// The kinds of what an API's definition offers, as answers are narrowed down by.
pub(crate) const OPERATION: &str = "Operation";
pub(crate) const SCHEMA: &str = "Schema";

/// What people look for most often comes first among equals.
fn weight(kind: &str) -> u8 {
    match kind {
        "component" => 5,
        "system" | "api" | "template" => 4,
        "group" | "environment" => 3,
        "domain" | "resource" => 2,
        "user" => 1,
        _ => 0,
    }
}

/// The documents that an entity is found by: the entity, then its parts.
pub(crate) fn documents(found: &CatalogEntity) -> Vec<SearchDocument> {
    let entity = found.entity();
    let mut documents = vec![document(found, &entity)];
    if found.reference().kind() == "api" {
        documents.extend(parts(found, &entity));
    }
    documents
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn attributes(found: &CatalogEntity, document: &str, kind: &str) -> Vec<(String, String)> {
    let attribute = |name: &str, value: String| (name.to_owned(), value);
    vec![
        attribute("document", document.to_owned()),
        attribute("kind", kind.to_owned()),
        attribute("namespace", found.reference().namespace().to_owned()),
        attribute("type", text(found.entity_type())),
        attribute("lifecycle", text(found.lifecycle())),
        attribute("owner", found.owner().map(ToString::to_string).unwrap_or_default()),
    ]
}

fn document(found: &CatalogEntity, entity: &Entity) -> SearchDocument {
    let reference = found.reference();
    let owner = found.owner();
    let mut labels = vec![found.kind().to_owned()];
    labels.extend([found.entity_type(), found.lifecycle()].into_iter().flatten().map(str::to_owned));
    labels.extend(entity.tags().map(str::to_owned));
    labels.extend(owner.map(|owner| owner.name().to_owned()));
    labels.extend(found.targets("partOf").map(|whole| whole.name().to_owned()));
    if reference.namespace() != DEFAULT_NAMESPACE {
        labels.push(found.namespace().to_owned());
    }
    let mut attributes = attributes(found, CATALOG_DOCUMENTS, found.kind());
    // What Backstage's documents are narrowed down by besides.
    attributes.push(("componentType".to_owned(), found.entity_type().unwrap_or("other").to_owned()));
    attributes.push(("title".to_owned(), found.title().to_owned()));
    SearchDocument {
        id: reference.to_string(),
        name: found.name().to_owned(),
        title: found.title().to_owned(),
        labels,
        description: text(found.description()),
        body: body(reference.kind(), entity).join("\n"),
        attributes,
        weight: weight(reference.kind()),
        ..SearchDocument::default()
    }
}

/// What else an entity is known by.
fn body<'a>(kind: &str, entity: &'a Entity) -> Vec<&'a str> {
    let profile = ["/profile/displayName", "/profile/email"];
    let mut body: Vec<&str> =
        profile.iter().filter_map(|at| entity.spec_pointer(at).and_then(Value::as_str)).collect();
    // Where its code and its dashboards are is known by these.
    let places = ["github.com/project-slug", "backstage.io/source-location"];
    body.extend(places.iter().filter_map(|it| entity.annotation(it)));
    let links = entity.metadata.get("links").and_then(Value::as_array);
    body.extend(links.into_iter().flatten().filter_map(|link| link.get("title")?.as_str()));
    if kind == "template"
        && let Some(form) = entity.spec.get("parameters")
    {
        form_texts(form, 0, &mut body);
    }
    body
}

/// The titles, descriptions and names of the fields of a form.
fn form_texts<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a str>) {
    if depth > DEEPEST_FORM || found.len() > MOST_FORM_TEXTS {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| form_texts(value, depth + 1, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("title" | "description", Value::String(text)) => found.push(text),
                    ("properties", Value::Object(properties)) => {
                        found.extend(properties.keys().map(String::as_str));
                        properties.values().for_each(|value| form_texts(value, depth + 2, found));
                    }
                    (_, value) => form_texts(value, depth + 1, found),
                }
            }
        }
        _ => {}
    }
}

/// The operations and schemas of an API whose definition can be read. Who wrote one that cannot sees why on its page.
fn parts(found: &CatalogEntity, entity: &Entity) -> Vec<SearchDocument> {
    let format = found.entity_type().and_then(ApiFormat::of_type);
    let (Some(format), Some(definition)) = (format, entity.spec_text("definition")) else {
        return Vec::new();
    };
    let Ok(document) = api_document(format, definition) else { return Vec::new() };
    let whole = found.reference().to_string();
    let part = |anchor: String, kind: &str, part: SearchDocument| SearchDocument {
        id: format!("{whole}#{anchor}"),
        part_of: whole.clone(),
        attributes: attributes(found, API_DOCUMENTS, kind),
        ..part
    };
    let operations = operations(&document);
    let operations = operations.map(|(anchor, group, it)| part(anchor, OPERATION, operation(group, it)));
    let schemas = document.schemas.iter().enumerate();
    let schemas = schemas.map(|(place, it)| part(schema_anchor(place), SCHEMA, schema(it)));
    operations.chain(schemas).take(MOST_PARTS).collect()
}

fn operations(document: &ApiDocument) -> impl Iterator<Item = (String, &str, &Operation)> {
    let all =
        document.groups.iter().flat_map(|group| group.operations.iter().map(|it| (group.name.as_str(), it)));
    all.zip(1..).map(|((group, it), number)| (operation_anchor(number), group, it))
}

fn operation(group: &str, it: &Operation) -> SearchDocument {
    let mut body: Vec<&str> = vec![it.description.as_str()];
    body.extend(it.parameters.iter().map(|parameter| parameter.name.as_str()));
    let messages = it.requests.iter().chain(&it.responses);
    body.extend(messages.map(|message| message.schema.type_name.text.as_str()));
    SearchDocument {
        title: format!("{} {}", it.verb, it.name),
        labels: vec![group.to_owned()],
        description: it.line().to_owned(),
        body: body.join("\n"),
        ..SearchDocument::default()
    }
}

fn schema(it: &NamedSchema) -> SearchDocument {
    let fields: Vec<&str> = it.schema.fields.iter().map(|field| field.name.as_str()).collect();
    SearchDocument {
        title: it.name.clone(),
        labels: vec![it.sort.clone()],
        description: it.description.lines().next().unwrap_or_default().to_owned(),
        body: fields.join("\n"),
        ..SearchDocument::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::form_texts;

    #[test]
    fn a_golden_path_is_known_by_what_its_form_asks() {
        let form = json!([{"title": "Where it runs", "required": ["zone"], "properties": {
            "zone": {"title": "Availability zone", "type": "string", "enum": ["a"]},
            "database": {"properties": {"engine": {"description": "Postgres or none"}}}}}]);
        let mut found = Vec::new();
        form_texts(&form, 0, &mut found);
        found.sort_unstable();
        assert_eq!(
            found,
            ["Availability zone", "Postgres or none", "Where it runs", "database", "engine", "zone"]
        );
    }
}
