//! What people find: the newest catalog, their own first, and what stands inside an API.

use fairway_app::search::{API_DOCUMENTS, CATALOG_DOCUMENTS, DocumentPage, DocumentSearch};
use fairway_domain::{Actor, Caller, EntityRef};

use crate::office::{Office, component, member};

async fn find(office: &Office, caller: &Caller, term: &str) -> DocumentPage {
    let search = DocumentSearch { term: term.to_owned(), limit: 20, ..DocumentSearch::default() };
    office.app.search_documents(caller, &search).await.unwrap()
}

fn names(page: &DocumentPage) -> Vec<&str> {
    page.items.iter().map(|found| found.document.title.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_pushed_is_found_and_what_is_gone_is_not() {
    let office = Office::open().await;
    office.write(&component("ledger-worker", "one")).await;
    assert_eq!(names(&find(&office, &member(), "ledgerworker").await), ["ledger-worker"]);
    let described = component("ledger-worker", "one")
        .replace("  name: ledger-worker\n", "  name: ledger-worker\n  description: Books every payment.\n");
    office.write(&format!("{described}---\n{}", component("shop", "two"))).await;
    let found = find(&office, &member(), "paymnets").await;
    assert_eq!(names(&found), ["ledger-worker"], "a typing error is forgiven");
    let marked: Vec<&str> =
        found.items[0].description.iter().filter(|it| it.marked).map(|it| it.text.as_str()).collect();
    assert_eq!(marked, ["payment"]);
    office.write(&component("shop", "two")).await;
    assert!(names(&find(&office, &member(), "ledger").await).is_empty());
    assert_eq!(names(&find(&office, &member(), "component:shop").await), ["shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_asker_and_their_groups_own_comes_first() {
    let office = Office::open().await;
    let mut text = String::new();
    for owner in ["one", "two"] {
        text += &component(&format!("gateway-{owner}"), owner);
        text += "---\n";
    }
    text += "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: two}\nspec: {type: team, children: []}\n\
             ---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: eve}\nspec: {memberOf: [two]}\n";
    office.write(&text).await;
    let eve = Actor::User { reference: EntityRef::new("user", "default", "eve") };
    let eve = Caller { actor: eve, ..member() };
    assert_eq!(names(&find(&office, &member(), "gateway").await), ["gateway-one", "gateway-two"]);
    assert_eq!(names(&find(&office, &eve, "gateway").await), ["gateway-two", "gateway-one"]);
    assert_eq!(names(&find(&office, &eve, "owner:me gateway").await), ["gateway-two"]);
    assert_eq!(names(&find(&office, &eve, "kind:component,group owner:one").await), ["gateway-one"]);
}

const API: &str = "apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders-api, title: Orders API}
spec:
  type: openapi
  lifecycle: production
  owner: one
  definition: |
    openapi: 3.0.0
    info: {title: Orders, version: '1'}
    paths:
      /orders:
        get: {summary: List what was ordered, responses: {'200': {description: ok}}}
        post: {summary: Place an order, responses: {'201': {description: made}}}
      /orders/{id}/cancellation:
        put: {responses: {'200': {description: ok}}}
    components:
      schemas:
        OrderLine: {type: object, properties: {articleNumber: {type: string}}}
";

#[tokio::test(flavor = "multi_thread")]
async fn operations_and_schemas_of_an_api_are_found_and_lead_to_their_place() {
    let office = Office::open().await;
    office.write(API).await;
    let found = find(&office, &member(), "POST /orders").await;
    let first = &found.items[0];
    assert_eq!((first.document.title.as_str(), first.document.kind.as_str()), ("POST /orders", "Operation"));
    assert_eq!(first.document_type, API_DOCUMENTS);
    assert_eq!(first.document.text, "Orders API: Place an order");
    let place = "/catalog/default/api/orders-api?tab=api&show=operation-2#operation-2";
    assert_eq!(first.document.location, place);
    assert_eq!(names(&find(&office, &member(), "cancellation").await), ["PUT /orders/{id}/cancellation"]);
    let schema = find(&office, &member(), "schema:article number").await;
    assert_eq!(
        schema.items[0].document.location,
        "/catalog/default/api/orders-api?tab=api&show=schema-0#schema-0"
    );

    // The API itself comes before what it offers, and alone where entities are asked for.
    assert_eq!(names(&find(&office, &member(), "orders").await)[0], "Orders API");
    let types = vec![CATALOG_DOCUMENTS.to_owned()];
    let search = DocumentSearch { term: "orders".to_owned(), types, limit: 20, ..DocumentSearch::default() };
    let entities = office.app.search_documents(&member(), &search).await.unwrap();
    assert_eq!((names(&entities), entities.total), (vec!["Orders API"], 1));

    office.write(&API.replace("post:", "patch:")).await;
    assert!(
        names(&find(&office, &member(), "post").await).is_empty(),
        "operations go with what they stood in"
    );
    assert_eq!(names(&find(&office, &member(), "patch").await), ["PATCH /orders"]);
}
