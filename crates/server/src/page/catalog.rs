//! `/catalog`: which one is it?

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Uri;
use fairway_app::View;
use fairway_catalog::{Order, Query};
use fairway_domain::{EntityRef, Permission};
use fairway_portal::{CatalogQuery, CatalogView, Facet, FacetOption, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::moment::{as_of, dated};
use crate::page::row::entity_row;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

const PER_PAGE: usize = 50;
/// The facets: the name in the address, the label, the field of the entity.
const FACETS: [(&str, &str, &str); 5] = [
    ("kind", "Kind", "kind"),
    ("type", "Type", "spec.type"),
    ("owner", "Owner", "owner"),
    ("lifecycle", "Lifecycle", "spec.lifecycle"),
    ("tag", "Tag", "metadata.tags"),
];

/// The kinds that teams describe their own work with.
const KEPT_BY_TEAMS: [&str; 8] =
    ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Template"];

/// Whether nothing was asked for besides an order and a page.
fn is_only_page(asked: &CatalogQuery) -> bool {
    let lists = [&asked.kind, &asked.entity_type, &asked.owner, &asked.lifecycle, &asked.tag];
    asked.q.is_empty() && lists.into_iter().all(Vec::is_empty)
}

/// How many files are broken; one file may hold many broken entities.
fn broken_files(view: &View) -> usize {
    view.drafts.values().map(|draft| (&draft.source, &draft.file)).collect::<BTreeSet<_>>().len()
}

fn read(pairs: &Pairs) -> CatalogQuery {
    let mut kind = pairs.all("kind");
    if kind.len() > 1 {
        kind.retain(|kind| kind != "any");
    }
    CatalogQuery {
        kind,
        entity_type: pairs.all("type"),
        owner: pairs.all("owner"),
        lifecycle: pairs.all("lifecycle"),
        tag: pairs.all("tag"),
        q: pairs.get("q").unwrap_or_default().chars().take(200).collect(),
        sort: pairs.get("sort").unwrap_or_default().to_owned(),
        page: pairs.number("page", 1).clamp(1, 100_000),
    }
}

fn order(sort: &str) -> Order {
    let (field, descending) = sort.strip_prefix('-').map_or((sort, false), |field| (field, true));
    let field = match field {
        "kind" => "kind",
        "type" => "spec.type",
        "owner" => "spec.owner",
        "lifecycle" => "spec.lifecycle",
        _ => "metadata.name",
    };
    Order { field: field.to_owned(), descending }
}

pub(crate) async fn catalog(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let asked = read(&Pairs::of_query(&uri));
    let as_of = as_of(&state, &caller, &uri).await?;
    let view = std::sync::Arc::clone(&as_of.view);
    // Until somebody asks, the catalog shows what teams keep, not what the platform is made of.
    let any = asked.kind.iter().any(|kind| kind == "any");
    let at_home = asked.address() == "/catalog" || is_only_page(&asked);
    let kinds = if any {
        Vec::new()
    } else if at_home {
        KEPT_BY_TEAMS.map(str::to_owned).to_vec()
    } else {
        asked.kind.clone()
    };
    let query = Query {
        text: Some(asked.q.clone()).filter(|text| !text.is_empty()),
        kinds,
        types: asked.entity_type.clone(),
        owners: asked
            .owner
            .iter()
            .filter_map(|owner| EntityRef::parse(owner, Some("group"), "default").ok())
            .collect(),
        lifecycles: asked.lifecycle.clone(),
        tags: asked.tag.clone(),
        order: Some(order(&asked.sort)),
        limit: PER_PAGE,
        offset: (asked.page - 1) * PER_PAGE,
        ..Query::default()
    };
    let page = view.catalog.query(&query);
    let facets = FACETS
        .iter()
        .map(|(name, label, field)| {
            let chosen = match *name {
                "kind" => &asked.kind,
                "type" => &asked.entity_type,
                "owner" => &asked.owner,
                "lifecycle" => &asked.lifecycle,
                _ => &asked.tag,
            };
            // A facet counts what its own choice leaves out too, so that another value can be added.
            let mut without = query.clone();
            match *name {
                "kind" => without.kinds.clear(),
                "type" => without.types.clear(),
                "owner" => without.owners.clear(),
                "lifecycle" => without.lifecycles.clear(),
                _ => without.tags.clear(),
            }
            let mut counts = view.catalog.query_facets(&without, &[field]);
            let counts = counts.remove(*field).unwrap_or_default();
            let options = counts
                .into_iter()
                .map(|(value, count)| FacetOption {
                    label: value
                        .parse::<EntityRef>()
                        .map_or_else(|_| value.clone(), |reference| reference.humanized(Some("group"))),
                    selected: chosen.iter().any(|it| it.eq_ignore_ascii_case(&value)),
                    value,
                    count,
                })
                .collect();
            Facet { name: (*name).to_owned(), label: (*label).to_owned(), options }
        })
        .collect();
    let data = CatalogView {
        hidden: if at_home { view.catalog.len().saturating_sub(page.total) } else { 0 },
        rows: page.items.into_iter().map(entity_row).collect(),
        matching: page.total,
        total: view.catalog.len(),
        per_page: PER_PAGE,
        facets,
        drafts: broken_files(&view),
        error: None,
        query: asked,
    };
    let chrome = chrome(&state, &caller, &uri, "Catalog", Section::Catalog).followed(None);
    let chrome = dated(chrome, &as_of, &uri);
    Ok(html(fairway_portal::catalog(&chrome, &data)))
}
