//! What people keep for themselves: stars, and questions with names.

use fairway_domain::{Actor, Caller, EntityRef, Role};

use crate::office::{Office, admin, component, member};

fn person(name: &str, role: Role) -> Caller {
    let reference = EntityRef::new("user", "default", name);
    Caller { actor: Actor::User { reference }, role, ..member() }
}

#[tokio::test]
async fn stars_are_ones_own_and_follow_a_new_name() {
    let office = Office::open().await;
    office.write(&component("orders", "team-a")).await;
    let orders = EntityRef::new("component", "default", "orders");
    let (ada, grace) = (person("ada", Role::Reader), person("grace", Role::Member));
    office.app.star(&ada, std::slice::from_ref(&orders), true).await.unwrap();
    office.app.star(&ada, std::slice::from_ref(&orders), true).await.unwrap();
    assert_eq!(office.app.stars(&ada).unwrap(), std::slice::from_ref(&orders));
    assert_eq!(office.app.stars(&grace).unwrap(), []);
    let nothing = EntityRef::new("component", "default", "nothing");
    let refused = office.app.star(&ada, &[nothing], true).await.unwrap_err();
    assert_eq!(refused.to_string(), "There is no entity \"component:default/nothing\"");

    let renamed = component("purchases", "team-a").replace(
        "  name: purchases\n",
        "  name: purchases\n  annotations: {fairway.dev/formerly: 'component:default/orders'}\n",
    );
    office.write(&renamed).await;
    let purchases = EntityRef::new("component", "default", "purchases");
    assert_eq!(office.app.stars(&ada).unwrap(), std::slice::from_ref(&purchases));
    office.app.star(&ada, &[purchases], false).await.unwrap();
    assert_eq!(office.app.stars(&ada).unwrap(), []);
}

#[tokio::test]
async fn a_shared_view_is_seen_by_all_and_removed_by_who_keeps_it() {
    let office = Office::open().await;
    let (ada, grace) = (person("ada", Role::Member), person("grace", Role::Member));
    let reader = person("rex", Role::Reader);
    let own = office.app.save_view(&ada, " Mine ", "kind=api", false).await.unwrap();
    let shared = office.app.save_view(&ada, "Services", "?kind=component&type=service", true).await.unwrap();
    assert_eq!((own.name.as_str(), shared.question.as_str()), ("Mine", "kind=component&type=service"));
    let names = |caller: &Caller| -> Vec<String> {
        office.app.saved_views(caller).unwrap().into_iter().map(|it| it.name).collect()
    };
    assert_eq!(
        (names(&ada), names(&grace)),
        (vec!["Mine".into(), "Services".into()], vec!["Services".into()])
    );
    let again = office.app.save_view(&ada, "Mine", "kind=group", false).await.unwrap();
    assert_eq!(again.id, own.id, "the same name is the same view");

    assert!(office.app.save_view(&reader, "Ours", "", true).await.is_err(), "readers share nothing");
    assert!(office.app.save_view(&reader, "", "", false).await.is_err());
    assert!(office.app.remove_view(&grace, &shared.id).await.is_err());
    assert!(office.app.remove_view(&grace, &own.id).await.is_err());
    office.app.remove_view(&admin(), &shared.id).await.unwrap();
    office.app.remove_view(&ada, &own.id).await.unwrap();
    assert_eq!(names(&ada), Vec::<String>::new());
}
