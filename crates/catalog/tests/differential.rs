//! Whatever the catalog answers equals what looking at every entity gives; and a catalog that was changed step by
//! step equals one that is built at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use fairway_catalog::{
    CatalogEntity, EntityChange, Field, FullText, MissingField, OrderField, Predicate, Selection, Snapshot,
    StoredEntity,
};
use fairway_domain::{Entity, EntityRef, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

const FIELDS: &[&str] = &[
    "kind",
    "metadata.name",
    "metadata.title",
    "metadata.tags",
    "metadata.tags.java",
    "metadata.description",
    "metadata.uid",
    "spec.type",
    "spec.nothing",
    "spec.level",
    "relations.dependsOn",
    "relations.ownedBy",
    "metadata.annotations.a.b/c",
];
const VALUES: &[&str] = &[
    "component",
    "n1",
    "N2",
    "java",
    "true",
    "Service",
    "service",
    "library",
    "3",
    "",
    "group:default/n1",
    "ALPHA beta",
];

fn entity() -> impl Strategy<Value = StoredEntity> {
    let kind = prop::sample::select(vec!["Component", "Resource", "Group", "User"]);
    let word = || {
        prop::option::of(prop::sample::select(vec![
            "Service",
            "service",
            "library",
            "Alpha Beta",
            "äÖ",
            "l\nm",
        ]))
    };
    let name = 0..6_usize;
    let tags = prop::collection::btree_set(prop::sample::select(vec!["java", "go", "x"]), 0..3);
    let targets = prop::collection::vec((0..2_usize, 0..6_usize), 0..3);
    let level =
        prop::option::of(prop_oneof![Just(json!(3)), Just(json!(3.0)), Just(json!(null)), Just(json!(true))]);
    (kind, name, (word(), word(), word()), tags, targets, prop::option::of(0..6_usize), level, 0..1_000_u32).prop_map(
        |(kind, name, (title, description, kind_type), tags, targets, owner, level, uid)| {
            let targets: Vec<String> = targets
                .iter()
                .map(|(kind, name)| format!("{}:n{name}", ["component", "resource"][*kind]))
                .collect();
            let mut metadata = json!({"name": format!("n{name}"), "tags": tags, "annotations": {"a.b/C": "X"}});
            if let Some(owner) = owner.filter(|owner| owner % 2 == 1) {
                metadata["annotations"]["fairway.dev/formerly"] = format!("n{}", (owner + 1) % 6).into();
            }
            let mut spec = json!({"dependsOn": targets});
            let mut put = |field: &str, value: Option<Value>| {
                let (whole, field) = field.split_once('.').unwrap();
                let map = if whole == "metadata" { &mut metadata } else { &mut spec };
                if let Some(value) = value {
                    map[field] = value;
                }
            };
            put("metadata.title", title.map(Value::from));
            put("metadata.description", description.map(Value::from));
            put("spec.type", kind_type.map(Value::from));
            put("spec.level", level);
            let group = owner.map(|owner| format!("n{owner}"));
            match kind {
                "Group" => put("spec.parent", group.map(Value::from)),
                "User" => put("spec.memberOf", group.map(|group| json!([group]))),
                _ => put("spec.owner", group.map(Value::from)),
            }
            let entity = json!({"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec});
            let entity: Entity = serde_json::from_value(entity).unwrap();
            StoredEntity {
                uid: format!("{uid:03}-{}", entity.reference()),
                entity,
                source: "s".into(),
                location: "url:https://example.com/a/b.yaml".into(),
                origin_location: "url:https://example.com/a/b.yaml".into(),
                file: "b.yaml".into(),
                line: 1,
                first_seen: Timestamp::UNIX_EPOCH,
                last_seen: Timestamp::UNIX_EPOCH,
                errors: Vec::new(),
            revision: None,
            orphan: false,
            }
        },
    )
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let field = || prop::sample::select(FIELDS).prop_map(Field::new);
    let value = || prop::sample::select(VALUES).prop_map(str::to_owned);
    let target = (0..6_usize).prop_map(|name| EntityRef::new("group", "default", &format!("n{name}")));
    let leaf = prop_oneof![
        field().prop_map(Predicate::Exists),
        (field(), prop::collection::vec(value(), 0..3))
            .prop_map(|(field, values)| Predicate::In(field, values)),
        (field(), value()).prop_map(|(field, value)| Predicate::Prefix(field, value)),
        (field(), value()).prop_map(|(field, value)| Predicate::Contains(field, value)),
        (
            prop::sample::select(vec!["ownedBy", "dependsOn", "hasMember"]),
            prop::collection::vec(target, 0..3)
        )
            .prop_map(|(relation, targets)| Predicate::Relation { relation_type: relation.into(), targets }),
        (0..6_usize).prop_map(|name| Predicate::OwnedBy(EntityRef::new(
            "user",
            "default",
            &format!("n{name}")
        ))),
        value().prop_map(Predicate::Text),
        value().prop_map(Predicate::Phrase),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::Any),
            inner.prop_map(|inner| Predicate::Not(Box::new(inner))),
        ]
    })
}

fn orders() -> impl Strategy<Value = Vec<OrderField>> {
    let field = prop_oneof![prop::sample::select(FIELDS).prop_map(Field::new), Just(Field::reference())];
    let order = (field, any::<bool>()).prop_map(|(field, descending)| OrderField { field, descending });
    prop::collection::vec(order, 0..3)
}

fn selection() -> impl Strategy<Value = Selection> {
    let text = prop::option::of(
        (
            prop::sample::select(vec!["a", "ERV", "n", "zz"]),
            prop::collection::vec(prop::sample::select(FIELDS), 0..3),
        )
            .prop_map(|(term, fields)| FullText {
                term: term.into(),
                fields: fields.into_iter().map(Field::new).collect(),
            }),
    );
    (predicate(), orders(), text, 1..6_usize, 0..4_usize, any::<bool>()).prop_map(
        |(predicate, order, full_text, limit, offset, excluded)| Selection {
            predicate,
            order,
            full_text,
            limit,
            offset,
            cursor: None,
            count_total: true,
            missing: if excluded { MissingField::Excluded } else { MissingField::Last },
        },
    )
}

type Values = BTreeMap<String, BTreeSet<Option<String>>>;

/// The fields of an entity, written down a second time and in another way.
fn values(found: &CatalogEntity) -> Values {
    fn walk(path: &str, value: &Value, out: &mut Values) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    walk(&format!("{path}.{key}"), value, out);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| {
                walk(path, item, out);
                if let Value::String(text) = item {
                    walk(&format!("{path}.{text}"), &json!("true"), out);
                }
            }),
            value => {
                let text = match value {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string().trim_end_matches(".0").to_owned()),
                };
                out.entry(path.trim_start_matches('.').to_lowercase()).or_default().insert(text);
            }
        }
    }
    let mut whole: Value = serde_json::from_slice(&found.json()).unwrap();
    let relations = whole["relations"].take();
    whole.as_object_mut().unwrap().remove("relations");
    whole["metadata"].as_object_mut().unwrap().remove("etag");
    let mut out = BTreeMap::new();
    walk("", &whole, &mut out);
    for edge in relations.as_array().unwrap() {
        walk(&format!("relations.{}", edge["type"].as_str().unwrap()), &edge["targetRef"], &mut out);
    }
    out
}

struct Scan<'a> {
    entities: Vec<(&'a CatalogEntity, Values)>,
}

impl<'a> Scan<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Self { entities: snapshot.iter().map(|found| (found, values(found))).collect() }
    }

    fn lower(&self, index: usize, field: &Field) -> Vec<String> {
        let found = self.entities[index].1.get(field.as_str()).into_iter().flatten();
        found.flatten().map(|it| it.to_lowercase()).collect()
    }

    /// Somebody's groups by going up until nothing is new.
    fn owners(&self, person: &EntityRef) -> BTreeSet<String> {
        let mut owners = BTreeSet::from([person.to_string()]);
        loop {
            let before = owners.len();
            for (found, _) in &self.entities {
                for edge in found.relations() {
                    let up = matches!(edge.relation_type.as_str(), "memberOf" | "childOf");
                    let down = matches!(edge.relation_type.as_str(), "hasMember" | "parentOf");
                    if up && owners.contains(&found.reference().to_string()) {
                        owners.insert(edge.target.to_string());
                    }
                    if down && owners.contains(&edge.target.to_string()) {
                        owners.insert(found.reference().to_string());
                    }
                }
            }
            // A group that is only referred to by its members has relations, and is gone up through as well.
            if owners.len() == before {
                return owners;
            }
        }
    }

    fn fits(&self, index: usize, predicate: &Predicate) -> bool {
        let (found, values) = &self.entities[index];
        match predicate {
            Predicate::All(all) => all.iter().all(|it| self.fits(index, it)),
            Predicate::Any(any) => any.iter().any(|it| self.fits(index, it)),
            Predicate::Not(not) => !self.fits(index, not),
            Predicate::Exists(field) => values.contains_key(field.as_str()),
            Predicate::In(field, wanted) => self
                .lower(index, field)
                .iter()
                .any(|it| wanted.iter().any(|wanted| wanted.to_lowercase() == *it)),
            Predicate::Prefix(field, prefix) => {
                self.lower(index, field).iter().any(|it| it.starts_with(&prefix.to_lowercase()))
            }
            Predicate::Contains(field, text) => {
                self.lower(index, field).iter().any(|it| it.contains(&text.to_lowercase()))
            }
            Predicate::Relation { relation_type, targets } => found.relations().iter().any(|it| {
                it.relation_type == relation_type.as_str()
                    && (targets.is_empty() || targets.contains(&it.target))
            }),
            Predicate::OwnedBy(person) => {
                let owners = self.owners(person);
                found.targets("ownedBy").any(|owner| owners.contains(&owner.to_string()))
            }
            Predicate::Text(text) | Predicate::Phrase(text) => {
                let mut all =
                    vec![found.name().to_owned(), found.title().to_owned(), found.kind().to_owned()];
                all.extend(found.description().map(str::to_owned));
                let entity = found.entity();
                all.extend(entity.tags().map(str::to_owned));
                all.extend(["type", "owner"].iter().filter_map(|it| entity.spec_text(it)).map(str::to_owned));
                let text = text.to_lowercase();
                let is_phrase = matches!(predicate, Predicate::Phrase(_));
                let words: Vec<&str> =
                    if is_phrase { vec![text.trim()] } else { text.split_whitespace().collect() };
                words.into_iter().all(|word| all.iter().any(|it| it.to_lowercase().contains(word)))
            }
        }
    }

    fn key(&self, index: usize, order: &[OrderField]) -> Vec<Option<String>> {
        let key = |order: &OrderField| {
            if order.field == Field::reference() {
                return Some(self.entities[index].0.reference().to_string());
            }
            self.lower(index, &order.field).into_iter().min()
        };
        order.iter().map(key).collect()
    }

    /// Everything that is asked for, in order.
    fn list(&self, selection: &Selection) -> Vec<String> {
        let order = &selection.order;
        let mut found: Vec<usize> = (0..self.entities.len())
            .filter(|index| self.fits(*index, &selection.predicate))
            .filter(|index| {
                selection.full_text.as_ref().is_none_or(|text| {
                    let usual = order.first().map_or(Field::new("metadata.uid"), |it| it.field.clone());
                    let fields = if text.fields.is_empty() { vec![usual] } else { text.fields.clone() };
                    let term = text.term.to_lowercase();
                    fields.iter().any(|field| self.lower(*index, field).iter().any(|it| it.contains(&term)))
                })
            })
            .filter(|index| {
                selection.missing == MissingField::Last
                    || self.key(*index, order).first().is_none_or(Option::is_some)
            })
            .collect();
        let turned = |ordering: Ordering, turned: bool| if turned { ordering.reverse() } else { ordering };
        found.sort_by(|one, other| {
            let (one_key, other_key) = (self.key(*one, order), self.key(*other, order));
            for ((one, other), order) in one_key.iter().zip(&other_key).zip(order) {
                let ordering = match (one, other) {
                    (Some(one), Some(other)) => turned(one.cmp(other), order.descending),
                    (one, other) => other.is_some().cmp(&one.is_some()),
                };
                if ordering.is_ne() {
                    return ordering;
                }
            }
            let uids = self.entities[*one].0.uid().cmp(self.entities[*other].0.uid());
            turned(uids, order.first().is_some_and(|it| it.descending) && one_key[0].is_some())
        });
        found.into_iter().map(|index| self.entities[index].0.reference().to_string()).collect()
    }
}

fn names(items: &[&CatalogEntity]) -> Vec<String> {
    items.iter().map(|it| it.reference().to_string()).collect()
}

/// Everything that can be told apart from outside.
fn picture(snapshot: &Snapshot) -> Vec<String> {
    let mut picture: Vec<String> =
        snapshot.iter().map(|found| String::from_utf8(found.json().to_vec()).unwrap()).collect();
    picture.extend(snapshot.dangling().iter().map(|it| format!("{it:?}")));
    picture
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lists, their totals and facets equal a scan, however many segments the catalog has; cursors lead through the
    /// same list in both directions.
    #[test]
    fn answers_equal_a_scan(
        batches in prop::collection::vec(prop::collection::vec(entity(), 1..10), 1..6),
        selection in selection(),
    ) {
        let mut snapshot = Snapshot::default();
        for batch in batches {
            snapshot = snapshot.with(batch.into_iter().map(EntityChange::put).collect());
        }
        let scan = Scan::new(&snapshot);
        let expected = scan.list(&selection);
        let page = snapshot.select(&selection).unwrap();
        prop_assert_eq!(page.total, expected.len());
        let window: Vec<String> = expected.iter().skip(selection.offset).take(selection.limit).cloned().collect();
        prop_assert_eq!(names(&page.items), window.clone());
        prop_assert_eq!(page.previous_cursor.is_some(), selection.offset > 0 && !window.is_empty());

        // Forwards to the end, then backwards to the beginning.
        let mut found: Vec<String> = names(&page.items);
        let mut cursor = page.next_cursor;
        let mut back = page.previous_cursor;
        while let Some(text) = cursor {
            let page = snapshot.select(&Selection { cursor: Some(text), ..selection.clone() }).unwrap();
            prop_assert!(!page.items.is_empty());
            found.extend(names(&page.items));
            (cursor, back) = (page.next_cursor, page.previous_cursor);
        }
        prop_assert_eq!(&found, &expected.iter().skip(selection.offset).cloned().collect::<Vec<_>>());
        let last = found.len().div_ceil(selection.limit).saturating_sub(1) * selection.limit + selection.offset;
        let mut reached = last;
        while let Some(text) = back {
            let page = snapshot.select(&Selection { cursor: Some(text), ..selection.clone() }).unwrap();
            let from = reached.saturating_sub(selection.limit);
            prop_assert_eq!(names(&page.items), expected[from..reached].to_vec());
            prop_assert!(page.next_cursor.is_some());
            reached = from;
            back = page.previous_cursor;
        }
        prop_assert!(reached == 0 || found.is_empty());

        let fields: Vec<String> = FIELDS.iter().map(|it| (*it).to_owned()).collect();
        for facet in snapshot.facets(&fields, &selection.predicate) {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for index in 0..scan.entities.len() {
                if scan.fits(index, &selection.predicate) {
                    for value in scan.entities[index].1.get(&facet.field.to_lowercase()).into_iter().flatten().flatten() {
                        *counts.entry(value.clone()).or_default() += 1;
                    }
                }
            }
            prop_assert_eq!(facet.values, counts.into_iter().collect::<Vec<_>>());
        }
    }

    /// Whatever the steps, what comes out is what the last state alone gives.
    #[test]
    fn steps_lead_to_the_same_catalog(
        steps in prop::collection::vec((prop::collection::vec(entity(), 1..4), any::<bool>()), 1..40),
    ) {
        let mut snapshot = Snapshot::default();
        let mut state: BTreeMap<EntityRef, StoredEntity> = BTreeMap::new();
        for (entities, remove) in steps {
            let change = |it: &StoredEntity| if remove { EntityChange::remove(it.entity.reference()) } else { EntityChange::put(it.clone()) };
            snapshot = snapshot.with(entities.iter().map(change).collect());
            for entity in entities {
                let reference = entity.entity.reference();
                if remove { state.remove(&reference) } else { state.insert(reference, entity) };
            }
        }
        let whole = Snapshot::build(state.values().cloned().collect(), Vec::new());
        prop_assert_eq!(picture(&snapshot), picture(&whole));
        prop_assert_eq!(snapshot.len(), state.len());
        for (reference, stored) in &state {
            let found = snapshot.get(reference).unwrap();
            prop_assert_eq!(snapshot.by_uid(&stored.uid).map(CatalogEntity::reference), Some(reference));
            prop_assert_eq!(found.relations(), whole.relations_of(reference));
            let (own, given) = (found.stored(), stored);
            prop_assert_eq!(own.entity.metadata, given.entity.metadata.clone());
            prop_assert_eq!(own.uid, given.uid.clone());
        }
    }

    /// A cursor goes on at its place, whatever came and went meanwhile.
    #[test]
    fn cursors_hold_while_the_catalog_changes(
        before in prop::collection::vec(entity(), 4..20),
        after in prop::collection::vec(entity(), 0..6),
        selection in selection(),
    ) {
        let put = |all: Vec<StoredEntity>| all.into_iter().map(EntityChange::put).collect();
        let snapshot = Snapshot::default().with(put(before));
        let first = snapshot.select(&Selection { offset: 0, ..selection.clone() }).unwrap();
        let Some(cursor) = first.next_cursor else { return Ok(()) };
        let edge = first.items.last().unwrap();
        let later = snapshot.with(put(after));
        let rest = later.select(&Selection { cursor: Some(cursor), limit: 1_000, ..selection.clone() }).unwrap();
        let rest = names(&rest.items);
        let list = Scan::new(&later).list(&selection);
        // Everything after the edge, if the edge is as it was.
        if later.get(edge.reference()).is_some_and(|now| now.json() == edge.json())
            && let Some(at) = list.iter().position(|it| *it == edge.reference().to_string())
        {
            prop_assert_eq!(&rest, &list[at + 1..].to_vec());
        }
        prop_assert!(rest.iter().all(|it| list.contains(it)));
    }
}

#[test]
fn thousands_of_entities_become_a_few_segments() {
    let entity = |index: usize| {
        let value = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": format!("c{index:05}")},
            "spec": {"type": if index.is_multiple_of(2) { "service" } else { "library" }, "owner": format!("g{}", index % 10),
                     "dependsOn": [format!("component:c{:05}", (index + 1) % 17_000)]},
        });
        let entity: Entity = serde_json::from_value(value).unwrap();
        StoredEntity {
            uid: format!("u{index}"),
            entity,
            source: "s".into(),
            location: "/x".into(),
            origin_location: "/x".into(),
            file: "x".into(),
            line: 1,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            errors: Vec::new(),
            revision: None,
            orphan: false,
        }
    };
    let mut snapshot = Snapshot::build((0..17_000).map(entity).collect(), Vec::new());
    for index in 0..100 {
        let mut changed = entity(index);
        changed.entity.spec.insert("type".into(), "website".into());
        snapshot = snapshot.with(vec![EntityChange::put(changed)]);
    }
    assert_eq!(snapshot.len(), 17_000);
    let segments: usize = format!("{snapshot:?}").split(' ').nth(3).unwrap().parse().unwrap();
    assert!(segments < 30, "{snapshot:?}");
    let count = |kind: &str| {
        let predicate = Predicate::equals("spec.type", kind);
        snapshot.select(&Selection { predicate, count_total: true, ..Selection::default() }).unwrap().total
    };
    assert_eq!((count("website"), count("service"), count("library")), (100, 8_450, 8_450));
    let owner = snapshot.relations_of(&"group:default/g3".parse().unwrap());
    assert_eq!(owner.len(), 1_700);
}
