//! `/create`: the gallery of golden paths, and their forms.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use fairway_app::{AppError, View};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::form::{Choice, FieldKind, FieldView, FormBody, FormView, ReviewLine};
use fairway_portal::{CreateView, Section};
use fairway_scaffold::{EntityFilter, Field, FieldError, Form, RepoUrl, Template, Widget};
use serde_json::Value;

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::field_pattern::browser_pattern;
use crate::page::row::{blocked, template_row};
use crate::page::{Page, chrome, html, markdown};
use crate::pairs::Pairs;
use crate::state::ServerState;

pub(crate) async fn gallery(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let pairs = Pairs::of_query(&uri);
    let q = pairs.get("q").unwrap_or_default().to_owned();
    let template_type = pairs.get("type").unwrap_or_default().to_owned();
    let needle = q.to_lowercase();
    let templates = state.app.templates(&caller).or_page(&state, &uri, &caller)?;
    let view = state.app.view();
    let rows = templates
        .iter()
        .filter(|template| template_type.is_empty() || template.template_type == template_type)
        .filter(|template| {
            needle.is_empty()
                || template.title.to_lowercase().contains(&needle)
                || template.description.as_ref().is_some_and(|text| text.to_lowercase().contains(&needle))
                || template.tags.iter().any(|tag| tag.contains(&needle))
        })
        .map(|template| template_row(&view, template))
        .collect();
    let data =
        CreateView { templates: rows, q, template_type, blocked: blocked(&caller, Permission::Create) };
    let chrome = chrome(&state, &caller, &uri, "Create", Section::Create);
    Ok(html(fairway_portal::create(&chrome, &data)))
}

/// The entities that a picker offers.
fn offered(view: &View, filters: &[EntityFilter], kinds: &[&str]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = view
        .catalog
        .iter()
        .filter(|found| {
            if filters.is_empty() {
                kinds.is_empty() || kinds.iter().any(|kind| found.kind().eq_ignore_ascii_case(kind))
            } else {
                let entity = found.entity();
                filters.iter().any(|filter| filter.matches(&entity))
            }
        })
        .take(5_000)
        .map(|found| Choice {
            value: found.reference().to_string(),
            label: found.title().to_owned(),
            hint: Some(found.reference().humanized(None)),
        })
        .collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    choices
}

fn choices(options: &[fairway_scaffold::Choice]) -> Vec<Choice> {
    options
        .iter()
        .map(|option| Choice { value: option.text(), label: option.label.clone(), hint: None })
        .collect()
}

fn simple(values: &[String]) -> Vec<Choice> {
    values.iter().map(|value| Choice { value: value.clone(), label: value.clone(), hint: None }).collect()
}

fn field_kind(state: &ServerState, view: &View, widget: &Widget) -> FieldKind {
    match widget {
        Widget::Text | Widget::EntityName => FieldKind::Text,
        Widget::Textarea { .. } | Widget::Lines => FieldKind::Textarea,
        Widget::Number { integer, min, max } => FieldKind::Number {
            integer: *integer,
            min: min.map(|number| number.to_string()),
            max: max.map(|number| number.to_string()),
        },
        Widget::Checkbox => FieldKind::Checkbox,
        Widget::Select { options } => FieldKind::Select { options: choices(options) },
        Widget::Radio { options } => FieldKind::Radio { options: choices(options) },
        Widget::Checkboxes { options } => FieldKind::Checkboxes { options: choices(options) },
        Widget::EntityPicker { filter, default_kind, arbitrary, multiple, .. } => {
            let kinds: Vec<&str> = default_kind.as_deref().into_iter().collect();
            let options = offered(view, filter, &kinds);
            if *multiple {
                FieldKind::Checkboxes { options }
            } else {
                FieldKind::Entity { options, arbitrary: *arbitrary }
            }
        }
        Widget::OwnerPicker { filter, arbitrary, .. } => {
            FieldKind::Entity { options: offered(view, filter, &["Group", "User"]), arbitrary: *arbitrary }
        }
        Widget::RepoUrlPicker { allowed_hosts, allowed_owners, .. } => {
            let mut hosts = vec![fairway_app::config::EMBEDDED_HOST.to_owned()];
            hosts.extend(state.app.config().forge_hosts.iter().cloned());
            if !allowed_hosts.is_empty() {
                hosts.clone_from(allowed_hosts);
            }
            FieldKind::Repository { hosts: simple(&hosts), owners: simple(allowed_owners) }
        }
        Widget::Password | Widget::Secret => FieldKind::Password,
        Widget::Hidden => FieldKind::Hidden,
        Widget::Yaml => FieldKind::Yaml,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => fairway_yaml::write(value),
        other => other.to_string(),
    }
}

fn field_view(state: &ServerState, view: &View, field: &Field) -> FieldView {
    let kind = field_kind(state, view, &field.widget);
    let mut values: Vec<String> = Vec::new();
    let mut value = String::new();
    match (&field.widget, &field.value) {
        (Widget::RepoUrlPicker { .. }, Some(Value::String(text))) => {
            if let Ok(url) = RepoUrl::parse(text) {
                values = vec![url.host.clone(), part(&url, "owner"), part(&url, "repo")];
            }
            value.clone_from(text);
        }
        (Widget::Lines, Some(Value::Array(items))) => {
            value = items.iter().map(text_of).collect::<Vec<_>>().join("\n");
        }
        (_, Some(Value::Array(items))) if matches!(kind, FieldKind::Checkboxes { .. }) => {
            values = items.iter().map(text_of).collect();
        }
        (_, Some(found)) => value = text_of(found),
        (_, None) => {}
    }
    let help: Vec<&str> = [field.description.as_deref(), field.help.as_deref()]
        .into_iter()
        .flatten()
        .map(|text| text.trim().trim_end_matches('.'))
        .collect();
    FieldView {
        help: (!help.is_empty()).then(|| help.join(". ")),
        value,
        values,
        required: field.required,
        pattern: field.pattern.as_deref().and_then(browser_pattern),
        min_length: field.min_length.map(|length| length as usize),
        max_length: field.max_length.map(|length| length as usize),
        placeholder: field.placeholder.clone(),
        error: field.error.clone(),
        autofocus: field.autofocus,
        disabled: field.disabled,
        ..FieldView::new(field.name.clone(), field.label.clone(), kind)
    }
}

/// A field that asks for an owner and has no answer yet suggests the person's own team.
fn owned_by_own_team(mut shown: FieldView, field: &Field, view: &View, caller: &Caller) -> FieldView {
    let asks = matches!(field.widget, Widget::OwnerPicker { .. });
    if asks && field.value.is_none() && shown.error.is_none() {
        let own = view.catalog.groups_of(&caller.actor.user()).into_iter().map(|team| team.to_string());
        let offered = |team: &String| match &shown.kind {
            FieldKind::Entity { options, .. } => options.iter().any(|choice| choice.value == *team),
            _ => false,
        };
        if let Some(team) = own.into_iter().find(offered) {
            shown.value = team;
        }
    }
    shown
}

fn part(url: &RepoUrl, name: &str) -> String {
    url.part(name).unwrap_or_default().to_owned()
}

/// A value as the names and values that its form field would send.
fn sent(field: &Field) -> Vec<(String, String)> {
    let name = &field.name;
    match (&field.widget, &field.value) {
        (_, None | Some(Value::Null)) => Vec::new(),
        (Widget::RepoUrlPicker { .. }, Some(Value::String(text))) => RepoUrl::parse(text).map_or_else(
            |_| Vec::new(),
            |url| {
                vec![
                    (format!("{name}.host"), url.host.clone()),
                    (format!("{name}.owner"), part(&url, "owner")),
                    (format!("{name}.repo"), part(&url, "repo")),
                ]
            },
        ),
        (Widget::Checkbox, Some(Value::Bool(on))) => {
            if *on {
                vec![(name.clone(), "true".to_owned())]
            } else {
                Vec::new()
            }
        }
        (Widget::Lines, Some(Value::Array(items))) => {
            vec![(name.clone(), items.iter().map(text_of).collect::<Vec<_>>().join("\n"))]
        }
        (Widget::Yaml, Some(value)) => vec![(name.clone(), fairway_yaml::write(value))],
        (_, Some(Value::Array(items))) => items.iter().map(|item| (name.clone(), text_of(item))).collect(),
        (_, Some(value)) => vec![(name.clone(), text_of(value))],
    }
}

fn review(form: &Form) -> Vec<ReviewLine> {
    let mut lines = Vec::new();
    for (step, page) in form.steps.iter().enumerate() {
        for field in page.fields.iter().filter(|field| field.widget != Widget::Hidden) {
            let value = match &field.value {
                Some(Value::Array(items)) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
                Some(Value::Bool(true)) => "Yes".to_owned(),
                Some(Value::Bool(false)) => "No".to_owned(),
                Some(_) if matches!(field.widget, Widget::Password | Widget::Secret) => "••••••".to_owned(),
                Some(value) => text_of(value),
                None => String::new(),
            };
            lines.push(ReviewLine { label: field.label.clone(), value, step: step + 1 });
        }
    }
    lines
}

struct Shown<'a> {
    template: &'a Template,
    values: &'a Value,
    step: usize,
    errors: &'a [FieldError],
    status: StatusCode,
}

fn draw(state: &ServerState, caller: &Caller, uri: &Uri, shown: &Shown<'_>) -> Page {
    let view = state.app.view();
    let form = state.app.form(caller, shown.template, shown.values).or_page(state, uri, caller)?;
    let form = form.with_errors(shown.errors);
    let step = shown.step.min(form.steps.len());
    let mut carried = Vec::new();
    for (position, page) in form.steps.iter().enumerate() {
        if position != step {
            carried.extend(page.fields.iter().flat_map(sent));
        }
    }
    let (body, errors, description) = match form.steps.get(step) {
        Some(page) => (
            FormBody::Fields(
                page.fields
                    .iter()
                    .map(|field| owned_by_own_team(field_view(state, &view, field), field, &view, caller))
                    .collect(),
            ),
            page.errors.clone(),
            page.description.as_deref(),
        ),
        None => (FormBody::Review(review(&form)), Vec::new(), None),
    };
    let data = FormView {
        template: template_row(&view, shown.template),
        steps: form.steps.iter().map(|page| page.title.clone()).collect(),
        step: step + 1,
        description: description.map(markdown),
        body,
        carried,
        errors,
        owner: shown.template.owner.clone(),
        blocked: blocked(caller, Permission::Create),
    };
    let chrome = chrome(state, caller, uri, &shown.template.title, Section::Create);
    let document = fairway_portal::form(&chrome, &data);
    if shown.status == StatusCode::OK {
        return Ok(html(document));
    }
    Ok((shown.status, Html(document)).into_response())
}

/// People count steps from 1.
fn step_of(pairs: &Pairs) -> usize {
    pairs.number("step", 1).saturating_sub(1)
}

fn reference(namespace: &str, name: &str) -> EntityRef {
    EntityRef::new("template", namespace, name)
}

pub(crate) async fn form(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, name)): Path<(String, String)>,
    uri: Uri,
) -> Page {
    let template =
        state.app.template(&caller, &reference(&namespace, &name)).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_query(&uri);
    let step = step_of(&pairs);
    let answers: Vec<(String, String)> = pairs.0.into_iter().filter(|(name, _)| name != "step").collect();
    // Without answers in the address the form shows its defaults; with some, what the address says.
    let values = if answers.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        fairway_scaffold::read_answers(&template, None, &answers)
    };
    draw(
        &state,
        &caller,
        &uri,
        &Shown { template: &template, values: &values, step, errors: &[], status: StatusCode::OK },
    )
}

pub(crate) async fn submit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, name)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let template =
        state.app.template(&caller, &reference(&namespace, &name)).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_form(&body);
    let action = pairs.get("action").unwrap_or("next").to_owned();
    let step = step_of(&pairs);
    let answers: Vec<(String, String)> =
        pairs.0.into_iter().filter(|(name, _)| name != "action" && name != "step").collect();
    let values = answers_so_far(&template, step, &answers, &state, &caller, &uri)?;
    let shown = |step: usize, errors: &[FieldError], status: StatusCode| {
        draw(&state, &caller, &uri, &Shown { template: &template, values: &values, step, errors, status })
    };
    match action.as_str() {
        "back" => shown(step.saturating_sub(1), &[], StatusCode::OK),
        "plan" => match state.app.plan_template(&caller, &template.reference, &values).await {
            Ok(stored) => Ok(Redirect::to(&format!("/plans/{}", stored.plan.digest())).into_response()),
            Err(AppError::Fields(errors)) => {
                let first = page_of_first_error(&state, &caller, &template, &values, &errors);
                shown(first.unwrap_or(0), &errors, StatusCode::UNPROCESSABLE_ENTITY)
            }
            Err(error) => Err::<Response, _>(error).or_page(&state, &uri, &caller),
        },
        _ => match fairway_scaffold::validate_page(&template, step, &values) {
            Ok(_) => shown(step + 1, &[], StatusCode::OK),
            Err(errors) => shown(step, &errors, StatusCode::UNPROCESSABLE_ENTITY),
        },
    }
}

/// The answers of every page up to this one. Pages that were not shown yet keep their defaults, so their
/// unchecked boxes are not read as "no".
fn answers_so_far(
    template: &Template,
    step: usize,
    answers: &[(String, String)],
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
) -> Result<Value, crate::failure::PageFailure> {
    let empty = Value::Object(serde_json::Map::new());
    let defaults = state.app.form(caller, template, &empty).or_page(state, uri, caller)?;
    let mut values = serde_json::Map::new();
    for (position, page) in defaults.steps.iter().enumerate() {
        let seen = position <= step
            || page.fields.iter().any(|field| {
                answers
                    .iter()
                    .any(|(name, _)| *name == field.name || name.starts_with(&format!("{}.", field.name)))
            });
        if seen && let Value::Object(read) = fairway_scaffold::read_answers(template, Some(position), answers)
        {
            values.extend(read);
        }
    }
    Ok(Value::Object(values))
}

fn page_of_first_error(
    state: &ServerState,
    caller: &Caller,
    template: &Template,
    values: &Value,
    errors: &[FieldError],
) -> Option<usize> {
    let form = state.app.form(caller, template, values).ok()?.with_errors(errors);
    form.steps
        .iter()
        .position(|page| !page.errors.is_empty() || page.fields.iter().any(|field| field.error.is_some()))
}
