//! OpenAPI 2.0 (Swagger), 3.0 and 3.1.

use fairway_domain::Diagnostic;
use serde_json::Value;

use crate::api_document::schema::{constraints, described, flatten, type_name};
use crate::api_document::tree::{self, Tree, entries, flag, items, reference, text};
use crate::api_document::{
    ApiDocument, ApiFormat, ApiServer, Message, NamedSchema, Operation, OperationGroup, Parameter, Schema,
};

const VERBS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(super) fn read(definition: &str) -> Result<ApiDocument, Box<Diagnostic>> {
    let root = tree::value(definition)?;
    let version = [text(&root, "openapi"), text(&root, "swagger")].concat();
    if version.is_empty() {
        let message = "the definition has neither \"openapi\" nor \"swagger\" with a version";
        let hint = "begin it with a line such as: openapi: 3.1.0";
        return Err(Box::new(Diagnostic::error("openapi-version", message).with_hint(hint)));
    }
    let nothing = Value::Null;
    let info = root.get("info").unwrap_or(&nothing);
    let tree = Tree::new(&root);
    let described_as = text(info, "description");
    Ok(ApiDocument {
        format: ApiFormat::OpenApi,
        format_version: version,
        title: text(info, "title"),
        version: text(info, "version"),
        description: if described_as.is_empty() { text(info, "summary") } else { described_as },
        servers: servers(&root),
        groups: groups(&root, tree),
        schemas: schemas(&root, tree),
        left_out: 0,
    })
}

fn servers(root: &Value) -> Vec<ApiServer> {
    let listed: Vec<ApiServer> = items(root, "servers")
        .map(|server| ApiServer { url: text(server, "url"), description: text(server, "description") })
        .collect();
    let host = text(root, "host");
    if !listed.is_empty() || host.is_empty() {
        return listed;
    }
    let base = text(root, "basePath");
    let schemes = items(root, "schemes").filter_map(Value::as_str);
    let schemes: Vec<&str> = schemes.collect();
    let schemes = if schemes.is_empty() { vec!["https"] } else { schemes };
    let url =
        |scheme: &str| ApiServer { url: format!("{scheme}://{host}{base}"), description: String::new() };
    schemes.into_iter().map(url).collect()
}

/// Operations under their first tag, tags in the order of `tags`, then of appearance.
fn groups(root: &Value, tree: Tree<'_>) -> Vec<OperationGroup> {
    let mut groups: Vec<OperationGroup> = items(root, "tags")
        .map(|tag| OperationGroup {
            name: text(tag, "name"),
            description: text(tag, "description"),
            operations: Vec::new(),
        })
        .collect();
    let webhooks = entries(root, "webhooks").map(|(name, item)| (name, item, true));
    for (path, item, is_webhook) in
        entries(root, "paths").map(|(path, item)| (path, item, false)).chain(webhooks)
    {
        let item = tree.resolve(item);
        for (verb, operation) in VERBS.iter().filter_map(|verb| Some((*verb, item.get(*verb)?))) {
            let tag = items(operation, "tags").find_map(Value::as_str);
            let name = tag.unwrap_or(if is_webhook { "Webhooks" } else { "" });
            let read = self::operation(root, tree, path, verb, item, operation);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.operations.push(read),
                None => groups.push(OperationGroup {
                    name: name.to_owned(),
                    description: String::new(),
                    operations: vec![read],
                }),
            }
        }
    }
    groups
}

fn operation(root: &Value, tree: Tree<'_>, path: &str, verb: &str, item: &Value, it: &Value) -> Operation {
    let shared: Vec<&Value> = items(item, "parameters").map(|one| tree.resolve(one)).collect();
    let own: Vec<&Value> = items(it, "parameters").map(|one| tree.resolve(one)).collect();
    let key = |one: &Value| (text(one, "name"), text(one, "in"));
    let overridden = |one: &&&Value| own.iter().any(|mine| key(mine) == key(one));
    let all: Vec<&Value> = shared.iter().filter(|one| !overridden(one)).chain(&own).copied().collect();
    let (bodies, parameters): (Vec<&Value>, Vec<&Value>) =
        all.into_iter().partition(|one| text(one, "in") == "body");
    let mut requests: Vec<Message> = bodies.iter().map(|body| swagger_body(root, tree, it, body)).collect();
    if let Some(body) = it.get("requestBody") {
        requests.extend(contents(tree, tree.resolve(body), ""));
    }
    let produced = media_types(root, it, "produces");
    let responses = entries(it, "responses").flat_map(|(status, response)| {
        let response = tree.resolve(response);
        match response.get("schema") {
            Some(schema) => vec![Message {
                name: status.clone(),
                media_type: produced.clone(),
                description: text(response, "description"),
                schema: flatten(tree, schema),
            }],
            None => contents(tree, response, status),
        }
    });
    let responses = responses.collect();
    let security = it.get("security").or_else(|| root.get("security"));
    let named = security.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    Operation {
        verb: verb.to_uppercase(),
        name: path.to_owned(),
        summary: text(it, "summary"),
        description: text(it, "description"),
        deprecated: flag(it, "deprecated"),
        security: named
            .map(|scheme| scheme.keys().map(String::as_str).collect::<Vec<_>>().join(" and "))
            .filter(|name| !name.is_empty())
            .collect(),
        parameters: parameters.into_iter().map(|one| parameter(tree, one)).collect(),
        requests,
        responses,
    }
}

fn media_types(root: &Value, operation: &Value, key: &str) -> String {
    let own = if operation.get(key).is_some() { operation } else { root };
    items(own, key).filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn swagger_body(root: &Value, tree: Tree<'_>, operation: &Value, body: &Value) -> Message {
    Message {
        name: String::new(),
        media_type: media_types(root, operation, "consumes"),
        description: text(body, "description"),
        schema: body.get("schema").map(|schema| flatten(tree, schema)).unwrap_or_default(),
    }
}

/// A message for each media type; one without a body when there is none.
fn contents(tree: Tree<'_>, body: &Value, name: &str) -> Vec<Message> {
    let message = |media_type: &str, schema: Schema| Message {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        description: text(body, "description"),
        schema,
    };
    let listed: Vec<Message> = entries(body, "content")
        .map(|(media_type, content)| {
            message(media_type, content.get("schema").map(|it| flatten(tree, it)).unwrap_or_default())
        })
        .collect();
    if listed.is_empty() { vec![message("", Schema::default())] } else { listed }
}

fn parameter(tree: Tree<'_>, it: &Value) -> Parameter {
    // Swagger writes the type beside the name; OpenAPI below `schema`, or below a media type.
    let content = it.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let schema = it.get("schema").or_else(|| content.and_then(|content| content.get("schema"))).unwrap_or(it);
    Parameter {
        name: text(it, "name"),
        place: text(it, "in"),
        required: flag(it, "required"),
        type_name: type_name(schema),
        constraints: constraints(if reference(schema).is_some() { tree.resolve(schema) } else { schema }),
        description: text(it, "description"),
    }
}

fn schemas(root: &Value, tree: Tree<'_>) -> Vec<NamedSchema> {
    let components = root.get("components").unwrap_or(&Value::Null);
    entries(components, "schemas")
        .chain(entries(root, "definitions"))
        .map(|(name, schema)| {
            let mut flat = described(tree, schema);
            let values = constraints(schema);
            if flat.fields.is_empty() && !values.is_empty() {
                flat.type_name.text = format!("{}, {values}", flat.type_name.text);
            }
            let sort = if schema.get("enum").is_some() { "enum" } else { "" };
            NamedSchema {
                name: name.clone(),
                sort: sort.to_owned(),
                description: text(schema, "description"),
                schema: flat,
            }
        })
        .collect()
}
