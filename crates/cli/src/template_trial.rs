//! One case of a template's tests: planned by the portal's own engine, and held against what it expects, the golden
//! tree, the policies, what looks like a secret, and the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fairway_app::config::AppConfig;
use fairway_app::guardrails::{rendered_documents, rendered_findings, worst_first};
use fairway_app::secret_findings;
use fairway_app::sources::SourceTarget;
use fairway_domain::finding::{Finding, Outcome};
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Diagnostic, Digest};
use fairway_policy::{FileFormat, TestCase, TestOutcome, read_file};
use fairway_scaffold::{
    ActionRegistry, PlanRequest, Planned, TemplateCase, golden_tree, output_trees, plan, secret_answer,
    unexpected, unmet, validate, wrong_answers,
};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::manifests::ManifestFile;
use crate::plan_text::finding_text;
use crate::policy_folder::{PolicyFolder, repository};
use crate::template_golden;
use crate::template_suite::{self, Entities, FoundCase, FoundTemplate, ingested};
use crate::template_world::{BASE_URL, FolderWorld};

/// Reasons of one case that are told.
const REASONS: usize = 50;

/// What cases have in common.
pub struct Laboratory {
    /// The actions that templates may use.
    pub actions: ActionRegistry,
    /// Who judges what is made.
    pub policies: PolicyFolder,
    /// Whether repositories are judged as objects, too.
    pub repository: bool,
    /// The catalog of cases that have none of their own, where it is not the example organisation's.
    pub platform: Option<PathBuf>,
    /// The hosts that the embedded forge answers for.
    pub hosts: Vec<String>,
    /// Whether golden trees are written instead of compared.
    pub update: bool,
    /// What reads folders.
    pub runtime: Handle,
    /// Catalogs that were read, by folder.
    pub catalogs: BTreeMap<Option<PathBuf>, Arc<Result<Entities, Vec<Diagnostic>>>>,
}

/// What came of a case.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Which, and how it ended.
    #[serde(flatten)]
    pub case: TestCase,
    /// What the policies say about what it makes.
    pub findings: Vec<Finding>,
    /// What should be known, and is no failure.
    pub warnings: Vec<String>,
    /// What the golden tree did not have before.
    pub changes: Vec<String>,
}

impl Trial {
    /// A case that was not run.
    pub fn of(file: String, test: String, case: String, outcome: TestOutcome) -> Self {
        let case = TestCase { file, test, case, outcome };
        Self { case, findings: Vec::new(), warnings: Vec::new(), changes: Vec::new() }
    }

    /// Notes for people: what denies is told as the reason of the failure.
    pub fn notes(&self) -> Vec<String> {
        let findings = self.findings.iter().filter(|it| !fails(it)).map(|it| finding_text(it, ""));
        let warnings = self.warnings.iter().map(|it| format!("warning: {it}"));
        warnings.chain(findings).chain(self.changes.iter().cloned()).collect()
    }
}

/// What speaks against a case so far, and what else is known about it.
#[derive(Default)]
struct Notes {
    reasons: Vec<String>,
    findings: Vec<Finding>,
    warnings: Vec<String>,
    changes: Vec<String>,
}

impl Notes {
    fn fail(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        self.reasons.extend(problems.into_iter().map(|problem| problem.to_string()));
    }
}

/// What denies, and what could not be evaluated.
fn fails(finding: &Finding) -> bool {
    finding.blocks() || matches!(finding.outcome, Outcome::NotEvaluated { .. })
}

impl Laboratory {
    /// Runs a case of some templates, which may read the files below `root`.
    pub fn run(
        &mut self,
        templates: &[FoundTemplate],
        folder: &Path,
        root: &Path,
        found: &FoundCase,
    ) -> Trial {
        let mut notes = Notes::default();
        let mut test = templates.first().map(name_of).unwrap_or_default();
        match &found.case {
            Err(problems) => notes.fail(problems.iter().cloned()),
            Ok(case) => {
                if let Some(reason) = &case.skip {
                    let outcome = TestOutcome::Skipped { reason: reason.clone() };
                    return Trial::of(found.file.clone(), test, found.name.clone(), outcome);
                }
                match choose(templates, case) {
                    Err(reason) => notes.reasons.push(reason),
                    Ok(template) => {
                        test = name_of(template);
                        self.try_out(template, folder, root, case, found, &mut notes);
                    }
                }
            }
        }
        let outcome = match notes.reasons.len() {
            0 => TestOutcome::Passed,
            count => {
                notes.reasons.truncate(REASONS);
                if count > REASONS {
                    notes.reasons.push(format!("… and {} more reasons", count - REASONS));
                }
                TestOutcome::Failed { reason: notes.reasons.join("\n") }
            }
        };
        let case = TestCase { file: found.file.clone(), test, case: found.name.clone(), outcome };
        Trial { case, findings: notes.findings, warnings: notes.warnings, changes: notes.changes }
    }

    fn catalog(&mut self, own: Option<&PathBuf>) -> Arc<Result<Entities, Vec<Diagnostic>>> {
        let folder = own.or(self.platform.as_ref()).cloned();
        if let Some(known) = self.catalogs.get(&folder) {
            return Arc::clone(known);
        }
        let read = Arc::new(self.runtime.block_on(template_suite::entities(folder.as_deref())));
        self.catalogs.insert(folder, Arc::clone(&read));
        read
    }

    fn try_out(
        &mut self,
        found: &FoundTemplate,
        folder: &Path,
        root: &Path,
        case: &TemplateCase,
        place: &FoundCase,
        notes: &mut Notes,
    ) {
        let catalog = self.catalog(place.catalog.as_ref());
        let entities = match catalog.as_ref() {
            Ok(entities) => entities,
            Err(problems) => {
                notes.reasons.push("the catalog of this case cannot be read:".to_owned());
                return notes.fail(problems.iter().cloned());
            }
        };
        let planned = match self.plan(found, folder, root, case, entities) {
            Ok(planned) => planned,
            Err(errors) => return notes.fail(unexpected(case, &errors)),
        };
        let Some(outputs) = output_trees(&planned.plan, &planned.contents) else {
            return notes.reasons.push("the plan names a file whose content is missing".to_owned());
        };
        notes.fail(unmet(case, &outputs));
        if !case.expect.errors.is_empty() {
            return;
        }
        notes.warnings.extend(planned.plan.warnings.iter().cloned());
        self.compare(case, place, &outputs, notes);
        self.judge(case, &planned, &outputs, notes);
        check_catalog(&planned.plan, &outputs, notes);
    }

    /// The plan as the portal would make it, or what is wrong.
    fn plan(
        &self,
        found: &FoundTemplate,
        folder: &Path,
        root: &Path,
        case: &TemplateCase,
        entities: &Entities,
    ) -> Result<Planned, Vec<Diagnostic>> {
        let values =
            validate(&found.template, &case.values).map_err(|errors| wrong_answers(case, &errors))?;
        if let Some(error) = secret_answer(&found.template, &values) {
            return Err(wrong_answers(case, &[error]));
        }
        let world = FolderWorld {
            root: root.to_owned(),
            entities,
            existing: &case.existing,
            hosts: &self.hosts,
            runtime: self.runtime.clone(),
        };
        let request = PlanRequest {
            template: &found.template,
            template_base: &folder.display().to_string(),
            source: Some(&found.source),
            values,
            user: entities.get(&case.user),
            user_ref: case.user.clone(),
        };
        let planned = plan(&self.actions, &world, &request).map_err(|error| vec![error.to_diagnostic()])?;
        let config = AppConfig::new("", BASE_URL);
        for effect in &planned.plan.effects {
            if let Effect::RegisterLocation { target, .. } = effect {
                SourceTarget::for_run(target, &config)
                    .map_err(|error| vec![Diagnostic::error("plan", error.to_string())])?;
            }
        }
        Ok(planned)
    }

    fn compare(
        &self,
        case: &TemplateCase,
        place: &FoundCase,
        outputs: &BTreeMap<String, Tree>,
        notes: &mut Notes,
    ) {
        let golden = &case.expect.golden;
        let tree = golden_tree(outputs, golden);
        if self.update && *golden != fairway_scaffold::Golden::Never {
            match template_golden::update(&place.expected, &tree, &self.runtime) {
                Ok(changes) => notes.changes = changes,
                Err(reason) => notes.reasons.push(reason),
            }
        }
        notes.reasons.extend(template_golden::compare(&place.expected, golden, &tree, &self.runtime));
    }

    /// Policies and secrets: of the manifests for environments as a plan asks, of all other files as a check does.
    fn judge(
        &self,
        case: &TemplateCase,
        planned: &Planned,
        outputs: &BTreeMap<String, Tree>,
        notes: &mut Notes,
    ) {
        let Planned { plan, contents, .. } = planned;
        match rendered_documents(&plan.environments, contents) {
            Ok(documents) => {
                notes.findings.extend(rendered_findings(&self.policies.objects, &documents, Vec::new()));
            }
            Err(problems) => notes.fail(problems),
        }
        notes.findings.extend(secret_findings(plan, contents));
        let rendered = rendered_files(plan);
        for (name, tree) in outputs {
            let others: Tree = tree
                .iter()
                .filter(|(path, file)| !is_rendered(&rendered, path, &Digest::of(&file.bytes)))
                .map(|(path, file)| (path.clone(), file.clone()))
                .collect();
            let files: Vec<ManifestFile> = others
                .iter()
                .filter(|(path, _)| FileFormat::of(path.as_str()).is_some())
                .filter_map(|(path, file)| {
                    Some(ManifestFile { path: format!("{name}/{path}"), content: file.text()?.to_owned() })
                })
                .filter(|file| !may_be_unreadable(case, file))
                .collect();
            let mut whole = Vec::new();
            if self.repository && !others.is_empty() {
                let names: Vec<String> = tree.iter().map(|(path, _)| path.to_string()).collect();
                let own = name.rsplit_once('/').map_or(name.as_str(), |(_, own)| own);
                whole.push(repository(name, own, &names));
            }
            let checks = self.policies.check(&files, &whole);
            notes.fail(checks.diagnostics);
            notes.findings.extend(checks.findings);
        }
        worst_first(&mut notes.findings);
        notes.reasons.extend(notes.findings.iter().filter(|it| fails(it)).map(|it| finding_text(it, "")));
    }
}

fn name_of(found: &FoundTemplate) -> String {
    found.template.reference.name().to_owned()
}

fn choose<'t>(templates: &'t [FoundTemplate], case: &TemplateCase) -> Result<&'t FoundTemplate, String> {
    let names = || templates.iter().map(name_of).collect::<Vec<_>>().join(", ");
    match (&case.template, templates) {
        (None, [only]) => Ok(only),
        (None, _) => Err(format!("the file holds several templates; name one with `template`: {}", names())),
        (Some(wanted), all) => all
            .iter()
            .find(|it| name_of(it).eq_ignore_ascii_case(wanted))
            .ok_or_else(|| format!("there is no template {wanted}; there is {}", names())),
    }
}

/// The manifests of environments, by the end of their paths and their content.
fn rendered_files(plan: &Plan) -> BTreeSet<(String, Digest)> {
    let files = plan.environments.iter().flat_map(|environment| {
        environment.files.iter().map(|file| (format!("{}/{}", environment.service, file.path), file.content))
    });
    files.filter_map(|(end, content)| Some((end, content?))).collect()
}

fn is_rendered(rendered: &BTreeSet<(String, Digest)>, path: &TreePath, content: &Digest) -> bool {
    let path = path.as_str();
    let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
    ends.chain([path]).any(|end| rendered.contains(&(end.to_owned(), *content)))
}

/// Whether the case says that a file may be no YAML, JSON and so on, and it is none.
fn may_be_unreadable(case: &TemplateCase, file: &ManifestFile) -> bool {
    let named = case.expect.unreadable.iter().any(|pattern| glob_match::glob_match(pattern, &file.path));
    named && !read_file(&file.path, &file.content).1.is_empty()
}

/// What the catalog would say about the catalog files that are made.
fn check_catalog(plan: &Plan, outputs: &BTreeMap<String, Tree>, notes: &mut Notes) {
    for (name, tree) in outputs {
        let prefix = format!("{BASE_URL}/repositories/{name}/blob/");
        let registered = plan.effects.iter().filter_map(|effect| match effect {
            Effect::RegisterLocation { target, .. } => {
                let (_, path) = target.strip_prefix(&prefix)?.split_once('/')?;
                path.parse::<TreePath>().ok()
            }
            _ => None,
        });
        let usual = ["catalog-info.yaml", "catalog-info.yml"].iter().filter_map(|path| path.parse().ok());
        let roots: BTreeSet<TreePath> =
            registered.chain(usual).filter(|path| tree.get(path).is_some()).collect();
        if roots.is_empty() {
            continue;
        }
        let roots: Vec<TreePath> = roots.into_iter().collect();
        for mut problem in ingested(tree, &roots, name).diagnostics().cloned() {
            if let Some(place) = &mut problem.location {
                place.file = format!("{name}/{}", place.file);
            }
            if problem.is_error() {
                notes.fail([problem]);
            } else {
                notes.warnings.push(problem.to_string());
            }
        }
    }
}
