//! `/catalog`: which one is it?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::IntoResponse;
use fairway_app::View;
use fairway_app::moment::AsOf;
use fairway_app::saved_views::SavedView;
use fairway_catalog::human::{HumanContext, complete as completions, parse};
use fairway_catalog::{KindDefinition, Order, Predicate, Query};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::row::EntityRow;
use fairway_portal::{CatalogQuery, CatalogView, Chrome, Facet, FacetOption, SavedViewRow, Section};

use crate::caller::PageCaller;
use crate::failure::{OrPage, PageFailure};
use crate::page::column::{cells, columns};
use crate::page::moment::{as_of, dated};
use crate::page::row::{entity_row, icon_of, stale_since};
use crate::page::{Page, chrome, html, off_thread, shelf};
use crate::pairs::Pairs;
use crate::state::ServerState;

const PER_PAGE: usize = 50;
/// Characters of a question.
const QUESTION: usize = 500;
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
        q: pairs.get("q").unwrap_or_default().chars().take(QUESTION).collect(),
        shelf: pairs.get("shelf").filter(|it| SHELVES.contains(it)).unwrap_or_default().to_owned(),
        sort: pairs.get("sort").unwrap_or_default().to_owned(),
        page: pairs.number("page", 1).clamp(1, 100_000),
        view: String::new(),
    }
}

const SHELVES: [&str; 3] = ["mine", "starred", "recent"];

fn order(sort: &str) -> Order {
    let (field, descending) = sort.strip_prefix('-').map_or((sort, false), |field| (field, true));
    let field = if field.is_empty() || field.len() > 200 { "name" } else { field };
    Order { field: field.to_owned(), descending }
}

/// What somebody asks the catalog for, ready to be answered away from the threads that answer requests.
pub(crate) struct Listing {
    pub(crate) asked: CatalogQuery,
    pub(crate) query: Query,
    pub(crate) view: Arc<View>,
    as_of: AsOf,
    /// What is wrong with the question.
    pub(crate) error: Option<String>,
    saved: Vec<SavedView>,
    stars: Vec<EntityRef>,
    recent: Vec<EntityRef>,
    kind: Option<Arc<KindDefinition>>,
    is_first: bool,
    headers: HeaderMap,
    caller: Caller,
}

/// Reads what the pairs of an address or form ask for.
pub(crate) async fn listing(
    state: &ServerState,
    caller: &Caller,
    headers: &HeaderMap,
    uri: &Uri,
    pairs: &Pairs,
) -> Result<Listing, PageFailure> {
    caller.authorise(Permission::Read).or_page(state, uri, caller)?;
    let as_of = as_of(state, caller, uri).await?;
    let view = Arc::clone(&as_of.view);
    let saved = state.app.saved_views(caller).or_page(state, uri, caller)?;
    let of_view = pairs.get("view").and_then(|id| saved.iter().find(|saved| saved.id == id));
    let asked = match of_view {
        None => read(pairs),
        Some(saved) => {
            let kept: Uri = format!("/catalog?{}", saved.question).parse().unwrap_or_default();
            let page = pairs.number("page", 1).clamp(1, 100_000);
            CatalogQuery { view: saved.id.clone(), page, ..read(&Pairs::of_query(&kept)) }
        }
    };
    let stars = state.app.stars(caller).or_page(state, uri, caller)?;
    let recent = shelf::recent(headers);
    // Until somebody asks, the catalog shows what teams keep, not what the platform is made of.
    let is_first = !asked.is_narrowed();
    let kinds = if asked.kind.iter().any(|kind| kind == "any") {
        Vec::new()
    } else if is_first {
        KEPT_BY_TEAMS.map(str::to_owned).to_vec()
    } else {
        asked.kind.clone()
    };
    let me = caller.actor.user();
    let (predicate, error) = match question(&asked.q, &view, &me) {
        Ok(predicate) => (predicate, None),
        // What cannot be read has no answer.
        Err(error) => (Some(Predicate::Any(Vec::new())), Some(error)),
    };
    let owner = |owner: &String| EntityRef::parse(owner, Some("group"), "default").ok();
    let mut owners: Vec<EntityRef> = asked.owner.iter().filter_map(owner).collect();
    if asked.shelf == "mine" {
        owners.push(me);
    }
    let among = match asked.shelf.as_str() {
        "starred" => Some(stars.clone()),
        "recent" => Some(recent.clone()),
        _ => None,
    };
    let kind = match asked.kind.as_slice() {
        [kind] => view.catalog.kinds().get(kind).cloned(),
        _ => None,
    };
    let query = Query {
        predicate,
        among,
        kinds,
        types: asked.entity_type.clone(),
        owners,
        lifecycles: asked.lifecycle.clone(),
        tags: asked.tag.clone(),
        order: Some(order(&asked.sort)),
        limit: PER_PAGE,
        offset: (asked.page - 1) * PER_PAGE,
        ..Query::default()
    };
    let (headers, caller) = (headers.clone(), caller.clone());
    Ok(Listing { asked, query, view, as_of, error, saved, stars, recent, kind, is_first, headers, caller })
}

/// A question in words as a condition, or what is wrong with it.
fn question(text: &str, view: &View, me: &EntityRef) -> Result<Option<Predicate>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    asking(view, me, |context| parse(text, context))
        .map(Some)
        .map_err(|error| format!("{error}; {}", error.hint))
}

/// Asks in the words of somebody.
fn asking<T>(view: &View, me: &EntityRef, ask: impl FnOnce(&HumanContext<'_>) -> T) -> T {
    let failing: Vec<String> = view
        .sources
        .values()
        .filter(|source| source.last.as_ref().is_some_and(|last| last.failure.is_some()))
        .map(|source| source.id.clone())
        .collect();
    let context = HumanContext { caller: Some(me), catalog: Some(&view.catalog), failing_sources: &failing };
    ask(&context)
}

/// `/catalog/complete?q=&cursor=`: what could be written next, as JSON.
pub(crate) async fn complete(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_query(&uri);
    // As it was typed, with the spaces at its end.
    let text = pairs.0.iter().find(|(name, _)| name == "q").map(|(_, text)| text.clone()).unwrap_or_default();
    let cursor = pairs.number("cursor", text.chars().count());
    let view = state.app.view();
    let me = caller.actor.user();
    let offers = off_thread(move || asking(&view, &me, |context| completions(&text, cursor, context))).await;
    Ok(Json(offers.or_page(&state, &uri, &caller)?).into_response())
}

impl Listing {
    /// The rows of the page, and how many match.
    fn rows(&self, several: bool, columns: &[fairway_portal::ColumnView]) -> (Vec<EntityRow>, usize) {
        let page = self.view.catalog.query(&self.query);
        let targets: BTreeMap<&str, String> = self
            .view
            .sources
            .iter()
            .filter(|_| columns.iter().any(|column| column.shown && column.name == "source"))
            .map(|(id, source)| (id.as_str(), source.target.to_string()))
            .collect();
        let row = |found| EntityRow {
            icon: icon_of(&self.view, fairway_catalog::CatalogEntity::kind(found)),
            starred: self.stars.contains(found.reference()),
            stale: stale_since(&self.view, found),
            cells: cells(found, columns, several, targets.get(found.source()).map(String::as_str)),
            ..entity_row(found)
        };
        let mut rows: Vec<EntityRow> = page.items.into_iter().map(row).collect();
        if self.asked.shelf == "recent" && self.asked.sort.is_empty() {
            rows.sort_by_key(|row| self.recent.iter().position(|it| *it == row.reference));
        }
        (rows, page.total)
    }

    fn facets(&self) -> Vec<Facet> {
        let fields = FACETS.map(|(_, _, field)| field);
        let mut counts = self.view.catalog.query_facets(&self.query, &fields);
        let facet = |(name, label, field): (&str, &str, &str)| {
            let chosen = match name {
                "kind" => &self.asked.kind,
                "type" => &self.asked.entity_type,
                "owner" => &self.asked.owner,
                "lifecycle" => &self.asked.lifecycle,
                _ => &self.asked.tag,
            };
            let options = counts
                .remove(field)
                .unwrap_or_default()
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
            Facet { name: name.to_owned(), label: label.to_owned(), options }
        };
        FACETS.into_iter().map(facet).collect()
    }

    /// The page's view model, with or without facets.
    fn view(self, with_facets: bool) -> CatalogView {
        let mut columns = columns(&self.headers, self.kind.as_deref());
        if self.as_of.moment.is_some() {
            columns.retain(|column| column.name != "source" || column.shown);
        }
        let (rows, matching) = self.rows(self.kind.is_none(), &columns);
        let total = self.view.catalog.len();
        let me = self.caller.actor.user();
        let saved = |saved: &SavedView| SavedViewRow {
            id: saved.id.clone(),
            name: saved.name.clone(),
            shared: saved.shared,
            removable: saved.owner == me || self.caller.may(Permission::Administer),
        };
        CatalogView {
            title: self.kind.as_ref().map(|kind| kind.plural()),
            rows,
            columns,
            columns_of: self.kind.as_ref().map(|kind| kind.kind.clone()).unwrap_or_default(),
            matching,
            total,
            per_page: PER_PAGE,
            facets: if with_facets { self.facets() } else { Vec::new() },
            views: self.saved.iter().map(saved).collect(),
            may_share: self.caller.may(Permission::Create),
            drafts: broken_files(&self.view),
            hidden: if self.is_first { total.saturating_sub(matching) } else { 0 },
            error: self.error,
            query: self.asked,
        }
    }
}

fn shell(state: &ServerState, caller: &Caller, uri: &Uri, listing: &Listing) -> Chrome {
    let title = listing.kind.as_ref().map_or_else(|| "Catalog".to_owned(), |kind| kind.plural());
    dated(chrome(state, caller, uri, &title, Section::Catalog).followed(None), &listing.as_of, uri)
}

pub(crate) async fn catalog(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    let listing = listing(&state, &caller, &headers, &uri, &Pairs::of_query(&uri)).await?;
    let chrome = shell(&state, &caller, &uri, &listing);
    let page = off_thread(move || fairway_portal::catalog(&chrome, &listing.view(true))).await;
    Ok(html(page.or_page(&state, &uri, &caller)?))
}

/// `/catalog/rows`: what of the page changes as somebody types.
pub(crate) async fn rows(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    let listing = listing(&state, &caller, &headers, &uri, &Pairs::of_query(&uri)).await?;
    if let Some(error) = listing.error {
        // Half a question is nothing that went wrong; as plain text it stands beside the rows that are there.
        return Ok(error.into_response());
    }
    let chrome = shell(&state, &caller, &uri, &listing);
    let rows = off_thread(move || fairway_portal::catalog_rows(&chrome, &listing.view(false))).await;
    Ok(html(rows.or_page(&state, &uri, &caller)?))
}

/// `/catalog/facets`: what there is to narrow by.
pub(crate) async fn facets(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    let listing = listing(&state, &caller, &headers, &uri, &Pairs::of_query(&uri)).await?;
    let chrome = shell(&state, &caller, &uri, &listing);
    let facets = off_thread(move || {
        let facets = listing.facets();
        let view = CatalogView { facets, query: listing.asked, ..CatalogView::default() };
        fairway_portal::catalog_facets(&chrome, &view)
    });
    Ok(html(facets.await.or_page(&state, &uri, &caller)?))
}
