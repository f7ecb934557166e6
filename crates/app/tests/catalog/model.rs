//! Kinds as data, links between repositories, and what is left when files lose their entities.

use fairway_app::sources::Source;
use fairway_domain::EntityRef;

use crate::office::{BASE, Office, component, member, repository};

const KIND: &str = "apiVersion: fairway.dev/v1\nkind: Kind\nmetadata: {name: library}\nspec:\n  kind: Library\n  apiVersions: [acme.example/v1]\n  schema: {required: [language]}\n  relations:\n    - {field: usedBy, defaultKind: Component, forward: usedBy, reverse: uses}\n";
const LIBRARY: &str = "apiVersion: acme.example/v1\nkind: Library\nmetadata: {name: log}\nspec: {language: rust, usedBy: [shop]}\n";

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn address(name: &str) -> String {
    format!("{BASE}/repositories/acme/{name}/blob/main/catalog-info.yaml")
}

fn location(targets: &str) -> String {
    format!("apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: all}}\nspec:\n{targets}\n")
}

fn source_of(office: &Office, name: &str) -> Option<Source> {
    let view = office.app.view();
    let found = view.sources.values().find(|source| source.target.repository() == Some(&repository(name)));
    found.map(|source| Source::clone(source))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_takes_effect_for_what_was_seen_before_and_leaves_the_last_good_version() {
    let office = Office::open().await;
    let library = reference("library:default/log");
    office.write_to("libraries", "catalog-info.yaml", LIBRARY).await;
    let view = office.app.view();
    assert!(view.catalog.get(&library).is_none());
    assert_eq!(view.catalog.drafts_for(&library)[0].diagnostics[0].code, "entity-kind");

    office.write_to("kinds", "catalog-info.yaml", KIND).await;
    let view = office.app.view();
    assert!(view.catalog.get(&library).unwrap().errors().is_empty());
    assert!(view.catalog.drafts().is_empty());
    let used = view.catalog.relations_of(&reference("component:default/shop"));
    assert_eq!((used[0].relation_type.as_str(), &used[0].target), ("uses", &library));

    // A stricter schema finds what does not fit any more; the last good version stays beside the error.
    office.write_to("kinds", "catalog-info.yaml", &KIND.replace("[language]", "[language, licence]")).await;
    let errors = office.app.view().catalog.get(&library).unwrap().errors().to_vec();
    assert!(errors[0].message.contains("required property 'licence'"), "{errors:?}");
    office.write_to("kinds", "catalog-info.yaml", KIND).await;
    assert!(office.app.view().catalog.get(&library).unwrap().errors().is_empty());

    let kinds = source_of(&office, "kinds").unwrap();
    office.app.remove_source(&member(), &kinds.id).await.unwrap();
    let view = office.app.view();
    assert_eq!(view.catalog.kinds().described().count(), 0);
    assert_eq!(view.catalog.get(&library).unwrap().errors()[0].code, "entity-kind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_leads_into_other_repositories_and_back() {
    let office = Office::open().await;
    let shop = reference("component:default/shop");
    let back = format!(
        "{}---\n{}",
        component("shop", "team-a"),
        location(&format!("  target: {}", address("main"))).replace("all", "back")
    );
    office.write_to("other", "catalog-info.yaml", &back).await;
    let other = source_of(&office, "other").unwrap();
    office.app.remove_source(&member(), &other.id).await.unwrap();
    assert!(office.app.view().catalog.get(&shop).is_none());

    let targets = location(&format!("  targets: ['{}']", address("other")));
    office.write_to("main", "catalog-info.yaml", &targets).await;
    let main = source_of(&office, "main").unwrap();
    let link = source_of(&office, "other").unwrap();
    assert_eq!(link.parent.as_ref(), Some(&main.id));
    assert_eq!(main.parent, None, "a circle changes nothing");
    assert!(office.app.view().catalog.get(&shop).is_some());

    office.write_to("main", "catalog-info.yaml", &location("  targets: []")).await;
    assert!(source_of(&office, "other").is_none());
    assert!(office.app.view().catalog.get(&shop).is_none());

    // Whoever registers what was only linked keeps it.
    office.write_to("main", "catalog-info.yaml", &targets).await;
    office.app.register_source(&member(), &address("other")).await.unwrap();
    office.write_to("main", "catalog-info.yaml", &location("  targets: []")).await;
    assert!(office.app.view().catalog.get(&shop).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_that_lead_nowhere_are_told_unless_they_may() {
    let office = Office::open().await;
    let targets =
        |presence: &str| location(&format!("  presence: {presence}\n  targets: ['{}']", address("nobody")));
    office.write_to("main", "catalog-info.yaml", &targets("optional")).await;
    assert!(source_of(&office, "nobody").is_none());
    office.write_to("main", "catalog-info.yaml", &targets("required")).await;
    let link = source_of(&office, "nobody").unwrap();
    assert!(link.last.unwrap().failure.is_some());

    office
        .write_to("main", "catalog-info.yaml", &location("  targets: ['github-discovery://x', 'https://x']"))
        .await;
    let view = office.app.view();
    assert!(!view.catalog.drafts().is_empty());
    let place = view.catalog.drafts()[0].diagnostics[0].location.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("catalog-info.yaml", 5));
}
