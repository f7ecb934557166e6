//! Template entities as types.

use fairway_domain::{Diagnostic, Entity, EntityRef};
use serde_json::{Map, Value};

/// The one version of the format that is understood.
pub const API_VERSION: &str = "scaffolder.backstage.io/v1beta3";

/// The annotation that turns a template's careless places into errors.
pub const STRICT_ANNOTATION: &str = "fairway.dev/strict";

/// More pages or steps than this are a mistake.
const MOST_STEPS: usize = 200;

/// One page of the form, as the template writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct FormStep {
    /// The page's title.
    pub title: String,
    /// What the page says below its title.
    pub description: Option<String>,
    /// The JSON schema of the page's fields.
    pub schema: Value,
}

/// One step that does something.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionStep {
    /// The identifier; `step-N` where the template has none.
    pub id: String,
    /// The name for people; the action's where the template has none.
    pub name: String,
    /// The action, for example `fetch:template`.
    pub action: String,
    /// `if`: when this is falsy, the step does nothing.
    pub condition: Option<Value>,
    /// `each`: the step runs once for every entry.
    pub each: Option<Value>,
    /// The action's input, with its templates not rendered yet.
    pub input: Value,
}

/// A golden path.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Which.
    pub reference: EntityRef,
    /// Its title.
    pub title: String,
    /// What it makes.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// `spec.type`, for example `service`.
    pub template_type: String,
    /// Who answers for it.
    pub owner: Option<EntityRef>,
    /// The pages of the form.
    pub steps: Vec<FormStep>,
    /// What it does, in order.
    pub actions: Vec<ActionStep>,
    /// `spec.output`: links and texts, with their templates not rendered yet.
    pub output: Value,
    /// Whether a template error stops the plan. Backstage prints the source text instead.
    pub strict: bool,
    /// The entity that it was read from.
    pub entity: Entity,
    /// What its author should mend.
    pub warnings: Vec<Diagnostic>,
}

impl Template {
    /// Reads a Template entity. Diagnostics name the field; the reader of the file knows its line.
    pub fn parse(entity: &Entity) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        if !entity.kind.eq_ignore_ascii_case("template") {
            problems.push(problem(&format!("{} is not a Template", entity.reference())));
        }
        if entity.api_version != API_VERSION {
            problems.push(
                problem(&format!("apiVersion is \"{}\", expected {API_VERSION}", entity.api_version))
                    .with_hint(
                        "older templates are written with {{ }}; rewrite them with ${{ }} for v1beta3",
                    ),
            );
        }
        let template_type = entity.spec_text("type").unwrap_or_default().to_owned();
        if template_type.is_empty() {
            problems.push(problem("spec.type is missing").with_hint("add for example `type: service`"));
        }
        let steps = read_pages(entity, &mut problems);
        let mut warnings = Vec::new();
        let actions = read_actions(entity, &mut problems, &mut warnings);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            reference: entity.reference(),
            title: entity.title().to_owned(),
            description: entity.description().map(str::to_owned),
            tags: entity.tags().map(str::to_owned).collect(),
            template_type,
            owner: entity.owner(),
            steps,
            actions,
            output: entity.spec.get("output").cloned().unwrap_or_default(),
            strict: matches!(entity.annotation(STRICT_ANNOTATION), Some("true"))
                || entity.metadata.get("annotations").and_then(|all| all.get(STRICT_ANNOTATION))
                    == Some(&Value::Bool(true)),
            entity: entity.clone(),
            warnings,
        })
    }
}

fn problem(message: &str) -> Diagnostic {
    Diagnostic::error("template", message)
}

fn read_pages(entity: &Entity, problems: &mut Vec<Diagnostic>) -> Vec<FormStep> {
    let pages: Vec<&Value> = match entity.spec.get("parameters") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(pages)) => pages.iter().collect(),
        Some(page) => vec![page],
    };
    if pages.len() > MOST_STEPS {
        problems.push(problem(&format!("spec.parameters has {} pages, at most {MOST_STEPS}", pages.len())));
        return Vec::new();
    }
    let mut steps = Vec::with_capacity(pages.len());
    for (index, page) in pages.into_iter().enumerate() {
        let Value::Object(schema) = page else {
            problems.push(problem(&format!("spec.parameters[{index}] must be a JSON schema of type object")));
            continue;
        };
        steps.push(FormStep {
            title: text(schema, "title").unwrap_or("Please enter the following information").to_owned(),
            description: text(schema, "description").map(str::to_owned),
            schema: page.clone(),
        });
    }
    steps
}

fn read_actions(
    entity: &Entity,
    problems: &mut Vec<Diagnostic>,
    warnings: &mut Vec<Diagnostic>,
) -> Vec<ActionStep> {
    let Some(Value::Array(steps)) = entity.spec.get("steps") else {
        problems
            .push(problem("spec.steps must be a list").with_hint("a step has `id`, `action` and `input`"));
        return Vec::new();
    };
    if steps.len() > MOST_STEPS {
        problems.push(problem(&format!("spec.steps has {} steps, at most {MOST_STEPS}", steps.len())));
        return Vec::new();
    }
    let mut actions: Vec<ActionStep> = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let Some(fields) = step.as_object() else {
            problems.push(problem(&format!("spec.steps[{index}] must be an object")));
            continue;
        };
        let Some(action) = text(fields, "action") else {
            problems.push(problem(&format!("spec.steps[{index}].action is missing")));
            continue;
        };
        let id = text(fields, "id").map_or_else(|| format!("step-{}", index + 1), str::to_owned);
        if actions.iter().any(|earlier| earlier.id == id) {
            warnings.push(Diagnostic::warning(
                "template",
                format!("spec.steps[{index}].id is \"{id}\" again; later steps see only this one's output"),
            ));
        }
        let input = match fields.get("input") {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(input @ Value::Object(_)) => input.clone(),
            Some(_) => {
                problems.push(problem(&format!("spec.steps[{index}].input must be an object")));
                continue;
            }
        };
        actions.push(ActionStep {
            name: text(fields, "name").unwrap_or(action).to_owned(),
            action: action.to_owned(),
            condition: fields.get("if").cloned(),
            each: fields.get("each").filter(|each| !each.is_null()).cloned(),
            input,
            id,
        });
    }
    actions
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::Entity;
    use serde_json::{Value, json};

    use super::Template;

    fn entity(spec: &Value) -> Entity {
        serde_json::from_value(json!({
            "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
            "metadata": {"name": "t"}, "spec": spec
        }))
        .unwrap()
    }

    #[test]
    fn one_page_may_stand_without_a_list_and_steps_get_names() {
        let template = Template::parse(&entity(&json!({
            "type": "service", "parameters": {"properties": {}},
            "steps": [{"action": "debug:log"}, {"id": "x", "name": "X", "action": "debug:wait"}]
        })))
        .unwrap();
        assert_eq!(template.steps[0].title, "Please enter the following information");
        assert_eq!(
            (template.actions[0].id.as_str(), template.actions[0].name.as_str()),
            ("step-1", "debug:log")
        );
        assert_eq!(template.actions[1].name, "X");
        assert!(!template.strict);
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let problems = Template::parse(&entity(&json!({"steps": [{}, 3], "parameters": ["x"]}))).unwrap_err();
        let text: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            text,
            [
                "spec.type is missing",
                "spec.parameters[0] must be a JSON schema of type object",
                "spec.steps[0].action is missing",
                "spec.steps[1] must be an object"
            ]
        );
    }
}
