#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{ApiDocument, ApiFormat, Field, Operation, api_document};

fn example(name: &str) -> String {
    let path = format!("{}/../../examples/acme/apis/definitions/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn operation<'a>(document: &'a ApiDocument, name: &str) -> &'a Operation {
    document.groups.iter().flat_map(|group| &group.operations).find(|it| it.name == name).unwrap()
}

fn field<'a>(fields: &'a [Field], name: &str) -> &'a Field {
    fields.iter().find(|field| field.name == name).unwrap()
}

#[test]
fn openapi_has_operations_with_parameters_bodies_and_linked_schemas() {
    let document = api_document(ApiFormat::OpenApi, &example("payments.openapi.yaml")).unwrap();
    assert_eq!((document.title.as_str(), document.version.as_str()), ("Payments API", "1.9.2"));
    assert_eq!(document.servers[0].url, "https://payments.apps.acme.example");

    let refund = operation(&document, "/v1/payments/{paymentId}/refunds");
    assert_eq!(refund.verb, "POST");
    assert_eq!(refund.parameters[0].name, "paymentId");
    assert_eq!(refund.parameters[0].type_name.text, "string (uuid)");
    assert!(refund.parameters[0].required);
    let reason = field(&refund.requests[0].schema.fields, "reason");
    assert_eq!(reason.constraints, "one of return, cancellation, goodwill");
    assert_eq!(refund.security, ["service"]);

    let read = operation(&document, "/v1/payments/{paymentId}");
    assert_eq!(read.responses[0].schema.type_name.target.as_deref(), Some("Payment"));
    let payment = document.schemas.iter().find(|schema| schema.name == "Payment").unwrap();
    assert!(field(&payment.schema.fields, "state").required);
}

#[test]
fn swagger_is_read_as_well() {
    let text = r##"{"swagger": "2.0", "info": {"title": "Old", "version": 1.2}, "host": "old.example", "basePath": "/v1",
        "consumes": ["application/json"],
        "paths": {"/pets": {"post": {"parameters": [
            {"in": "body", "name": "pet", "schema": {"$ref": "#/definitions/Pet"}},
            {"in": "query", "name": "dry", "type": "boolean"}], "responses": {"200": {"description": "made"}}}}},
        "definitions": {"Pet": {"properties": {"tags": {"type": "array", "items": {"type": "string"}}}}}}"##;
    let document = api_document(ApiFormat::OpenApi, text).unwrap();
    assert_eq!(document.version, "1.2");
    assert_eq!(document.servers[0].url, "https://old.example/v1");
    let post = operation(&document, "/pets");
    assert_eq!(post.requests[0].schema.type_name.target.as_deref(), Some("Pet"));
    assert_eq!(post.parameters[0].type_name.text, "boolean");
    assert_eq!(document.schemas[0].schema.fields[0].type_name.text, "array of string");
}

#[test]
fn a_schema_that_holds_itself_ends() {
    let text = r##"
openapi: 3.0.0
paths: {}
components:
  schemas:
    Loop: {$ref: "#/components/schemas/Loop"}
    Node:
      properties:
        children: {type: array, items: {$ref: "#/components/schemas/Node"}}
"##;
    let document = api_document(ApiFormat::OpenApi, text).unwrap();
    let node = document.schemas.iter().find(|schema| schema.name == "Node").unwrap();
    assert_eq!(node.schema.fields[0].type_name.text, "array of Node");
}

#[test]
fn asyncapi_of_version_three_groups_by_channel_and_shows_payload_and_headers() {
    let document = api_document(ApiFormat::AsyncApi, &example("order-events.asyncapi.yaml")).unwrap();
    assert_eq!(document.groups[0].name, "checkout.orders.v2");
    let send = operation(&document, "publishOrderEvents");
    assert_eq!(send.verb, "send");
    let placed = send.requests.iter().find(|message| message.name == "OrderPlaced").unwrap();
    assert_eq!(placed.media_type, "application/json");
    assert_eq!(field(&placed.schema.fields, "quantity").depth, 1);
    assert!(field(&placed.schema.fields, "header ce_id").required);
}

#[test]
fn asyncapi_of_version_two_holds_operations_in_channels() {
    let text = "
asyncapi: 2.6.0
info: {title: Lights, version: 1.0.0}
channels:
  light/{id}/measured:
    parameters: {id: {schema: {type: string}}}
    subscribe:
      summary: Hear of a measurement
      message: {name: measured, payload: {type: object, properties: {lumens: {type: integer, minimum: 0}}}}
";
    let document = api_document(ApiFormat::AsyncApi, text).unwrap();
    let hear = operation(&document, "light/{id}/measured");
    assert_eq!((hear.verb.as_str(), hear.parameters[0].name.as_str()), ("subscribe", "id"));
    assert_eq!(field(&hear.requests[0].schema.fields, "lumens").constraints, "at least 0");
}

#[test]
fn graphql_has_root_fields_as_operations_and_types_with_links() {
    let document = api_document(ApiFormat::GraphQl, &example("storefront.graphql")).unwrap();
    let products = operation(&document, "products");
    assert_eq!(products.verb, "query");
    assert_eq!(products.description, "Products that match, best first.");
    assert_eq!(products.parameters[2].constraints, "default 24");
    assert_eq!(products.responses[0].schema.type_name.text, "ProductConnection!");
    assert_eq!(products.responses[0].schema.type_name.target.as_deref(), Some("ProductConnection"));
    assert!(!document.schemas.iter().any(|schema| schema.name == "Query"));
    let money = document.schemas.iter().find(|schema| schema.name == "Money").unwrap();
    assert_eq!(
        field(&money.schema.fields, "currency").type_name.target,
        None,
        "String is no type of this schema"
    );
}

#[test]
fn grpc_has_services_with_streams_and_the_comments_above_them() {
    let text = r#"
syntax = "proto3";
package acme.stock.v1;
// Counts what lies on the shelves.
service Stock {
  // Streams every change.
  rpc Watch(WatchRequest) returns (stream Availability);
}
message WatchRequest { map<string, Availability> by_sku = 1; oneof which { string sku = 2; Inner inner = 3; } message Inner {} }
message Availability {
  // How many can be sold.
  int32 sellable = 1;
  repeated acme.stock.v1.Availability parts = 2;
}
"#;
    let document = api_document(ApiFormat::Grpc, text).unwrap();
    let watch = operation(&document, "Watch");
    assert_eq!(watch.description, "Streams every change.");
    assert_eq!(watch.responses[0].name, "stream");
    assert_eq!(watch.responses[0].schema.type_name.target.as_deref(), Some("Availability"));
    let request = document.schemas.iter().find(|schema| schema.name == "WatchRequest").unwrap();
    assert_eq!(field(&request.schema.fields, "by_sku").type_name.text, "map of string to Availability");
    assert_eq!(
        field(&request.schema.fields, "inner").type_name.target.as_deref(),
        Some("WatchRequest.Inner")
    );
    let availability = document.schemas.iter().find(|schema| schema.name == "Availability").unwrap();
    assert_eq!(field(&availability.schema.fields, "parts").type_name.target.as_deref(), Some("Availability"));
}

#[test]
fn what_is_not_a_definition_says_where() {
    let error = api_document(ApiFormat::GraphQl, "type Query {\n  a: Int\n  b String\n}\n").unwrap_err();
    assert_eq!(error.location.as_ref().unwrap().line, 3, "{error:?}");
    let error =
        api_document(ApiFormat::Grpc, "syntax = \"proto3\";\nmessage A {\n  int32 = 1;\n}\n").unwrap_err();
    assert_eq!(error.location.as_ref().unwrap().line, 3, "{error:?}");
    let error = api_document(ApiFormat::OpenApi, "openapi: 3.1.0\npaths:\n  - [\n").unwrap_err();
    assert!(error.location.is_some(), "{error:?}");
    let error = api_document(ApiFormat::OpenApi, "info: {}").unwrap_err();
    assert!(error.hint.is_some());
}

#[test]
fn hostile_definitions_end_in_an_answer() {
    let deep = "{".repeat(100_000);
    for format in [ApiFormat::OpenApi, ApiFormat::AsyncApi, ApiFormat::GraphQl, ApiFormat::Grpc] {
        assert!(api_document(format, &deep).is_err());
        let _ = api_document(format, "\u{0}\u{feff}\"\"\"");
        let _ = api_document(format, &format!("openapi: 3.0.0\nx: {}", "[".repeat(50_000)));
    }
    let types: Vec<String> = (0..5_000).map(|index| format!("type T{index} {{ a: Int }}")).collect();
    let document = api_document(ApiFormat::GraphQl, &types.join("\n")).unwrap();
    assert_eq!((document.schemas.len(), document.left_out), (2_000, 3_000));
}
