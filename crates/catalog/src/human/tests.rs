#![allow(clippy::unwrap_used, clippy::panic)]
use fairway_domain::EntityRef;

use super::{HumanContext, HumanQuery, Wanted, parse};
use crate::predicate::{Field, Predicate};

fn read(text: &str) -> Predicate {
    let me = EntityRef::new("user", "default", "ada");
    let failing = ["s1".to_owned()];
    let context = HumanContext { caller: Some(&me), failing_sources: &failing, ..HumanContext::default() };
    parse(text, &context).unwrap_or_else(|error| panic!("{}", error.to_diagnostic()))
}

fn refused(text: &str) -> String {
    let error = parse(text, &HumanContext::default()).unwrap_err();
    format!("{}: {} = {}", error.column, error.message, error.hint)
}

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn relation(relation_type: &str, targets: &[&str]) -> Predicate {
    Predicate::Relation {
        relation_type: relation_type.to_owned(),
        targets: targets.iter().map(|it| reference(it)).collect(),
    }
}

#[test]
fn a_question_reads_as_it_is_meant() {
    let (any, not) = (Predicate::Any, |it| Predicate::Not(Box::new(it)));
    let text = |text: &str| Predicate::Text(text.to_owned());
    let kind = |kind: &str| Predicate::equals("kind", kind);
    assert_eq!(read(" "), Predicate::All(Vec::new()));
    assert_eq!(
        read("kind:component owner:team-a lifecycle:production orders"),
        Predicate::All(vec![
            kind("component"),
            Predicate::OwnedBy(reference("group:default/team-a")),
            Predicate::equals("spec.lifecycle", "production"),
            text("orders"),
        ])
    );
    assert_eq!(
        read("KIND:api,Component"),
        Predicate::In(Field::new("kind"), vec!["api".into(), "Component".into()])
    );
    assert_eq!(read("a or b c"), any(vec![text("a"), Predicate::All(vec![text("b"), text("c")])]));
    assert_eq!(read("(a OR b) and c"), Predicate::All(vec![any(vec![text("a"), text("b")]), text("c")]));
    assert_eq!(read("-kind:api"), not(kind("api")));
    assert_eq!(read("not (kind:api)"), not(kind("api")));
    assert_eq!(read("-(a b)"), not(Predicate::All(vec![text("a"), text("b")])));
    assert_eq!(read("\"Orders  Service\""), Predicate::Phrase("Orders  Service".into()));
    assert_eq!(read("\"or\" a-b -"), Predicate::All(vec![text("or"), text("a-b"), text("-")]));
    assert_eq!(read(r#"title:"a \"b\"""#), Predicate::equals("metadata.title", "a \"b\""));
    assert_eq!(read(r"title:a\ b\,c\*"), Predicate::equals("metadata.title", "a b,c*"));
    assert_eq!(read("tag:Größe"), Predicate::equals("metadata.tags", "Größe"));
}

#[test]
fn values_are_compared_as_their_signs_say() {
    let name = || Field::new("metadata.name");
    assert_eq!(read("name:*"), Predicate::Exists(name()));
    assert_eq!(read("-has:name"), Predicate::Not(Box::new(Predicate::Exists(name()))));
    assert_eq!(read("name:pre*"), Predicate::Prefix(name(), "pre".into()));
    assert_eq!(read("name:\"a b\"*"), Predicate::Prefix(name(), "a b".into()));
    assert_eq!(read("name:~part"), Predicate::Contains(name(), "part".into()));
    assert_eq!(
        read("name:a,b*,c"),
        Predicate::Any(vec![
            Predicate::In(name(), vec!["a".into(), "c".into()]),
            Predicate::Prefix(name(), "b".into())
        ])
    );
    let path = |path: &str| Predicate::equals(path, "x");
    assert_eq!(read("label.tier:x"), path("metadata.labels.tier"));
    assert_eq!(read("annotation.backstage.io/a:x"), path("metadata.annotations.backstage.io/a"));
    assert_eq!(read("spec.deep.path:x"), path("spec.deep.path"));
    assert_eq!(read("made.up:x"), path("made.up"));
}

#[test]
fn relations_lead_to_what_they_can_lead_to() {
    assert_eq!(read("providesApi:orders"), relation("providesApi", &["api:default/orders"]));
    assert_eq!(read("providesApis:orders"), relation("providesApi", &["api:default/orders"]));
    assert_eq!(read("dependson:resource:data/db"), relation("dependsOn", &["resource:data/db"]));
    assert_eq!(read("system:shop"), relation("partOf", &["system:default/shop"]));
    assert_eq!(read("domain:x/a"), relation("partOf", &["domain:x/a"]));
    assert_eq!(read("hasMember:me"), relation("hasMember", &["user:default/ada"]));
    assert_eq!(read("has:dependsOn"), relation("dependsOn", &[]));
    assert_eq!(read("owner:*"), relation("ownedBy", &[]));
    assert_eq!(read("owner:me"), Predicate::OwnedBy(reference("user:default/ada")));
    assert_eq!(read("owner:=team-a"), relation("ownedBy", &["group:default/team-a"]));
    assert_eq!(read("owner:user:bob"), Predicate::OwnedBy(reference("user:default/bob")));
    let Predicate::Relation { targets, .. } = read("dependsOn:db") else { panic!() };
    assert!(
        targets.contains(&reference("resource:default/db"))
            && targets.contains(&reference("component:default/db"))
    );
    assert_eq!(read("is:stale"), Predicate::equals("fairway.source", "s1"));
}

#[test]
fn what_cannot_be_read_is_told_with_its_column_and_the_next_step() {
    assert_eq!(refused("kind:api onwer:x"), "10: there is no field \"onwer\" = did you mean owner?");
    assert_eq!(refused("lable.a:x"), "1: there is no field \"lable.a\" = did you mean label.a?");
    assert!(refused("https://x.example").contains("no field \"https\" = fields are kind, type"));
    assert!(refused("a (b c").starts_with("3: this bracket is not closed"));
    assert!(refused("a) b").starts_with("2: this bracket closes nothing"));
    assert!(refused("a ()").starts_with("4: a word or a field is missing before the bracket"));
    assert!(refused("a or").starts_with("5: a word or a field is missing before the end"));
    assert!(refused("or a").starts_with("1: a word or a field is missing before \"or\""));
    assert!(refused("a not").starts_with("3: nothing follows \"not\""));
    assert!(refused("ä \"b").starts_with("3: this quote is not closed"));
    assert!(
        refused("kind: api")
            .starts_with("1: a value is missing in \"kind:\" = write the value without a space")
    );
    assert!(refused("kind:a,,b").starts_with("8: a value is missing"));
    assert!(refused("name:a*b").contains("6: a star can only stand at the end of a value = write a*b* for"));
    assert!(refused("name:a(b)").starts_with("7: a bracket stands in the middle"));
    assert!(refused("name:\"a\"b").starts_with("9: something follows a closing quote"));
    assert!(refused(":x").starts_with("1: a colon needs a field"));
    assert!(refused("owner:me").starts_with("7: nobody is signed in"));
    assert!(refused("owner:a/b/c").starts_with("7: \"a/b/c\" is no reference"));
    assert!(refused("is:orphaned").ends_with("did you mean is:orphan?"));
    assert!(refused("has:is").contains("no field that something could have"));
    assert!(refused("label:x").ends_with("write for example label.tier:value"));
    assert!(refused(&"(".repeat(100)).contains("32 levels"));
    assert!(
        refused(&"-".repeat(100)).contains("32 levels")
            || !refused(&format!("{}a", "-".repeat(100))).is_empty()
    );
    assert!(refused(&"a ".repeat(600)).contains("more than 500 words"));
    assert!(refused(&"a".repeat(5_000)).contains("longer than 4000 characters"));
}

#[test]
fn a_question_is_written_as_it_would_be_typed() {
    let field = |name: &str, values: Vec<Wanted>| HumanQuery::Field { name: name.into(), values };
    let query = HumanQuery::all([
        HumanQuery::field("kind", &["api", "a b"]),
        HumanQuery::Not(Box::new(HumanQuery::any([
            HumanQuery::Text("or".into()),
            field("tag", vec![Wanted::Prefix("x".into()), Wanted::Part("~".into()), Wanted::Anything]),
        ]))),
    ]);
    assert_eq!(query.to_string(), r#"kind:api,"a b" -("or" or tag:x*,~"~",*)"#);
    assert_eq!(HumanQuery::read(&query.to_string()).unwrap(), query);
}
