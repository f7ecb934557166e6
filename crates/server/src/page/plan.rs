//! `/plans/{digest}`: what exactly will happen; and saying yes to it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::AppError;
use fairway_app::plans::PlanRequest;
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::{Caller, Digest, Permission};
use fairway_portal::{PlanContent, PlanFileView, PlanView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::repository::is_too_large;
use crate::page::row::blocked;
use crate::page::{Page, chrome, highlighted, html, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Contents up to this size, all together, are part of the page; the rest is a click away.
const INLINE: usize = 24 * 1024;

fn digest(text: &str) -> Result<Digest, AppError> {
    text.parse::<Digest>().map_err(|error| AppError::invalid(error.to_string()))
}

fn content(file: &str, bytes: Vec<u8>) -> PlanContent {
    if is_too_large(&bytes) {
        return PlanContent::TooLarge;
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => PlanContent::Text { html: highlighted(file, &text), text },
        _ => PlanContent::Binary,
    }
}

fn plain(bytes: Vec<u8>) -> PlanContent {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => PlanContent::Text { html: None, text },
        _ => PlanContent::Binary,
    }
}

/// The contents that the page shows at once: what changes before what is new, small before large.
async fn contents(
    state: &ServerState,
    caller: &Caller,
    plan: &Plan,
) -> Result<BTreeMap<Digest, PlanContent>, AppError> {
    let mut wanted: Vec<(bool, u64, Digest)> = Vec::new();
    for effect in &plan.effects {
        let Effect::Commit { files, .. } = effect else { continue };
        for file in files {
            if let Some(content) = file.content {
                wanted.push((file.before.is_none(), file.size, content));
            }
            if let Some(before) = file.before {
                wanted.push((false, file.size, before));
            }
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut contents = BTreeMap::new();
    let mut used = 0;
    for (_, size, digest) in wanted {
        // What does not fit is not even read. The size is of the new content, so the old one counts by itself.
        if used as u64 + size > INLINE as u64 {
            break;
        }
        let bytes = state.app.plan_file(caller, plan, &digest).await?;
        used += bytes.len();
        if used > INLINE {
            break;
        }
        contents.insert(digest, plain(bytes));
    }
    Ok(contents)
}

pub(crate) async fn plan(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(text): Path<String>,
    uri: Uri,
) -> Page {
    let digest = digest(&text).or_page(&state, &uri, &caller)?;
    let stored = state.app.stored_plan(&caller, &digest).await.or_page(&state, &uri, &caller)?;
    let contents = contents(&state, &caller, &stored.plan).await.or_page(&state, &uri, &caller)?;
    let run = state.app.view().runs.values().rev().find(|run| run.plan == digest).map(|run| run.id.clone());
    let needed = match stored.request {
        PlanRequest::Template { .. } => Permission::Create,
        PlanRequest::Rename { .. } | PlanRequest::Restore { .. } | PlanRequest::Mend { .. } => {
            Permission::Push
        }
        _ => Permission::Deliver,
    };
    let blocking = stored.plan.blocking().count();
    let blocked = if blocking > 0 {
        let noun = if blocking == 1 { "finding denies" } else { "findings deny" };
        Some(format!("{blocking} {noun} it; mend what they name and plan again"))
    } else {
        blocked(&caller, needed)
    };
    let edit_url = match &stored.request {
        PlanRequest::Template { template, values, .. } => Some(edit_url(template, values)),
        _ => None,
    };
    let section = match &stored.request {
        PlanRequest::Template { .. } => Section::Create,
        PlanRequest::Rename { .. } | PlanRequest::Restore { .. } | PlanRequest::Mend { .. } => {
            Section::Catalog
        }
        _ => Section::Environments,
    };
    let chrome = chrome(&state, &caller, &uri, &stored.plan.title, section);
    let view = PlanView {
        digest,
        contents,
        blocked,
        run,
        made_at: Some(stored.created_at),
        made_by: Some(stored.created_by.name().to_owned()),
        edit_url,
        plan: stored.plan,
    };
    let page = off_thread(move || fairway_portal::plan(&chrome, &view)).await;
    Ok(html(page.or_page(&state, &uri, &caller)?))
}

/// The form with the answers of the plan filled in.
fn edit_url(template: &fairway_domain::EntityRef, values: &serde_json::Value) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in values.as_object().into_iter().flatten() {
        match value {
            serde_json::Value::String(text) => {
                query.append_pair(name, text);
            }
            serde_json::Value::Array(items) => {
                for item in items.iter().filter_map(serde_json::Value::as_str) {
                    query.append_pair(name, item);
                }
            }
            serde_json::Value::Object(_) | serde_json::Value::Null => {}
            other => {
                query.append_pair(name, &other.to_string());
            }
        }
    }
    format!("/create/{}/{}?{}", template.namespace(), template.name(), query.finish())
}

pub(crate) async fn plan_file(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((plan_text, content_text)): Path<(String, String)>,
    uri: Uri,
) -> Page {
    let plan_digest = digest(&plan_text).or_page(&state, &uri, &caller)?;
    let content_digest = digest(&content_text).or_page(&state, &uri, &caller)?;
    let stored = state.app.stored_plan(&caller, &plan_digest).await.or_page(&state, &uri, &caller)?;
    let bytes =
        state.app.plan_file(&caller, &stored.plan, &content_digest).await.or_page(&state, &uri, &caller)?;
    let path = Pairs::of_query(&uri).get("path").unwrap_or("file").to_owned();
    let size = bytes.len() as u64;
    let name = path.clone();
    let content = off_thread(move || content(&name, bytes)).await.or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, &path, Section::Create);
    let view = PlanFileView { plan: plan_digest, title: stored.plan.title, path, content, size };
    Ok(html(fairway_portal::plan_file(&chrome, &view)))
}

pub(crate) async fn apply(
    State(state): State<ServerState>,
    PageCaller(mut caller): PageCaller,
    Path(text): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let digest = digest(&text).or_page(&state, &uri, &caller)?;
    caller.reason = Pairs::of_form(&body).get("reason").map(|reason| reason.chars().take(1_000).collect());
    let run = state.app.apply(&caller, &digest).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/runs/{}", run.id)).into_response())
}
