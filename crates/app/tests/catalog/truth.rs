//! Whether the catalog says what is, and what mends it.

use fairway_app::edits::rename_request;
use fairway_app::plans::PlanRequest;
use fairway_catalog::{TruthCheck, TruthFinding};
use fairway_domain::EntityRef;

use crate::edits::{carry_out, named};
use crate::office::{Office, component, member};

async fn findings(office: &Office) -> Vec<TruthFinding> {
    office.app.truth(&member()).await.unwrap().to_vec()
}

fn group(name: &str, more: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\nspec:\n  type: team\n  children: []\n{more}"
    )
}

const ADA: &str =
    "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: ada\nspec:\n  memberOf: [alive]\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_so_is_found_told_to_the_owner_and_mended() {
    let office = Office::open().await;
    let uses = |text: String, target: &str| format!("{text}  dependsOn: [{target}]\n");
    let documents = [
        ADA.to_owned(),
        group("alive", ""),
        group("empty", ""),
        component("well", "alive"),
        component("left", "user:gone"),
        component("orphan", "empty"),
        uses(component("lost", "alive"), "component:nothing"),
        uses(component("cart", "alive"), "component:well"),
    ];
    office.write(&documents.join("---\n")).await;
    office.write_to("office", "CODEOWNERS", "*  @acme/alive\n").await;
    let found = findings(&office).await;
    let rows: Vec<(TruthCheck, &str)> = found.iter().map(|it| (it.check, it.entity.name())).collect();
    assert_eq!(
        rows,
        [
            (TruthCheck::DeadOwner, "left"),
            (TruthCheck::DeadOwner, "orphan"),
            (TruthCheck::CodeOwners, "left"),
            (TruthCheck::DanglingReference, "lost"),
            (TruthCheck::CodeOwners, "orphan"),
        ]
    );
    assert_eq!(found[3].owner, Some(EntityRef::new("group", "default", "alive")));
    assert_eq!(found[0].owner, None, "who is not there mends nothing");

    // CODEOWNERS knows better, and says so in the file.
    let owned =
        found.iter().find(|it| it.check == TruthCheck::CodeOwners && it.entity == named("orphan")).unwrap();
    carry_out(&office, PlanRequest::Mend { finding: owned.id.clone() }).await;
    assert!(findings(&office).await.iter().all(|it| it.entity != named("orphan")));

    // A second file with an entity that is there already, and one that uses an old name.
    office.write_file_source(&uses(component("till", "alive"), "component:well")).await;
    carry_out(&office, rename_request(named("well"), "better").unwrap()).await;
    office.write_to("other", "catalog-info.yaml", &component("cart", "alive")).await;
    let found = findings(&office).await;
    let of = |check: TruthCheck| {
        found.iter().filter(|it| it.check == check).map(|it| it.entity.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (of(TruthCheck::OldName), of(TruthCheck::Conflict)),
        (vec!["till".into()], vec!["cart".into()])
    );
    let old = found.iter().find(|it| it.check == TruthCheck::OldName).unwrap();
    assert_eq!(old.fix_summary.as_deref(), Some("Write \"component:better\" instead of \"component:well\""));
}
