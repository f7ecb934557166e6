//! GraphQL's schema language, by the specification of October 2021.

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::Parser;
use apollo_parser::cst::{self, CstNode, Definition};
use fairway_domain::Diagnostic;

use crate::api_document::{
    ApiDocument, ApiFormat, Field, Message, NamedSchema, Operation, OperationGroup, Parameter, Schema,
    TypeName, diagnostic_at,
};

/// Bounds of the parser: brackets inside brackets, and words.
const MAX_NESTING: usize = 100;
const MAX_TOKENS: usize = 1_000_000;

pub(super) fn read(definition: &str) -> Result<ApiDocument, Box<Diagnostic>> {
    let parsed = Parser::new(definition).recursion_limit(MAX_NESTING).token_limit(MAX_TOKENS).parse();
    if let Some(error) = parsed.errors().next() {
        return Err(diagnostic_at(definition, error.index(), "graphql-syntax", error.message().to_owned()));
    }
    let document = parsed.document();
    let mut reading = Reading::default();
    for definition in document.definitions() {
        reading.take(&definition);
    }
    Ok(reading.finish())
}

#[derive(Default)]
struct Reading {
    description: String,
    /// Root types by operation, where `schema { … }` names them.
    roots: BTreeMap<String, String>,
    schemas: Vec<NamedSchema>,
    /// Fields with arguments, by type, for the root types.
    operations: BTreeMap<String, Vec<Operation>>,
}

impl Reading {
    fn take(&mut self, definition: &Definition) {
        let name = definition.name().map(|name| name.text().to_string()).unwrap_or_default();
        match definition {
            Definition::SchemaDefinition(it) => {
                self.description = described(it.description());
                self.roots(it.root_operation_type_definitions());
            }
            Definition::SchemaExtension(it) => self.roots(it.root_operation_type_definitions()),
            Definition::ScalarTypeDefinition(it) => {
                self.put(&name, "scalar", described(it.description()), Vec::new(), String::new());
            }
            Definition::ObjectTypeDefinition(it) => {
                let implements =
                    it.implements_interfaces().map(|it| names(it.named_types())).unwrap_or_default();
                self.fields(&name, it.fields_definition());
                self.put(
                    &name,
                    "type",
                    described(it.description()),
                    fields(it.fields_definition()),
                    implements,
                );
            }
            Definition::ObjectTypeExtension(it) => {
                self.fields(&name, it.fields_definition());
                self.put(&name, "type", String::new(), fields(it.fields_definition()), String::new());
            }
            Definition::InterfaceTypeDefinition(it) => {
                self.put(
                    &name,
                    "interface",
                    described(it.description()),
                    fields(it.fields_definition()),
                    String::new(),
                );
            }
            Definition::InterfaceTypeExtension(it) => {
                self.put(&name, "interface", String::new(), fields(it.fields_definition()), String::new());
            }
            Definition::UnionTypeDefinition(it) => {
                let members = it.union_member_types().map(|it| names(it.named_types())).unwrap_or_default();
                self.put(
                    &name,
                    "union",
                    described(it.description()),
                    Vec::new(),
                    members.replace(", ", " or "),
                );
            }
            Definition::UnionTypeExtension(it) => {
                let members = it.union_member_types().map(|it| names(it.named_types())).unwrap_or_default();
                self.put(&name, "union", String::new(), Vec::new(), members.replace(", ", " or "));
            }
            Definition::EnumTypeDefinition(it) => {
                self.put(
                    &name,
                    "enum",
                    described(it.description()),
                    values(it.enum_values_definition()),
                    String::new(),
                );
            }
            Definition::EnumTypeExtension(it) => {
                self.put(&name, "enum", String::new(), values(it.enum_values_definition()), String::new());
            }
            Definition::InputObjectTypeDefinition(it) => {
                let fields = inputs(it.input_fields_definition());
                self.put(&name, "input", described(it.description()), fields, String::new());
            }
            Definition::InputObjectTypeExtension(it) => {
                self.put(&name, "input", String::new(), inputs(it.input_fields_definition()), String::new());
            }
            // Directives are for tools, and queries do not belong to a schema.
            Definition::ScalarTypeExtension(_)
            | Definition::DirectiveDefinition(_)
            | Definition::OperationDefinition(_)
            | Definition::FragmentDefinition(_) => {}
        }
    }

    fn roots(&mut self, listed: impl Iterator<Item = cst::RootOperationTypeDefinition>) {
        for root in listed {
            let operation = root.operation_type().map(|it| source(&it)).unwrap_or_default();
            let target = root.named_type().map(|it| source(&it)).unwrap_or_default();
            self.roots.insert(operation, target);
        }
    }

    /// Adds to a type, which extensions may do before or after its definition.
    fn put(&mut self, name: &str, sort: &str, description: String, fields: Vec<Field>, text: String) {
        if let Some(known) = self.schemas.iter_mut().find(|known| known.name == name) {
            known.schema.fields.extend(fields);
            if known.description.is_empty() {
                known.description = description;
            }
            for part in [text] {
                if !part.is_empty() {
                    known.schema.type_name.text = [&known.schema.type_name.text, part.as_str()].join(" or ");
                }
            }
            return;
        }
        let text = match (sort, text.as_str()) {
            ("type", "") => String::new(),
            ("type", implemented) => format!("implements {implemented}"),
            _ => text,
        };
        self.schemas.push(NamedSchema {
            name: name.to_owned(),
            sort: sort.to_owned(),
            description,
            schema: Schema { type_name: TypeName { text, target: None }, fields },
        });
    }

    fn fields(&mut self, owner: &str, listed: Option<cst::FieldsDefinition>) {
        let operations =
            listed.into_iter().flat_map(|it| it.field_definitions()).map(|field| operation(&field));
        self.operations.entry(owner.to_owned()).or_default().extend(operations);
    }

    fn finish(mut self) -> ApiDocument {
        let kinds = [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")];
        let named = !self.roots.is_empty();
        let mut groups = Vec::new();
        let mut is_root = BTreeSet::new();
        for (verb, usual) in kinds {
            let owner = match self.roots.get(verb) {
                Some(owner) => owner.clone(),
                None if named => continue,
                None => usual.to_owned(),
            };
            let Some(operations) = self.operations.remove(&owner) else { continue };
            let operations =
                operations.into_iter().map(|it| Operation { verb: verb.to_owned(), ..it }).collect();
            let described = self.schemas.iter().find(|schema| schema.name == owner);
            let description = described.map(|schema| schema.description.clone()).unwrap_or_default();
            is_root.insert(owner.clone());
            groups.push(OperationGroup { name: owner, description, operations });
        }
        self.schemas.retain(|schema| !is_root.contains(&schema.name));
        let known: BTreeSet<String> = self.schemas.iter().map(|schema| schema.name.clone()).collect();
        let link = |type_name: &mut TypeName| {
            type_name.target = type_name.target.take().filter(|target| known.contains(target));
        };
        for schema in &mut self.schemas {
            schema.schema.fields.iter_mut().for_each(|field| link(&mut field.type_name));
        }
        for operation in groups.iter_mut().flat_map(|group| &mut group.operations) {
            operation.parameters.iter_mut().for_each(|it| link(&mut it.type_name));
            operation.responses.iter_mut().for_each(|it| link(&mut it.schema.type_name));
        }
        ApiDocument {
            format: ApiFormat::GraphQl,
            format_version: String::new(),
            title: String::new(),
            version: String::new(),
            description: self.description,
            servers: Vec::new(),
            groups,
            schemas: self.schemas,
            left_out: 0,
        }
    }
}

fn operation(field: &cst::FieldDefinition) -> Operation {
    let returned = field.ty().map(|it| type_name(&it)).unwrap_or_default();
    let (deprecated, _) = deprecation(field.directives());
    let parameters = field.arguments_definition().into_iter().flat_map(|it| it.input_value_definitions());
    Operation {
        name: field.name().map(|name| name.text().to_string()).unwrap_or_default(),
        description: described(field.description()),
        deprecated,
        parameters: parameters
            .map(|argument| {
                let type_name = argument.ty().map(|it| type_name(&it)).unwrap_or_default();
                Parameter {
                    name: argument.name().map(|name| name.text().to_string()).unwrap_or_default(),
                    place: "argument".to_owned(),
                    required: type_name.text.ends_with('!') && argument.default_value().is_none(),
                    type_name,
                    constraints: default_value(argument.default_value()),
                    description: described(argument.description()),
                }
            })
            .collect(),
        responses: vec![Message {
            name: String::new(),
            media_type: String::new(),
            description: String::new(),
            schema: Schema { type_name: returned, fields: Vec::new() },
        }],
        ..Operation::default()
    }
}

fn fields(listed: Option<cst::FieldsDefinition>) -> Vec<Field> {
    let listed = listed.into_iter().flat_map(|it| it.field_definitions());
    listed
        .map(|field| {
            let type_name = field.ty().map(|it| type_name(&it)).unwrap_or_default();
            let arguments: Vec<String> = field
                .arguments_definition()
                .into_iter()
                .flat_map(|it| it.input_value_definitions())
                .filter_map(|argument| {
                    Some(format!("{}: {}", argument.name()?.text(), source(&argument.ty()?)))
                })
                .collect();
            let (deprecated, reason) = deprecation(field.directives());
            let called =
                if arguments.is_empty() { String::new() } else { format!("takes {}", arguments.join(", ")) };
            row(
                field.name().map(|name| name.text().to_string()).unwrap_or_default(),
                type_name,
                deprecated,
                [called, reason].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; "),
                described(field.description()),
            )
        })
        .collect()
}

fn inputs(listed: Option<cst::InputFieldsDefinition>) -> Vec<Field> {
    let listed = listed.into_iter().flat_map(|it| it.input_value_definitions());
    listed
        .map(|field| {
            let type_name = field.ty().map(|it| type_name(&it)).unwrap_or_default();
            let (deprecated, _) = deprecation(field.directives());
            let name = field.name().map(|name| name.text().to_string()).unwrap_or_default();
            row(
                name,
                type_name,
                deprecated,
                default_value(field.default_value()),
                described(field.description()),
            )
        })
        .collect()
}

fn values(listed: Option<cst::EnumValuesDefinition>) -> Vec<Field> {
    let listed = listed.into_iter().flat_map(|it| it.enum_value_definitions());
    listed
        .map(|value| {
            let (deprecated, reason) = deprecation(value.directives());
            let name = value.enum_value().map(|it| source(&it)).unwrap_or_default();
            row(name, TypeName::default(), deprecated, reason, described(value.description()))
        })
        .collect()
}

fn row(
    name: String,
    type_name: TypeName,
    deprecated: bool,
    constraints: String,
    description: String,
) -> Field {
    let required = type_name.text.ends_with('!');
    Field { depth: 0, name, type_name, required, deprecated, constraints, description }
}

fn type_name(it: &cst::Type) -> TypeName {
    let text = source(it);
    let target = text.trim_matches(['[', ']', '!']).to_owned();
    TypeName { text, target: Some(target) }
}

fn names(listed: impl Iterator<Item = cst::NamedType>) -> String {
    listed.map(|it| source(&it)).collect::<Vec<_>>().join(", ")
}

fn default_value(it: Option<cst::DefaultValue>) -> String {
    let value = it.and_then(|it| it.value()).map(|it| source(&it));
    value.map(|value| format!("default {value}")).unwrap_or_default()
}

fn deprecation(listed: Option<cst::Directives>) -> (bool, String) {
    let mut listed = listed.into_iter().flat_map(|it| it.directives());
    let found = listed.find(|it| it.name().is_some_and(|name| name.text() == "deprecated"));
    let reason = found.as_ref().and_then(cst::Directive::arguments).and_then(|it| it.arguments().next());
    let reason = reason.and_then(|it| it.value()).map(|it| source(&it).trim_matches('"').to_owned());
    (found.is_some(), reason.unwrap_or_default())
}

/// The text of a node without comments, on one line.
fn source(node: &impl CstNode) -> String {
    node.source_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of a description: block strings lose the indentation that their lines share.
fn described(description: Option<cst::Description>) -> String {
    let Some(value) = description.and_then(|it| it.string_value()) else { return String::new() };
    String::from(value)
}
