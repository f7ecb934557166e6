//! What the page of a team or a person shows: who belongs to it, what it owns, and how that fares.

use std::collections::BTreeSet;

use fairway_app::{App, View};
use fairway_catalog::{CatalogEntity, TruthFinding};
use fairway_domain::EntityRef;
use fairway_portal::Tone;
use fairway_portal::row::EntityRow;
use fairway_portal::team::{GroupRow, MemberRow, TeamConcern, TeamView};

use crate::page::row::{entity_row, icon_of, stale_since};

/// Rows of a table; the catalog has all.
const ROWS: usize = 25;
/// People and teams that are listed.
const PEOPLE: usize = 500;
const GROUPS: usize = 100;
/// Entities whose change requests are asked for.
const CHANGING: usize = 500;

/// What runs comes before what it is made of, and that before the rest.
fn kind_order(kind: &str) -> usize {
    let order = ["Component", "API", "Resource", "System", "Domain"];
    order.iter().position(|it| *it == kind).unwrap_or(order.len())
}

fn rows(view: &View, mut owned: Vec<&CatalogEntity>) -> (Vec<EntityRow>, usize) {
    owned.sort_by_key(|found| (kind_order(found.kind()), found.title().to_lowercase()));
    let row = |found: &&CatalogEntity| EntityRow {
        icon: icon_of(view, found.kind()),
        stale: stale_since(view, found),
        ..entity_row(found)
    };
    (owned.iter().take(ROWS).map(row).collect(), owned.len())
}

fn member(view: &View, reference: &EntityRef, direct: bool) -> MemberRow {
    let found = view.catalog.get(reference);
    let about = found.and_then(|found| {
        let email = || {
            let entity = found.entity();
            entity.spec_pointer("/profile/email").and_then(|it| it.as_str()).map(str::to_owned)
        };
        found.description().map(str::to_owned).or_else(email)
    });
    MemberRow {
        title: found.map_or_else(|| reference.name().to_owned(), |it| it.title().to_owned()),
        about,
        direct,
        missing: found.is_none(),
        reference: reference.clone(),
    }
}

fn group(view: &View, reference: &EntityRef) -> GroupRow {
    let found = view.catalog.get(reference);
    GroupRow {
        title: found.map_or_else(|| reference.name().to_owned(), |it| it.title().to_owned()),
        members: view.catalog.members_of(reference).len(),
        owned: view.catalog.owned_by(std::slice::from_ref(reference)).len(),
        reference: reference.clone(),
    }
}

/// Every team below one.
fn below(view: &View, team: &EntityRef) -> BTreeSet<EntityRef> {
    let mut all = BTreeSet::new();
    let mut waiting = vec![team.clone()];
    while let Some(next) = waiting.pop() {
        for relation in view.catalog.relations_of(&next) {
            let child = relation.relation_type == "parentOf" && relation.target != *team;
            if child && all.insert(relation.target.clone()) {
                waiting.push(relation.target.clone());
            }
        }
    }
    all
}

/// What a team or a person is about; nothing for other kinds.
pub(crate) fn team(
    app: &App,
    view: &View,
    found: &CatalogEntity,
    truth: &[TruthFinding],
) -> Option<TeamView> {
    let reference = found.reference();
    let is_person = reference.kind() == "user";
    if !is_person && reference.kind() != "group" {
        return None;
    }
    let own = view.catalog.owned_by(std::slice::from_ref(reference));
    let (near, others): (Vec<EntityRef>, Vec<EntityRef>) = if is_person {
        (found.targets("memberOf").cloned().collect(), view.catalog.groups_of(reference))
    } else {
        (found.targets("parentOf").cloned().collect(), below(view, reference).into_iter().collect())
    };
    let of_own: BTreeSet<&EntityRef> = own.iter().map(|found| found.reference()).collect();
    let mut through = view.catalog.owned_by(&others);
    through.retain(|found| !of_own.contains(found.reference()));
    let direct: BTreeSet<&EntityRef> = found.targets("hasMember").collect();
    let mut members: Vec<MemberRow> = if is_person {
        Vec::new()
    } else {
        let all = view.catalog.members_of(reference);
        all.iter().take(PEOPLE).map(|it| member(view, it, direct.contains(it))).collect()
    };
    members.sort_by_key(|row| (!row.direct, row.title.to_lowercase()));
    Some(TeamView {
        is_person,
        members,
        groups: near.iter().take(GROUPS).map(|near| group(view, near)).collect(),
        concerns: concerns(app, view, reference, &own, truth),
        owned: rows(view, own),
        through: rows(view, through),
    })
}

fn concerns(
    app: &App,
    view: &View,
    team: &EntityRef,
    own: &[&CatalogEntity],
    truth: &[TruthFinding],
) -> Vec<TeamConcern> {
    let owned: BTreeSet<&EntityRef> = own.iter().map(|found| found.reference()).collect();
    let theirs = |draft: &fairway_catalog::StoredDraft| {
        draft.owner.as_ref() == Some(team) || draft.reference.as_ref().is_some_and(|it| owned.contains(it))
    };
    let broken = view.drafts.values().filter(|draft| theirs(draft)).count();
    let findings = truth.iter().filter(|found| found.owner.as_ref() == Some(team)).count();
    let waiting: usize =
        own.iter().take(CHANGING).map(|it| app.changes_of_entity(it.reference()).len()).sum();
    let stale = own.iter().filter(|found| stale_since(view, found).is_some()).count();
    let missing = |found: &&CatalogEntity| {
        found.relations().iter().any(|relation| view.catalog.get(&relation.target).is_none())
    };
    let loose = own.iter().copied().filter(|found| missing(found)).count();
    let all = [
        (Tone::Bad, broken, "broken document", "broken documents", "/drafts".to_owned()),
        (
            Tone::Warning,
            findings,
            "finding about the catalog",
            "findings about the catalog",
            format!("/catalog/findings?owner={team}"),
        ),
        (
            Tone::Warning,
            stale,
            "entity whose source cannot be read",
            "entities whose sources cannot be read",
            "/sources".to_owned(),
        ),
        (
            Tone::Warning,
            loose,
            "entity refers to something that does not exist",
            "entities refer to something that does not exist",
            format!("/catalog/findings?owner={team}"),
        ),
        (Tone::Info, waiting, "change request waits", "change requests wait", "/change-requests".to_owned()),
    ];
    let words = |number: usize, one: &str, many: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
    };
    all.into_iter()
        .filter(|(_, number, ..)| *number > 0)
        .map(|(tone, number, one, many, url)| TeamConcern { tone, words: words(number, one, many), url })
        .collect()
}
