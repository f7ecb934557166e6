//! The past of the catalog: read as it was, blamed, compared and brought back.

use crate::office::{Office, admin, component, member};
use fairway_app::history::Standing;
use fairway_catalog::{CatalogEntity, Query};
use fairway_domain::EntityRef;

fn shop() -> EntityRef {
    EntityRef::new("component", "default", "shop")
}

#[tokio::test]
async fn the_past_reads_as_it_was_at_the_time() {
    let office = Office::open().await;
    let mut taken = Vec::new();
    for owner in ["one", "two", "three"] {
        let names = ["shop", "cart", owner];
        office.write(&names.map(|name| component(name, owner)).join("---\n")).await;
        let view = office.app.view();
        let all: Vec<_> = view.catalog.iter().map(CatalogEntity::to_backstage_json).collect();
        let owned = view
            .catalog
            .query(&Query { owners: vec![EntityRef::new("group", "default", owner)], ..Query::default() });
        taken.push((view.sequence, office.app.now(), all, owned.total));
    }
    for (sequence, at, all, owned) in &taken {
        for asked in [format!("#{sequence}"), at.to_string()] {
            let past = office.app.as_of(&member(), Some(&asked)).await.unwrap();
            let then: Vec<_> = past.view.catalog.iter().map(CatalogEntity::to_backstage_json).collect();
            assert_eq!(&then, all, "{asked}");
            let owner = past.view.catalog.get(&shop()).unwrap().owner().unwrap().clone();
            let found = past.view.catalog.query(&Query { owners: vec![owner], ..Query::default() });
            assert_eq!(found.total, *owned);
        }
    }
    let before = office.app.as_of(&member(), Some("#0")).await.unwrap();
    assert!(before.view.catalog.is_empty());
    assert!(office.app.as_of(&member(), Some("tomorrow")).await.is_err());
}

#[tokio::test]
async fn a_history_tells_who_set_what_and_from_which_revision() {
    let office = Office::open().await;
    let first = office.write(&component("shop", "one")).await;
    let second = office.write(&component("shop", "two")).await;
    office.write(&component("cart", "two")).await;

    let versions = office.app.versions(&member(), &shop(), None, 10).await.unwrap();
    assert_eq!(
        versions.iter().map(|it| it.standing).collect::<Vec<_>>(),
        [Standing::Gone, Standing::Present, Standing::Present]
    );
    assert_eq!(versions[1].revision.as_deref(), Some(second.as_str()));
    assert_eq!(versions[1].actor.to_string(), "guest", "who pushed is who did it");
    let changes: Vec<_> = versions[1].changes.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(changes, ["/spec/owner"]);

    let at = format!("#{}", versions[1].sequence);
    let blame = office.app.entity_blame(&member(), &shop(), Some(&at)).await.unwrap();
    let revision =
        |path: &str| blame.iter().find(|it| it.field.path == path).unwrap().revision.clone().unwrap();
    assert_eq!((revision("/spec/owner"), revision("/spec/type")), (second, first));

    let difference = office.app.entity_difference(&member(), &shop(), None, Some(&at)).await.unwrap();
    assert!(difference.text.contains("-  owner: one\n+  owner: two"), "{}", difference.text);
}

#[tokio::test]
async fn what_was_erased_is_in_no_reading_of_the_past() {
    let office = Office::open().await;
    office.write(&component("shop", "one")).await;
    let version = office.app.versions(&member(), &shop(), None, 1).await.unwrap().remove(0);
    let at = format!("#{}", office.app.view().sequence);
    office.write(&component("shop", "two")).await;
    assert_eq!(office.app.as_of(&member(), Some(&at)).await.unwrap().view.catalog.len(), 1);

    office.app.erase(&admin(), version.sequence, "asked for").await.unwrap();

    assert!(office.app.as_of(&member(), Some(&at)).await.unwrap().view.catalog.is_empty());
    let versions = office.app.versions(&member(), &shop(), None, 10).await.unwrap();
    assert_eq!(versions[1].standing, Standing::Erased);
    assert!(office.app.entity_difference(&member(), &shop(), None, None).await.is_err());
    let blame = office.app.entity_blame(&member(), &shop(), None).await.unwrap();
    assert!(blame.iter().all(|it| it.field.at_the_latest));
}
