//! Golden paths: templates, their forms, and the plan of a run.

use fairway_domain::plan::{Effect, Plan};
use fairway_domain::{Caller, Entity, EntityRef, Permission};
use fairway_scaffold::{ActionRegistry, Form, PlanRequest as ScaffoldRequest, Template, World as _};
use serde_json::Value;

use crate::deliver::Deliver;
use crate::plans::{Computed, PlanRequest, StoredPlan};
use crate::sources::SourceTarget;
use crate::world::AppWorld;
use crate::{App, AppError};

/// The actions that golden paths may use.
pub fn actions() -> ActionRegistry {
    let mut actions = ActionRegistry::built_in();
    actions.register(Box::new(Deliver));
    actions
}

impl App {
    /// The templates of the catalog, recommended ones first. Broken ones are left out; the catalog shows why.
    pub fn templates(&self, caller: &Caller) -> Result<Vec<Template>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let mut templates: Vec<Template> = view
            .catalog
            .of_kind("template")
            .filter_map(|found| Template::parse(&found.entity()).ok())
            .collect();
        templates.sort_by_key(|template| {
            (!template.tags.iter().any(|tag| tag == "recommended"), template.title.to_lowercase())
        });
        Ok(templates)
    }

    /// One template.
    pub fn template(&self, caller: &Caller, reference: &EntityRef) -> Result<Template, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let found = view.catalog.get(reference).filter(|found| found.reference().kind() == "template");
        let Some(found) = found else {
            let near = self.templates(caller)?.into_iter().map(|it| it.reference.name().to_owned()).collect();
            return Err(AppError::NotFound { what: "template", name: reference.name().to_owned(), near });
        };
        Template::parse(&found.entity()).map_err(AppError::Diagnostics)
    }

    /// A template by what people call it: its name, its reference, or one of the names in its annotation
    /// `fairway.dev/aliases`.
    pub fn template_named(&self, caller: &Caller, name: &str) -> Result<Template, AppError> {
        if let Ok(reference) = EntityRef::parse(name, Some("template"), "default")
            && self.view().catalog.get(&reference).is_some()
        {
            return self.template(caller, &reference);
        }
        let view = self.view();
        let alias = view
            .catalog
            .of_kind("template")
            .find(|found| {
                let aliases = found.annotation("fairway.dev/aliases").unwrap_or_default();
                aliases.split(',').any(|alias| alias.trim() == name)
            })
            .map(|found| found.reference().clone());
        let near = view.catalog.of_kind("template");
        if let Some(reference) = alias {
            return self.template(caller, &reference);
        }
        Err(AppError::NotFound {
            what: "template",
            name: name.chars().take(100).collect(),
            near: near.map(|found| found.name().to_owned()).collect(),
        })
    }

    /// The form of a template for the values so far.
    pub fn form(&self, caller: &Caller, template: &Template, values: &Value) -> Result<Form, AppError> {
        caller.authorise(Permission::Create)?;
        Ok(fairway_scaffold::form(template, values, Some(&caller.actor.user())))
    }

    /// Checks the answers and makes the plan of walking a golden path.
    pub async fn plan_template(
        &self,
        caller: &Caller,
        template: &EntityRef,
        values: &Value,
    ) -> Result<StoredPlan, AppError> {
        caller.authorise(Permission::Create)?;
        let template = self.template(caller, template)?;
        let values = fairway_scaffold::validate(&template, values).map_err(AppError::Fields)?;
        if let Some(error) = fairway_scaffold::secret_answer(&template, &values) {
            return Err(AppError::Fields(vec![error]));
        }
        let request =
            PlanRequest::Template { template: template.reference, values, user: caller.actor.user() };
        self.plan(caller, request).await
    }

    pub(crate) async fn compute_template(
        &self,
        reference: &EntityRef,
        values: &Value,
        user: &EntityRef,
    ) -> Result<Computed, AppError> {
        let view = self.view();
        let template = self.template(&Caller::system(), reference)?;
        let found = view.catalog.get(reference);
        let location = found.map(|found| found.location().to_owned()).unwrap_or_default();
        let values = fairway_scaffold::validate(&template, values).map_err(AppError::Fields)?;
        let user_entity: Option<Entity> = view.catalog.get(user).map(|found| Entity::clone(&found.entity()));
        let world = AppWorld::new(self.clone(), view.clone());
        let app = self.clone();
        let user = user.clone();
        // A plan holds a thread while it asks git, which needs threads too: more plans at once than there are
        // threads would wait for each other.
        let _turn = self.inner.planning.acquire().await.ok();
        // Rendering is work for the processor, and the world is read in the middle of it: off the async threads.
        let planned = tokio::task::spawn_blocking(move || {
            let (base, file) = base_of(&location);
            let name = template.reference.name().to_owned();
            // The template's own file, so that errors can say file, line and column.
            let source = world.fetch_file(&base, &file).ok().and_then(|found| {
                let reading = fairway_yaml::read(&file, found.text()?, &fairway_yaml::Limits::default());
                reading.documents.into_iter().find(|document| {
                    let named = document.value.pointer("/metadata/name").and_then(Value::as_str);
                    named.is_some_and(|named| named.eq_ignore_ascii_case(&name))
                })
            });
            let request = ScaffoldRequest {
                template: &template,
                template_base: &base,
                source: source.as_ref(),
                values,
                user: user_entity.as_ref(),
                user_ref: user,
            };
            fairway_scaffold::plan(&app.inner.actions, &world, &request)
        })
        .await
        .map_err(|error| AppError::Internal(format!("planning ended without an answer: {error}")))??;
        let mut plan: Plan = planned.plan;
        for effect in &plan.effects {
            if let Effect::RegisterLocation { target, .. } = effect {
                SourceTarget::for_run(target, &self.inner.config)?;
            }
        }
        let checked = self.check_environments(&view, &plan.environments, &planned.contents, None).await?;
        plan.findings.extend(checked.findings);
        plan.findings.extend(crate::secret_scan::findings_of(&plan, &planned.contents));
        plan.policies_evaluated = checked.policies;
        plan.cost = checked.cost;
        Ok(Computed { plan, contents: planned.contents })
    }
}

/// The folder and the file of a location such as `url:http://…/template.yaml` or `file:/…/template.yaml`.
fn base_of(location: &str) -> (String, String) {
    let address = location.strip_prefix("url:").unwrap_or(location);
    match address.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file.to_owned()),
        None => (String::new(), address.to_owned()),
    }
}
