//! Protocol Buffers: services and messages of one `.proto` file.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::api_document::{
    ApiDocument, ApiFormat, Field, Message, NamedSchema, Operation, OperationGroup, Schema, TypeName,
    diagnostic_at,
};

/// Braces inside braces that are still read; the parser itself goes deeper than a page can show.
const MAX_NESTING: usize = 60;

pub(super) fn read(definition: &str) -> Result<ApiDocument, Box<Diagnostic>> {
    if nesting(definition) > MAX_NESTING {
        let message = format!("more than {MAX_NESTING} braces or brackets inside one another");
        return Err(Box::new(Diagnostic::error("protobuf-nesting", message)));
    }
    let file = protox_parse::parse("definition.proto", definition).map_err(|error| {
        // The error's text ends in its cause, and its own place is a debug print: "file:line:column".
        let text = error.to_string();
        let place = format!("{error:?}");
        let (line, column) = place_in(&place).unwrap_or((1, 1));
        let byte: usize = definition.split_inclusive('\n').take(line - 1).map(str::len).sum();
        diagnostic_at(definition, byte + column - 1, "protobuf-syntax", text)
    })?;
    let comments = Comments::of(&file);
    let mut schemas = Vec::new();
    for (index, message) in file.message_type.iter().enumerate() {
        take(message, "", &[4, index], &comments, &mut schemas);
    }
    for (index, found) in file.enum_type.iter().enumerate() {
        schemas.push(enumeration(found, "", &[5, index], &comments));
    }
    let known: BTreeSet<String> = schemas.iter().map(|schema| schema.name.clone()).collect();
    for schema in &mut schemas {
        let scope = schema.name.clone();
        schema
            .schema
            .fields
            .iter_mut()
            .for_each(|field| link(&mut field.type_name, &scope, file.package(), &known));
    }
    let groups = services(&file, &comments, &known);
    Ok(ApiDocument {
        format: ApiFormat::Grpc,
        format_version: file.syntax().to_owned(),
        title: file.package().to_owned(),
        version: String::new(),
        description: String::new(),
        servers: Vec::new(),
        groups,
        schemas,
        left_out: 0,
    })
}

fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'<' => depth += 1,
            b'}' | b']' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The first `line:column` in a text.
fn place_in(text: &str) -> Option<(usize, usize)> {
    let after = text.split("definition.proto:").nth(1)?;
    let mut parts = after.split(|letter: char| !letter.is_ascii_digit());
    let line: usize = parts.next()?.parse().ok()?;
    let column: usize = parts.next()?.parse().ok()?;
    Some((line.max(1), column.max(1)))
}

/// Comments by the path of what they stand before.
struct Comments(BTreeMap<Vec<i32>, String>);

impl Comments {
    fn of(file: &FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let said = |location: &prost_types::source_code_info::Location| {
            let text = [location.leading_comments(), location.trailing_comments()].join("\n");
            let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
            let text = lines.join("\n").trim().to_owned();
            (!text.is_empty()).then(|| (location.path.clone(), text))
        };
        Self(locations.filter_map(said).collect())
    }

    fn at(&self, path: &[usize]) -> String {
        let path: Vec<i32> = path.iter().map(|part| *part as i32).collect();
        self.0.get(&path).cloned().unwrap_or_default()
    }
}

fn below(path: &[usize], more: [usize; 2]) -> Vec<usize> {
    path.iter().copied().chain(more).collect()
}

fn inside(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn take(
    it: &DescriptorProto,
    scope: &str,
    path: &[usize],
    comments: &Comments,
    schemas: &mut Vec<NamedSchema>,
) {
    let name = inside(scope, it.name());
    let is_entry =
        |inner: &&DescriptorProto| inner.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
    let maps: BTreeMap<&str, &DescriptorProto> =
        it.nested_type.iter().filter(is_entry).map(|entry| (entry.name(), entry)).collect();
    let fields = it.field.iter().enumerate().map(|(index, found)| {
        let description = comments.at(&below(path, [2, index]));
        field(found, it, &maps, description)
    });
    schemas.push(NamedSchema {
        name: name.clone(),
        sort: "message".to_owned(),
        description: comments.at(path),
        schema: Schema { type_name: TypeName::default(), fields: fields.collect() },
    });
    for (index, inner) in it.nested_type.iter().enumerate().filter(|(_, inner)| !is_entry(inner)) {
        take(inner, &name, &below(path, [3, index]), comments, schemas);
    }
    for (index, inner) in it.enum_type.iter().enumerate() {
        schemas.push(enumeration(inner, &name, &below(path, [4, index]), comments));
    }
}

fn field(
    it: &FieldDescriptorProto,
    message: &DescriptorProto,
    maps: &BTreeMap<&str, &DescriptorProto>,
    description: String,
) -> Field {
    let last = it.type_name().rsplit('.').next().unwrap_or_default();
    let type_name = if let Some(entry) = maps.get(last) {
        let part = |index: usize| entry.field.get(index).map(written).unwrap_or_default();
        let value = part(1);
        TypeName { text: format!("map of {} to {}", part(0).text, value.text), target: value.target }
    } else {
        let plain = written(it);
        if it.label() == Label::Repeated {
            TypeName { text: format!("repeated {}", plain.text), ..plain }
        } else {
            plain
        }
    };
    let choice = it
        .oneof_index
        .filter(|_| !it.proto3_optional())
        .and_then(|index| message.oneof_decl.get(index as usize));
    let mut said = vec![format!("number {}", it.number())];
    said.extend(choice.map(|choice| format!("one of {}", choice.name())));
    if it.proto3_optional() {
        said.push("optional".to_owned());
    }
    if !it.default_value().is_empty() {
        said.push(format!("default {}", it.default_value()));
    }
    Field {
        depth: 0,
        name: it.name().to_owned(),
        type_name,
        required: it.label() == Label::Required,
        deprecated: it.options.as_ref().is_some_and(prost_types::FieldOptions::deprecated),
        constraints: said.join("; "),
        description,
    }
}

/// The type as the file writes it; messages and enums lead to their place.
fn written(it: &FieldDescriptorProto) -> TypeName {
    if !it.type_name().is_empty() {
        let name = it.type_name().trim_start_matches('.').to_owned();
        return TypeName { text: name.clone(), target: Some(name) };
    }
    let text = Type::try_from(it.r#type.unwrap_or_default())
        .map(|found| found.as_str_name().trim_start_matches("TYPE_").to_lowercase())
        .unwrap_or_default();
    TypeName { text, target: None }
}

fn enumeration(it: &EnumDescriptorProto, scope: &str, path: &[usize], comments: &Comments) -> NamedSchema {
    let fields = it.value.iter().enumerate().map(|(index, value)| Field {
        depth: 0,
        name: value.name().to_owned(),
        type_name: TypeName::default(),
        required: false,
        deprecated: value.options.as_ref().is_some_and(prost_types::EnumValueOptions::deprecated),
        constraints: format!("number {}", value.number()),
        description: comments.at(&below(path, [2, index])),
    });
    NamedSchema {
        name: inside(scope, it.name()),
        sort: "enum".to_owned(),
        description: comments.at(path),
        schema: Schema { type_name: TypeName::default(), fields: fields.collect() },
    }
}

/// Finds a name the way protobuf does: in the innermost scope first, then outwards.
fn link(type_name: &mut TypeName, scope: &str, package: &str, known: &BTreeSet<String>) {
    let Some(target) = type_name.target.take() else { return };
    let in_package = format!("{package}.");
    let target = target.strip_prefix(&in_package).unwrap_or(&target).to_owned();
    let mut scope = scope;
    loop {
        let candidate = inside(scope, &target);
        if known.contains(&candidate) {
            type_name.target = Some(candidate);
            return;
        }
        if scope.is_empty() {
            return;
        }
        scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
}

fn services(
    file: &FileDescriptorProto,
    comments: &Comments,
    known: &BTreeSet<String>,
) -> Vec<OperationGroup> {
    let message = |name: &str, streams: bool| {
        let mut type_name =
            written(&FieldDescriptorProto { type_name: Some(name.to_owned()), ..Default::default() });
        link(&mut type_name, "", file.package(), known);
        Message {
            name: if streams { "stream".to_owned() } else { String::new() },
            media_type: String::new(),
            description: String::new(),
            schema: Schema { type_name, fields: Vec::new() },
        }
    };
    let services = file.service.iter().enumerate().map(|(index, service)| {
        let operations = service.method.iter().enumerate().map(|(method_index, method)| Operation {
            verb: "rpc".to_owned(),
            name: method.name().to_owned(),
            description: comments.at(&[6, index, 2, method_index]),
            deprecated: method.options.as_ref().is_some_and(prost_types::MethodOptions::deprecated),
            requests: vec![message(method.input_type(), method.client_streaming())],
            responses: vec![message(method.output_type(), method.server_streaming())],
            ..Operation::default()
        });
        OperationGroup {
            name: service.name().to_owned(),
            description: comments.at(&[6, index]),
            operations: operations.collect(),
        }
    });
    services.collect()
}
