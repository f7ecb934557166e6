//! Earlier versions come back, names change, and large removals wait for a person.

use fairway_app::AppError;
use fairway_app::edits::rename_request;
use fairway_app::plans::PlanRequest;
use fairway_domain::EntityRef;
use fairway_domain::run::{Run, RunStatus};

use crate::office::{Office, component, member};

pub(crate) fn named(name: &str) -> EntityRef {
    EntityRef::new("component", "default", name)
}

/// Plans, applies and works until the run has ended.
pub(crate) async fn carry_out(office: &Office, request: PlanRequest) -> Run {
    let plan = office.app.plan(&member(), request).await.unwrap();
    let run = office.app.apply(&member(), &plan.plan.digest()).await.unwrap();
    let worker = office.app.clone();
    let working = tokio::spawn(async move { worker.work("one").await });
    let mut records = office.app.follow();
    let run = loop {
        let now = office.app.run(&member(), &run.id).unwrap();
        if now.status.is_settled() {
            break now;
        }
        let record = records.recv().await.unwrap();
        office.app.caught_up(record.sequence).await;
    };
    working.abort();
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.log);
    run
}

fn owner(office: &Office, name: &str) -> String {
    office.app.view().catalog.get(&named(name)).unwrap().owner().unwrap().name().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_version_comes_back_in_the_catalog_or_in_its_file() {
    let office = Office::open().await;
    office.write(&format!("# ours\n{}", component("shop", "one"))).await;
    let first = office.app.versions(&member(), &named("shop"), None, 1).await.unwrap().remove(0).sequence;
    office.write(&format!("# ours\n{}", component("shop", "two"))).await;

    let seen = office.app.restoration(&member(), &named("shop"), first).await.unwrap();
    assert!(seen.editable && !seen.consequences.is_empty(), "the source would bring its version back");
    let unseen = office.app.restore(&member(), &named("shop"), first, None).await;
    assert!(matches!(unseen, Err(AppError::Conflict { .. })), "consequences have to be looked at");
    office.app.restore(&member(), &named("shop"), first, seen.expected).await.unwrap();
    assert_eq!(owner(&office, "shop"), "one");
    let stale = office.app.restore(&member(), &named("shop"), first, seen.expected).await;
    assert!(matches!(stale, Err(AppError::Conflict { .. })));

    office.write(&format!("# ours\n\n{}", component("shop", "two"))).await;
    assert_eq!(owner(&office, "shop"), "two", "the file's version came back, as was said");
    carry_out(&office, PlanRequest::Restore { entity: named("shop"), sequence: first }).await;
    assert_eq!(owner(&office, "shop"), "one");
    let text = office.read("catalog-info.yaml").await;
    assert_eq!(text, format!("# ours\n\n{}", component("shop", "one")), "only the field was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_entity_is_found_by_its_old_name() {
    let office = Office::open().await;
    let cart = format!("{}  dependsOn: [component:shop]\n", component("cart", "one"));
    office.write(&format!("{}---\n{cart}", component("shop", "one"))).await;
    // Kept elsewhere, so that it keeps the old name.
    let till = format!("{}  dependsOn:\n    - component:default/shop\n", component("till", "one"));
    office.write_file_source(&till).await;
    let uid = office.app.view().catalog.get(&named("shop")).unwrap().uid().to_owned();

    assert!(rename_request(named("shop"), "no good").is_err());
    let taken = rename_request(named("shop"), "cart").unwrap();
    assert!(matches!(office.app.plan(&member(), taken).await, Err(AppError::Conflict { .. })));
    carry_out(&office, rename_request(named("shop"), "store").unwrap()).await;

    let view = office.app.view();
    assert!(view.catalog.get(&named("shop")).is_none());
    assert_eq!(view.catalog.renamed(&named("shop")), Some(&named("store")));
    let store = view.catalog.get(&named("store")).unwrap();
    assert_eq!(store.uid(), uid, "it is the same thing");
    let users: Vec<&str> = store.targets("dependencyOf").map(EntityRef::name).collect();
    assert_eq!(users, ["cart", "till"], "old references lead to the new name");
    assert!(view.catalog.dangling().iter().all(|it| it.relation.target.name() != "shop"));
    assert!(office.read("catalog-info.yaml").await.contains("dependsOn: [component:store]"));
}

#[tokio::test]
async fn a_large_removal_waits_and_what_is_accepted_is_what_was_shown() {
    let office = Office::open().await;
    let all = |from: usize, to: usize| {
        (from..to).map(|number| component(&format!("c{number:02}"), "one")).collect::<Vec<_>>().join("---\n")
    };
    office.write(&all(0, 20)).await;
    office.write(&all(10, 20)).await;
    assert_eq!(office.app.view().catalog.len(), 20, "nothing was removed");
    let waiting = office.app.proposals(&member()).unwrap().remove(0);
    assert_eq!((waiting.proposal.removed.len(), waiting.proposal.known), (10, 20));
    let digest = waiting.proposal.digest.to_string();

    // Two come back and one more goes before somebody answers.
    office.write(&format!("{}---\n{}", all(8, 10), all(11, 20))).await;
    let old = office.app.accept_removal(&member(), &waiting.source, &digest).await;
    assert!(matches!(old, Err(AppError::Conflict { .. })), "it is another proposal by now");
    let waiting = office.app.proposals(&member()).unwrap().remove(0);
    assert_eq!(waiting.proposal.removed.len(), 9);
    let digest = waiting.proposal.digest.to_string();
    office.app.reject_removal(&member(), &waiting.source, &digest, Some("moved")).await.unwrap();
    office.write(&format!("# again\n{}---\n{}", all(8, 10), all(11, 20))).await;
    let kept = office.app.proposals(&member()).unwrap().remove(0);
    assert!(kept.proposal.rejected.is_some() && office.app.view().catalog.len() == 20);

    office.app.accept_removal(&member(), &waiting.source, &digest).await.unwrap();
    assert_eq!(office.app.view().catalog.len(), 11);
    assert!(office.app.proposals(&member()).unwrap().is_empty());
}
