//! Server-sent events: a run as it moves.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use fairway_domain::fact::{Record, kind};
use fairway_domain::run::Run;
use fairway_domain::{Caller, Permission};
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;

use crate::caller::PageCaller;
use crate::failure::{ApiFailure, OrPage, PageFailure};
use crate::page::run::run_view;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Yields the run now and after every change, until it settles, the client goes or the server stops.
fn follow(state: ServerState, caller: Caller, id: String) -> impl Stream<Item = Run> {
    let records = state.app.follow();
    let stopping = state.stopping.subscribe();
    futures::stream::unfold((state, caller, id, records, stopping, None::<Run>, false), |seed| async move {
        let (state, caller, id, mut records, mut stopping, mut last, ended) = seed;
        if ended {
            return None;
        }
        loop {
            let run = state.app.run(&caller, &id).ok()?;
            if last.as_ref() != Some(&run) {
                let ended = run.status.is_settled();
                last = Some(run.clone());
                return Some((run, (state, caller, id, records, stopping, last, ended)));
            }
            tokio::select! {
                record = records.recv() => match record {
                    Ok(record) if record.subject == id => state.app.caught_up(record.sequence).await,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
                () = stopped(&mut stopping) => return None,
            }
        }
    })
}

/// Resolves when the server stops.
async fn stopped(stopping: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn answer(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    ([("x-accel-buffering", "no")], Sse::new(events).keep_alive(keep_alive)).into_response()
}

/// For the page: each event is the run's body as HTML.
pub(crate) async fn run_fragments(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
) -> Response {
    use futures::StreamExt as _;
    let runs = follow(state.clone(), caller.clone(), id);
    let events = runs.then(move |run| {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let settled = run.status.is_settled();
            let view = run_view(&state, &caller, run).await;
            let html = fairway_portal::run_fragment(&view, state.app.now()).replace('\r', "");
            let event = Event::default().event("run").data(html);
            Ok(if settled { event.id("settled") } else { event })
        }
    });
    answer(events)
}

/// Whether a record changes what a page about `about` shows; every page of the platform's state for `None`.
fn concerns(record: &Record, about: Option<&str>) -> bool {
    let Some(about) = about else {
        return ["catalog.", "run", "delivery.", "forge.", "notification", "guardrail."]
            .iter()
            .any(|prefix| record.kind.starts_with(prefix));
    };
    let name = about.rsplit('/').next().unwrap_or(about);
    match record.kind.as_str() {
        kind::ENTITY => record.subject == about,
        kind::DRAFT => {
            let reference = record.body.as_ref().and_then(|body| body.get("reference")?.as_str());
            // A draft that is gone says no more what it was about.
            reference.is_none_or(|reference| reference == about)
        }
        kind::DEPLOYMENT => record.subject.split('/').next() == Some(name),
        _ => false,
    }
}

/// `/changes[?about=<entity reference>]`: an event `changed` whenever a page should be drawn again.
pub(crate) async fn changes(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Result<Response, PageFailure> {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let about = Pairs::of_query(&uri).get("about").map(str::to_owned);
    let records = state.app.follow();
    let stopping = state.stopping.subscribe();
    let events = futures::stream::unfold((state, about, records, stopping), |seed| async move {
        let (state, about, mut records, mut stopping) = seed;
        loop {
            let sequence = tokio::select! {
                record = records.recv() => match record {
                    Ok(record) if concerns(&record, about.as_deref()) => record.sequence,
                    // Some were missed, so the page may well be old.
                    Err(RecvError::Lagged(_)) => state.app.view().sequence,
                    Ok(_) => continue,
                    Err(RecvError::Closed) => return None,
                },
                () = stopped(&mut stopping) => return None,
            };
            state.app.caught_up(sequence).await;
            let event = Event::default().event("changed").data(sequence.to_string());
            return Some((Ok(event), (state, about, records, stopping)));
        }
    });
    Ok(answer(events))
}

/// For programs: each event is the run as JSON.
pub(crate) fn run_objects(state: ServerState, caller: Caller, id: String) -> Result<Response, ApiFailure> {
    use futures::StreamExt as _;
    state.app.run(&caller, &id)?;
    let runs = follow(state, caller, id);
    let events = runs.map(|run| {
        let data = serde_json::to_string(&run).unwrap_or_default();
        Ok(Event::default().event("run").data(data))
    });
    Ok(answer(events))
}
