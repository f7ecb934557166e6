//! AsyncAPI 2.x and 3.x.

use fairway_domain::Diagnostic;
use serde_json::Value;

use crate::api_document::schema::{constraints, described, flatten, type_name};
use crate::api_document::tree::{self, Tree, entries, items, reference, reference_name, text};
use crate::api_document::{
    ApiDocument, ApiFormat, ApiServer, Field, Message, NamedSchema, Operation, OperationGroup, Parameter,
};

pub(super) fn read(definition: &str) -> Result<ApiDocument, Box<Diagnostic>> {
    let root = tree::value(definition)?;
    let version = text(&root, "asyncapi");
    if version.is_empty() {
        let message = "the definition has no \"asyncapi\" with a version";
        let hint = "begin it with a line such as: asyncapi: 3.0.0";
        return Err(Box::new(Diagnostic::error("asyncapi-version", message).with_hint(hint)));
    }
    let nothing = Value::Null;
    let info = root.get("info").unwrap_or(&nothing);
    let tree = Tree::new(&root);
    let groups =
        if version.starts_with('2') { groups_of_two(&root, tree) } else { groups_of_three(&root, tree) };
    Ok(ApiDocument {
        format: ApiFormat::AsyncApi,
        format_version: version,
        title: text(info, "title"),
        version: text(info, "version"),
        description: text(info, "description"),
        servers: servers(&root, tree),
        groups,
        schemas: schemas(&root, tree),
        left_out: 0,
    })
}

fn servers(root: &Value, tree: Tree<'_>) -> Vec<ApiServer> {
    entries(root, "servers")
        .map(|(name, server)| {
            let server = tree.resolve(server);
            let place = [text(server, "url"), text(server, "host"), text(server, "pathname")].concat();
            let protocol = text(server, "protocol");
            let url = if place.contains("://") || protocol.is_empty() {
                place
            } else {
                format!("{protocol}://{place}")
            };
            let description = text(server, "description");
            ApiServer { url, description: if description.is_empty() { name.clone() } else { description } }
        })
        .collect()
}

/// In version 2 the channel holds its operations; `publish` is what an application may send to it.
fn groups_of_two(root: &Value, tree: Tree<'_>) -> Vec<OperationGroup> {
    entries(root, "channels")
        .map(|(address, channel)| {
            let channel = tree.resolve(channel);
            let found =
                ["publish", "subscribe"].into_iter().filter_map(|verb| Some((verb, channel.get(verb)?)));
            let operations = found.map(|(verb, it)| {
                let message = it.get("message");
                let several: Vec<&Value> = message.map_or_else(Vec::new, |message| {
                    let one_of: Vec<&Value> = items(message, "oneOf").collect();
                    if one_of.is_empty() { vec![message] } else { one_of }
                });
                Operation {
                    verb: verb.to_owned(),
                    name: address.clone(),
                    summary: text(it, "summary"),
                    description: text(it, "description"),
                    parameters: parameters(channel, tree),
                    requests: several.into_iter().map(|message| self::message(root, tree, message)).collect(),
                    ..Operation::default()
                }
            });
            OperationGroup {
                name: address.clone(),
                description: text(channel, "description"),
                operations: operations.collect(),
            }
        })
        .collect()
}

/// In version 3 operations name their channel, and messages that are left out are all of the channel's.
fn groups_of_three(root: &Value, tree: Tree<'_>) -> Vec<OperationGroup> {
    let mut groups: Vec<(String, OperationGroup)> = entries(root, "channels")
        .map(|(id, channel)| {
            let channel = tree.resolve(channel);
            let address = text(channel, "address");
            let group = OperationGroup {
                name: if address.is_empty() { id.clone() } else { address },
                description: text(channel, "description"),
                operations: Vec::new(),
            };
            (format!("#/channels/{id}"), group)
        })
        .collect();
    for (id, it) in entries(root, "operations") {
        let it = tree.resolve(it);
        let channel = it.get("channel").unwrap_or(&Value::Null);
        let target = reference(channel).unwrap_or_default();
        let place = tree.resolve(channel);
        let listed: Vec<&Value> = items(it, "messages").collect();
        let messages: Vec<&Value> = if listed.is_empty() {
            entries(place, "messages").map(|(_, message)| message).collect()
        } else {
            listed
        };
        let summary = text(it, "summary");
        let operation = Operation {
            verb: text(it, "action"),
            name: id.clone(),
            summary: if summary.is_empty() { text(it, "title") } else { summary },
            description: text(it, "description"),
            parameters: parameters(place, tree),
            requests: messages.into_iter().map(|message| self::message(root, tree, message)).collect(),
            responses: it
                .get("reply")
                .map(|reply| {
                    items(tree.resolve(reply), "messages").map(|one| message(root, tree, one)).collect()
                })
                .unwrap_or_default(),
            ..Operation::default()
        };
        match groups.iter_mut().find(|(channel, _)| channel == target) {
            Some((_, group)) => group.operations.push(operation),
            None => groups.push((
                target.to_owned(),
                OperationGroup {
                    name: reference_name(target).to_owned(),
                    description: String::new(),
                    operations: vec![operation],
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn parameters(channel: &Value, tree: Tree<'_>) -> Vec<Parameter> {
    entries(channel, "parameters")
        .map(|(name, it)| {
            let it = tree.resolve(it);
            // Version 3 writes the values beside the name.
            let schema = it.get("schema").unwrap_or(it);
            let known = schema.get("type").is_some() || reference(schema).is_some();
            let mut type_name = type_name(schema);
            if !known {
                "string".clone_into(&mut type_name.text);
            }
            Parameter {
                name: name.clone(),
                place: "channel".to_owned(),
                required: true,
                type_name,
                constraints: constraints(schema),
                description: text(it, "description"),
            }
        })
        .collect()
}

fn message(root: &Value, tree: Tree<'_>, it: &Value) -> Message {
    let fallback = reference(it).map(reference_name).unwrap_or_default();
    let it = tree.resolve(it);
    let name = text(it, "name");
    let media_type = text(it, "contentType");
    let described_as = [text(it, "title"), text(it, "summary"), text(it, "description")];
    let payload = it.get("payload").map(|payload| payload.get("schema").unwrap_or(payload));
    let mut schema = payload.map(|payload| flatten(tree, payload)).unwrap_or_default();
    if let Some(headers) = it.get("headers") {
        let headers = described(tree, headers);
        let below = |field: Field| Field { name: format!("header {}", field.name), ..field };
        schema.fields.extend(headers.fields.into_iter().map(below));
    }
    Message {
        name: if name.is_empty() { fallback.to_owned() } else { name },
        media_type: if media_type.is_empty() { text(root, "defaultContentType") } else { media_type },
        description: described_as
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n"),
        schema,
    }
}

fn schemas(root: &Value, tree: Tree<'_>) -> Vec<NamedSchema> {
    let components = root.get("components").unwrap_or(&Value::Null);
    entries(components, "schemas")
        .map(|(name, schema)| NamedSchema {
            name: name.clone(),
            sort: String::new(),
            description: text(schema, "description"),
            schema: described(tree, schema),
        })
        .collect()
}
