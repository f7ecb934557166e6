//! `/catalog/graph`: entities and their relations as a drawing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::Uri;
use fairway_app::View;
use fairway_catalog::Snapshot;
use fairway_domain::{EntityRef, Permission};
use fairway_portal::graph::MAX_NODES;
use fairway_portal::{GraphEdge, GraphNode, GraphPageView, GraphView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::moment::{as_of, dated};
use crate::page::{Page, chrome, html, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The relations that a drawing may show, each in its forward direction.
pub(crate) const RELATIONS: [&str; 8] =
    ["ownedBy", "partOf", "providesApi", "consumesApi", "dependsOn", "childOf", "memberOf", "hasPart"];

/// The neighbourhood of some entities, cut off at what can still be read.
pub(crate) fn graph_view(view: &View, roots: &[EntityRef], depth: usize, relations: &[&str]) -> GraphView {
    let graph = view.catalog.graph(roots, depth, relations);
    let total = graph.nodes.len();
    let nodes: Vec<GraphNode> = graph
        .nodes
        .into_iter()
        .take(MAX_NODES)
        .map(|node| GraphNode {
            reference: node.reference,
            kind: node.kind,
            title: node.title,
            missing: node.missing,
        })
        .collect();
    let shown: std::collections::BTreeSet<&EntityRef> = nodes.iter().map(|node| &node.reference).collect();
    let edges = graph
        .edges
        .into_iter()
        .filter(|edge| shown.contains(&edge.from) && shown.contains(&edge.to))
        .map(|edge| GraphEdge { from: edge.from, to: edge.to, relation: edge.relation })
        .collect();
    let root = if roots.len() == 1 { roots.first().cloned() } else { None };
    GraphView { root, edges, omitted: total.saturating_sub(nodes.len()), nodes }
}

pub(crate) async fn graph(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_query(&uri);
    let as_of = as_of(&state, &caller, &uri).await?;
    let view = Arc::clone(&as_of.view);
    let depth = pairs.number("depth", 2).clamp(1, 6);
    let chosen = pairs.all("relation");
    let relations: Vec<&'static str> = RELATIONS
        .into_iter()
        .filter(|relation| {
            if chosen.is_empty() {
                *relation != "hasPart" && *relation != "memberOf"
            } else {
                chosen.iter().any(|it| it == relation)
            }
        })
        .collect();
    let asked = pairs.get("root").map(str::parse::<EntityRef>).transpose();
    let root = asked
        .map_err(|error| fairway_app::AppError::invalid(error.to_string()))
        .or_page(&state, &uri, &caller)?;
    let roots: Vec<EntityRef> = match root {
        Some(root) => vec![root],
        None => view
            .catalog
            .iter()
            .map(|found| found.reference().clone())
            .filter(|reference| matches!(reference.kind(), "system" | "domain"))
            .collect(),
    };
    let all_roots = view
        .catalog
        .iter()
        .map(|found| found.reference().clone())
        .filter(|it| it.kind() != "user")
        .take(2_000)
        .collect();
    let data = GraphPageView {
        graph: graph_view(&view, &roots, depth, &relations),
        depth,
        relations: relations.iter().map(|relation| (*relation).to_owned()).collect(),
        all_relations: RELATIONS.iter().map(|relation| (*relation).to_owned()).collect(),
        roots: all_roots,
    };
    let chrome = dated(chrome(&state, &caller, &uri, "Graph", Section::Catalog), &as_of, &uri);
    let key = format!("{uri}|{}|{}|{}", caller.actor.user(), caller.role, chrome.running);
    if let Some(page) = state.graphs.get(&view.catalog, &key) {
        return Ok(html(page));
    }
    // Laying out two hundred nodes takes tens of milliseconds.
    let page =
        off_thread(move || fairway_portal::graph(&chrome, &data)).await.or_page(&state, &uri, &caller)?;
    state.graphs.put(&view.catalog, key, &page);
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
