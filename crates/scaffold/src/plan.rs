//! Walks a template's steps and lists every effect they would have.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::plan::{Effect, FileAction, FileChange, Plan, PlannedStep, Purpose, RenderedEnvironment};
use fairway_domain::tree::{FileMode, Tree, TreePath};
use fairway_domain::{Digest, Entity, EntityRef, SourceLocation, canonical};
use fairway_yaml::Document;
use serde_json::{Map, Value, json};

use crate::context::{PlannedRepository, StepContext};
use crate::error::{ActionError, FailedStep, PlanError};
use crate::expression::{Expressions, Problem, dotted, is_falsy};
use crate::form::{self, Widget};
use crate::registry::ActionRegistry;
use crate::template::{ActionStep, Template};
use crate::world::World;
use crate::{identity, integrity, origin, schema, widget};

/// The most rounds of one `each`.
const MOST_ROUNDS: usize = 500;

/// The most effects of one plan.
const MOST_EFFECTS: usize = 5_000;

/// What is to be planned.
pub struct PlanRequest<'a> {
    /// The template.
    pub template: &'a Template,
    /// The address of the folder that the template's file is in; what it fetches is relative to it.
    pub template_base: &'a str,
    /// The template as it was read, so that errors can say file, line and column.
    pub source: Option<&'a Document>,
    /// The answers, as [`crate::validate()`] returned them.
    pub values: Value,
    /// The entity of whoever asks.
    pub user: Option<&'a Entity>,
    /// Whoever asks.
    pub user_ref: EntityRef,
}

/// A plan, and the bytes that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What would happen. Findings and cost are for others to add.
    pub plan: Plan,
    /// The bytes of every file that the plan names.
    pub contents: BTreeMap<Digest, Vec<u8>>,
    /// The workspace as the last step left it.
    pub workspace: Tree,
}

/// Plans the template for these answers. Has no effect; the same request over the same world gives the same
/// bytes. Fails at the first step that cannot be planned.
pub fn plan(
    registry: &ActionRegistry,
    world: &dyn World,
    request: &PlanRequest<'_>,
) -> Result<Planned, PlanError> {
    // The order of keys in the answers must not show in the result, wherever a template prints them.
    let values = canonical::sorted(&request.values);
    let mut run = Run::new(registry, world, request, &values);
    run.check_references(&values)?;
    for (index, step) in request.template.actions.iter().enumerate() {
        run.step(index, step)?;
    }
    run.finish(&values)
}

pub(crate) struct Run<'a> {
    registry: &'a ActionRegistry,
    world: &'a dyn World,
    request: &'a PlanRequest<'a>,
    expressions: Expressions,
    task_id: String,
    pub(crate) context: Value,
    workspace: Tree,
    contents: BTreeMap<Digest, Vec<u8>>,
    steps: Vec<PlannedStep>,
    effects: Vec<Effect>,
    environments: Vec<RenderedEnvironment>,
    repositories: Vec<PlannedRepository>,
    fetched: Vec<Digest>,
    warnings: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(
        registry: &'a ActionRegistry,
        world: &'a dyn World,
        request: &'a PlanRequest<'a>,
        values: &Value,
    ) -> Self {
        let template = request.template;
        let pages: Vec<(Vec<String>, bool)> =
            template.steps.iter().map(|page| schema::declared(&page.schema)).collect();
        let open = pages.iter().any(|(_, open)| *open);
        let parameters: BTreeSet<String> = pages.into_iter().flat_map(|(names, _)| names).collect();
        let task_id = identity::task_id(template, values, &request.user_ref);
        let mut user = json!({"ref": request.user_ref.to_string()});
        if let (Some(entity), Value::Object(fields)) = (request.user, &mut user) {
            fields.insert("entity".to_owned(), entity.to_value());
        }
        let context = json!({
            "parameters": values,
            "steps": {},
            "user": user,
            "context": {"task": {"id": task_id}},
            "environment": {"parameters": {}, "secrets": {}},
            "secrets": {},
        });
        Self {
            registry,
            world,
            request,
            expressions: Expressions::new(parameters, open),
            task_id,
            context,
            workspace: Tree::new(),
            contents: BTreeMap::new(),
            steps: Vec::new(),
            effects: Vec::new(),
            environments: Vec::new(),
            repositories: Vec::new(),
            fetched: Vec::new(),
            warnings: template.warnings.iter().map(|warning| warning.message.clone()).collect(),
        }
    }

    /// Entities that the form picked should be in the catalog.
    fn check_references(&mut self, values: &Value) -> Result<(), PlanError> {
        for page in &self.request.template.steps {
            let resolved = schema::resolve(&page.schema, values);
            for (name, property) in schema::properties(&resolved) {
                let (Widget::OwnerPicker { arbitrary, .. } | Widget::EntityPicker { arbitrary, .. }) =
                    widget::choose(property, None)
                else {
                    continue;
                };
                let picked: Vec<&str> = match values.get(name) {
                    Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
                    other => other.and_then(Value::as_str).into_iter().collect(),
                };
                for reference in picked.into_iter().filter_map(|text| text.parse::<EntityRef>().ok()) {
                    if self.world.entity(&reference).is_some() {
                        continue;
                    }
                    let label = form::label(name, property);
                    if !arbitrary {
                        let mut error = PlanError::new(format!("{label}: {reference} is not in the catalog"));
                        error.hint = Some("pick one that is offered".to_owned());
                        return Err(error);
                    }
                    self.warn(format!("{label}: {reference} is not in the catalog"));
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, index: usize, step: &ActionStep) -> Result<(), PlanError> {
        let pointer = format!("/spec/steps/{index}");
        let mut planned = PlannedStep {
            id: step.id.clone(),
            name: step.name.clone(),
            action: step.action.clone(),
            skipped: None,
            effects: Vec::new(),
            log: Vec::new(),
        };
        let first_effect = self.effects.len();
        let rounds = self.rounds(step, &pointer)?;
        let mut outputs: Vec<Value> = Vec::new();
        let round_count = rounds.len();
        let mut ran = 0;
        for round in rounds {
            let context = match &round {
                Some(each) => with_each(&self.context, each),
                None => self.context.clone(),
            };
            if !self.condition_holds(step, &pointer, &context)? {
                continue;
            }
            ran += 1;
            outputs.push(self.act(step, &pointer, &context, &mut planned.log)?);
        }
        if ran == 0 {
            planned.skipped = Some(
                match (step.each.is_some(), round_count) {
                    (true, 0) => "there is nothing to repeat it for",
                    (true, _) => "its condition is false for every entry",
                    (false, _) => "its condition is false",
                }
                .to_owned(),
            );
        }
        let output =
            if step.each.is_some() { collect(&outputs) } else { outputs.pop().unwrap_or_else(|| json!({})) };
        if let Some(Value::Object(steps)) = self.context.get_mut("steps") {
            let known = if ran == 0 { json!({}) } else { json!({"output": output}) };
            steps.insert(step.id.clone(), known);
        }
        planned.effects = (first_effect..self.effects.len()).collect();
        self.steps.push(planned);
        Ok(())
    }

    fn rounds(&mut self, step: &ActionStep, pointer: &str) -> Result<Vec<Option<Value>>, PlanError> {
        let Some(each) = &step.each else { return Ok(vec![None]) };
        let pointer = format!("{pointer}/each");
        let context = self.context.clone();
        let entries: Vec<Value> = match self.render(each, &pointer, &context, Some(step))? {
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(key, value)| json!({"key": key.to_string(), "value": value}))
                .collect(),
            Some(Value::Object(fields)) => {
                fields.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
            }
            _ => {
                let error = ActionError::new("each must be a list or an object")
                    .with_hint("a string that is exactly one ${{ … }} keeps its type");
                return Err(self.failure(step, &pointer, error));
            }
        };
        if entries.len() > MOST_ROUNDS {
            let error =
                ActionError::new(format!("each has {} entries, at most {MOST_ROUNDS}", entries.len()));
            return Err(self.failure(step, &pointer, error));
        }
        Ok(entries.into_iter().map(Some).collect())
    }

    fn condition_holds(
        &mut self,
        step: &ActionStep,
        pointer: &str,
        context: &Value,
    ) -> Result<bool, PlanError> {
        let Some(condition) = &step.condition else { return Ok(true) };
        let value = self.render(condition, &format!("{pointer}/if"), context, Some(step))?;
        Ok(!is_falsy(value.as_ref()))
    }

    fn act(
        &mut self,
        step: &ActionStep,
        pointer: &str,
        context: &Value,
        log: &mut Vec<String>,
    ) -> Result<Value, PlanError> {
        let registry = self.registry;
        let Some(action) = registry.get(&step.action) else {
            return Err(self.failure(step, &format!("{pointer}/action"), registry.unknown(&step.action)));
        };
        let input_pointer = format!("{pointer}/input");
        let input =
            self.render(&step.input, &input_pointer, context, Some(step))?.unwrap_or_else(|| json!({}));
        registry
            .check_input(&step.action, &input)
            .map_err(|error| self.failure(step, &input_pointer, error))?;
        let mut step_context = StepContext {
            workspace: &mut self.workspace,
            world: self.world,
            template: self.request.template,
            template_base: self.request.template_base,
            effects: &mut self.effects,
            contents: &mut self.contents,
            log,
            warnings: &mut self.warnings,
            environments: &mut self.environments,
            repositories: &mut self.repositories,
            fetched: &mut self.fetched,
            task_id: &self.task_id,
            step_id: &step.id,
            user: &self.request.user_ref,
            strict: self.request.template.strict,
        };
        let output = action
            .plan(&input, &mut step_context)
            .and_then(|output| integrity::check(&self.workspace).map(|()| output))
            .map_err(|error| self.failure(step, &input_pointer, error))?;
        if self.effects.len() > MOST_EFFECTS {
            let error = ActionError::new(format!("the plan has more than {MOST_EFFECTS} effects"));
            return Err(self.failure(step, pointer, error));
        }
        Ok(output)
    }

    /// Renders a value. What goes wrong is a warning, and an error for a strict template.
    pub(crate) fn render(
        &mut self,
        value: &Value,
        pointer: &str,
        context: &Value,
        step: Option<&ActionStep>,
    ) -> Result<Option<Value>, PlanError> {
        let mut problems = Vec::new();
        let rendered = self.expressions.render(value, pointer, context, &mut problems);
        for problem in problems {
            let what_happens = if problem.place.is_some() {
                "the text is kept as it is, as Backstage does"
            } else {
                "it counts as empty"
            };
            let error = self.problem(problem, step);
            if self.request.template.strict {
                return Err(error);
            }
            let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let place = error.location.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            self.warn(format!("{}{hint}{place}; {what_happens}", error.headline()));
        }
        Ok(rendered)
    }

    fn problem(&self, problem: Problem, step: Option<&ActionStep>) -> PlanError {
        let mut error = self.error_at(step, &problem.pointer, problem.message);
        error.hint = problem.hint;
        if error.location.is_none()
            && let Some((line, column)) = problem.place.filter(|place| *place != (1, 1))
        {
            error.message = format!("{} (line {line}, column {column} of the text)", error.message);
        }
        error
    }

    fn failure(&self, step: &ActionStep, pointer: &str, error: ActionError) -> PlanError {
        let pointer = match &error.field {
            Some(field) => format!("{pointer}/{field}"),
            None => pointer.to_owned(),
        };
        let mut planned = self.error_at(Some(step), &pointer, error.message);
        planned.hint = error.hint;
        if error.location.is_some() {
            // The action knows a better place: a file that the template fetched or rendered.
            planned.location = error.location;
            planned.source_line = error.source_line;
            planned.field = None;
        }
        planned
    }

    fn error_at(&self, step: Option<&ActionStep>, pointer: &str, message: String) -> PlanError {
        let mut error = PlanError::new(message);
        error.step = step.map(|step| {
            Box::new(FailedStep { id: step.id.clone(), name: step.name.clone(), action: step.action.clone() })
        });
        error.field = Some(dotted(pointer));
        if let Some(source) = self.request.source {
            let place: SourceLocation = source.location(pointer);
            error.source_line = source.source_line(place.line);
            error.location = Some(Box::new(place));
        }
        error
    }

    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn finish(mut self, values: &Value) -> Result<Planned, PlanError> {
        let template = self.request.template;
        let output = template.output.clone();
        let links = self.links(&output)?;
        let texts = self.texts(&output)?;
        let inputs = identity::masked(template, values);
        let digest = identity::template_digest(template, &self.fetched);
        self.record_origin(digest, &inputs);
        let subject =
            self.repositories.first().map(|planned| planned.repository.name().to_owned()).or_else(|| {
                ["name", "component_id"].iter().find_map(|key| values.get(key)?.as_str().map(str::to_owned))
            });
        let title = match subject {
            Some(subject) => format!("Create {subject} from {}", template.title),
            None => format!("Run {}", template.title),
        };
        let owner = values
            .get("owner")
            .and_then(Value::as_str)
            .and_then(|owner| EntityRef::parse(owner, Some("group"), "default").ok());
        let plan = Plan {
            format: Plan::FORMAT,
            purpose: Purpose::Template { template: template.reference.clone(), digest },
            title,
            owner,
            inputs,
            steps: self.steps,
            effects: self.effects,
            environments: self.environments,
            findings: Vec::new(),
            policies_evaluated: 0,
            cost: None,
            links,
            texts,
            warnings: self.warnings,
        };
        Ok(Planned { plan, contents: self.contents, workspace: self.workspace })
    }

    /// Only now is everything that the template fetched known, and with it the template's digest.
    fn record_origin(&mut self, digest: Digest, inputs: &Value) {
        let Ok(path) = origin::PATH.parse::<TreePath>() else { return };
        for planned in &self.repositories {
            let text = origin::write(&self.request.template.reference, digest, planned.tree.digest(), inputs);
            let Some(Effect::Commit { files, .. }) = self.effects.get_mut(planned.commit) else { continue };
            let content = Digest::of(text.as_bytes());
            let change = FileChange {
                path: path.clone(),
                action: FileAction::Add,
                mode: FileMode::Regular,
                content: Some(content),
                size: text.len() as u64,
                before: None,
            };
            files.retain(|file| file.path != path);
            let place = files.partition_point(|file| file.path < path);
            files.insert(place, change);
            self.contents.insert(content, text.into_bytes());
        }
    }
}

fn with_each(context: &Value, each: &Value) -> Value {
    let mut context = context.clone();
    if let Value::Object(fields) = &mut context {
        fields.insert("each".to_owned(), each.clone());
    }
    context
}

/// The outputs of several rounds: each key becomes a list.
fn collect(outputs: &[Value]) -> Value {
    let mut collected: Map<String, Value> = Map::new();
    for (key, value) in outputs.iter().filter_map(Value::as_object).flatten() {
        let list = collected.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list {
            items.push(value.clone());
        }
    }
    Value::Object(collected)
}
