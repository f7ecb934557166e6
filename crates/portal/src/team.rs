//! A team or a person: who belongs to it, what it owns, and how that fares.

use fairway_domain::EntityRef;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Tone;
use crate::home::entity_table;
use crate::icon::icon;
use crate::measure::{count, grouped};
use crate::part::{empty, entity_link, section, tone};
use crate::row::EntityRow;

/// A person of a team.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Who.
    pub reference: EntityRef,
    /// Their name.
    pub title: String,
    /// What they do, or their address.
    pub about: Option<String>,
    /// Whether they belong to the team itself, and not only to one below it.
    pub direct: bool,
    /// Whether the catalog does not know them.
    pub missing: bool,
}

/// A team above, below or around.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// Which.
    pub reference: EntityRef,
    /// Its title.
    pub title: String,
    /// How many people belong to it, also through teams below it.
    pub members: usize,
    /// How much it owns.
    pub owned: usize,
}

/// Something about what a team owns that somebody should look at.
#[derive(Clone, Debug)]
pub struct TeamConcern {
    /// How bad.
    pub tone: Tone,
    /// In words, with its number.
    pub words: String,
    /// Where it is dealt with.
    pub url: String,
}

/// What the page of a team or a person shows besides what every entity's page does.
#[derive(Clone, Debug, Default)]
pub struct TeamView {
    /// Whether it is a person.
    pub is_person: bool,
    /// The people of a team, its own first.
    pub members: Vec<MemberRow>,
    /// The teams below it; a person's teams.
    pub groups: Vec<GroupRow>,
    /// What they own themselves, as far as it is listed, and how much that is.
    pub owned: (Vec<EntityRow>, usize),
    /// What teams below own; what a person owns through teams.
    pub through: (Vec<EntityRow>, usize),
    /// What somebody should look at; empty when all is well.
    pub concerns: Vec<TeamConcern>,
}

/// What a team owns and how it fares.
pub fn ownership(reference: &EntityRef, view: &TeamView) -> Markup {
    let all = address::query("/catalog", &[("owner", &reference.to_string())]);
    let side =
        html! { @if view.owned.1 > view.owned.0.len() { a href=(all) { "All " (grouped(view.owned.1)) } } };
    let through = if view.is_person { "Owned through teams" } else { "Owned by teams below" };
    html! {
        (section("health", "Health", None, &health(view)))
        @if view.owned.0.is_empty() {
            (section("owned", "Owns", None, &empty("component", "Owns nothing",
                &html! { "An entity is theirs when its " code { "spec.owner" } " is " code { (reference.name()) } "." },
                Some(&html! { a.button href="/create" { "Create" } a.button href="/catalog" { "Catalog" } }))))
        } @else {
            (section("owned", "Owns", Some(&side), &entity_table(&view.owned.0, "What it owns", false)))
        }
        @if !view.through.0.is_empty() {
            (section("through", through, Some(&html! { (count(view.through.1, "entity", "entities")) }), &entity_table(&view.through.0, through, true)))
        }
    }
}

fn health(view: &TeamView) -> Markup {
    html! {
        @if view.concerns.is_empty() {
            p.state.good { (icon("done")) "No broken files, findings or waiting changes on what they own." }
        } @else {
            ul.rows {
                @for concern in &view.concerns {
                    @let (class, drawing) = tone(concern.tone);
                    li { a.row-link.with-icon.(class) href=(concern.url) { (icon(drawing)) span.row-main { (concern.words) } } }
                }
            }
        }
    }
}

/// People that are listed before they are folded away.
const SHOWN: usize = 20;

/// Who belongs to a team, and which teams are near.
pub fn people(view: &TeamView) -> Markup {
    let (first, rest) = view.members.split_at(view.members.len().min(SHOWN));
    html! {
        @if !view.is_person {
            (section("members", "Members", Some(&html! { (grouped(view.members.len())) }), &html! {
                @if first.is_empty() {
                    (empty("group", "Nobody belongs to it", &html! { "People name their teams in " code { "spec.memberOf" } ", or a team its people in " code { "spec.members" } "." }, None))
                } @else {
                    (member_list(first))
                    @if !rest.is_empty() { details.more { summary { (grouped(rest.len())) " more" } (member_list(rest)) } }
                }
            }))
        }
        @if !view.groups.is_empty() {
            (section("groups", if view.is_person { "Teams" } else { "Teams below" }, None, &html! {
                ul.rows {
                    @for group in &view.groups {
                        li.member {
                            (entity_link(&group.reference, &group.title))
                            span.row-sub { (count(group.members, "member", "members")) " · owns " (grouped(group.owned)) }
                        }
                    }
                }
            }))
        }
    }
}

fn member_list(members: &[MemberRow]) -> Markup {
    html! {
        ul.rows {
            @for member in members {
                li.member {
                    @if member.missing {
                        span.missing title="Nothing in the catalog has this reference" { (member.reference.name()) }
                    } @else { (entity_link(&member.reference, &member.title)) }
                    span.row-sub {
                        @if let Some(about) = &member.about { (about) }
                        @if !member.direct { @if member.about.is_some() { " · " } "through a team below" }
                    }
                }
            }
        }
    }
}
