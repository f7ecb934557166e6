//! `/catalog/graph`: entities and their relations as a drawing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::Uri;
use fairway_app::{AppError, View};
use fairway_catalog::{Exploration, ExploreDirection, Explored, ExploredNode, Snapshot};
use fairway_domain::{EntityRef, Permission};
use fairway_portal::graph::MAX_NODES;
use fairway_portal::{GraphDirection, GraphEdge, GraphNode, GraphPageView, GraphQuery, GraphView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::moment::{as_of, dated};
use crate::page::row::icon_of;
use crate::page::{Page, chrome, html, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The relations that people choose from, each in its forward direction.
const RELATIONS: [&str; 7] =
    ["dependsOn", "consumesApi", "providesApi", "partOf", "ownedBy", "childOf", "memberOf"];
/// Entities that the field for the root offers.
const OFFERED: usize = 200;

/// What is around an entity, as its own page shows it.
pub(crate) fn around(view: &View, root: &EntityRef) -> GraphView {
    let exploration =
        Exploration { roots: vec![root.clone()], depth: 1, limit: AROUND, ..Exploration::default() };
    drawn(view, view.catalog.explore(&exploration), Some(root), true)
}

/// More than these around an entity make no picture beside its page.
const AROUND: usize = 36;

/// As it is drawn; on both sides of the root when the walk went both ways.
fn drawn(view: &View, explored: Explored, root: Option<&EntityRef>, sided: bool) -> GraphView {
    let column = |node: &ExploredNode| {
        let distance = i32::try_from(node.distance).unwrap_or(i32::MAX);
        if sided && !node.forward { -distance } else { distance }
    };
    GraphView {
        root: root.cloned(),
        omitted: explored.omitted,
        nodes: explored
            .nodes
            .into_iter()
            .map(|node| GraphNode {
                column: column(&node),
                icon: icon_of(view, &node.kind),
                reference: node.reference,
                kind: node.kind,
                title: node.title,
                missing: node.missing,
                whole: node.whole,
                through: node.through,
                parts: node.parts,
            })
            .collect(),
        edges: explored
            .edges
            .into_iter()
            .map(|edge| GraphEdge { from: edge.from, to: edge.to, relation: edge.relation })
            .collect(),
    }
}

fn references(pairs: &Pairs, name: &str) -> Result<Vec<EntityRef>, AppError> {
    let read = |text: &String| {
        text.parse().map_err(|error: fairway_domain::EntityRefError| AppError::invalid(error.to_string()))
    };
    pairs.all(name).iter().take(MAX_NODES).map(read).collect()
}

fn read(pairs: &Pairs) -> Result<GraphQuery, AppError> {
    Ok(GraphQuery {
        roots: references(pairs, "root")?,
        depth: pairs.number("depth", 2).clamp(1, 6),
        direction: GraphDirection::parse(pairs.get("direction").unwrap_or_default()),
        relations: pairs.all("relation").into_iter().filter(|it| RELATIONS.contains(&it.as_str())).collect(),
        kinds: pairs.all("kind").into_iter().map(|kind| kind.to_lowercase()).take(50).collect(),
        apart: pairs.get("systems") == Some("apart"),
        open: references(pairs, "open")?,
        as_list: pairs.get("as") == Some("list"),
    })
}

fn exploration(query: &GraphQuery) -> Exploration {
    Exploration {
        roots: query.roots.clone(),
        depth: query.depth,
        direction: match query.direction {
            GraphDirection::Both => ExploreDirection::Both,
            GraphDirection::Needs => ExploreDirection::Needs,
            GraphDirection::Breaks => ExploreDirection::Breaks,
        },
        relations: query.relations.clone(),
        kinds: query.kinds.clone(),
        collapsed: !query.apart,
        open: query.open.iter().cloned().collect(),
        limit: MAX_NODES,
    }
}

pub(crate) async fn graph(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let as_of = as_of(&state, &caller, &uri).await?;
    let view = Arc::clone(&as_of.view);
    let query = read(&Pairs::of_query(&uri)).or_page(&state, &uri, &caller)?;
    let chrome = dated(chrome(&state, &caller, &uri, "Graph", Section::Catalog), &as_of, &uri);
    let key = format!("{uri}|{}|{}|{}", caller.actor.user(), caller.role, chrome.running);
    if let Some(page) = state.graphs.get(&view.catalog, &key) {
        return Ok(html(page));
    }
    // Walking and laying out two hundred nodes takes tens of milliseconds.
    let catalog = Arc::clone(&view.catalog);
    let page = off_thread(move || {
        let catalog = &view.catalog;
        let root = if let [root] = query.roots.as_slice() { Some(root) } else { None };
        let data = GraphPageView {
            graph: drawn(
                &view,
                catalog.explore(&exploration(&query)),
                root,
                query.direction == GraphDirection::Both,
            ),
            all_relations: RELATIONS.map(str::to_owned).to_vec(),
            all_kinds: catalog.count_by_kind().into_keys().collect(),
            roots: ["system", "component"]
                .into_iter()
                .flat_map(|kind| catalog.of_kind(kind).take(OFFERED / 2))
                .map(|found| found.reference().clone())
                .collect(),
            query,
        };
        fairway_portal::graph(&chrome, &data)
    })
    .await
    .or_page(&state, &uri, &caller)?;
    state.graphs.put(&catalog, key, &page);
    Ok(html(page))
}

/// Drawings of the catalog as it is now; the next change of the catalog empties it.
#[derive(Default)]
pub(crate) struct GraphCache(Mutex<Option<Drawn>>);

struct Drawn {
    catalog: Arc<Snapshot>,
    pages: BTreeMap<String, String>,
}

/// Drawings that are kept; each has tens of kilobytes.
const KEPT: usize = 64;

impl GraphCache {
    fn get(&self, catalog: &Arc<Snapshot>, key: &str) -> Option<String> {
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.as_ref().filter(|drawn| Arc::ptr_eq(&drawn.catalog, catalog))?.pages.get(key).cloned()
    }

    fn put(&self, catalog: &Arc<Snapshot>, key: String, page: &str) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = drawn.as_mut().filter(|drawn| Arc::ptr_eq(&drawn.catalog, catalog));
        if let Some(drawn) = current.filter(|drawn| drawn.pages.len() < KEPT) {
            drawn.pages.insert(key, page.to_owned());
        } else {
            let pages = BTreeMap::from([(key, page.to_owned())]);
            *drawn = Some(Drawn { catalog: Arc::clone(catalog), pages });
        }
    }
}
