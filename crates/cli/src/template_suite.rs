//! Golden paths and their cases, as they lie in folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fairway_catalog::{Ingestion, Model, SourceInfo, ingest, ingest_all};
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Diagnostic, Entity, EntityRef};
use fairway_remote::{RemoteError, TreeLimits, read_folder};
use fairway_scaffold::{CASE_FILE, Template, TemplateCase};
use fairway_yaml::Document;
use serde_json::Value;

use crate::catalog_validate::roots_of;
use crate::example;
use crate::failure::CliError;
use crate::template::read_text;

/// The names of a template's file.
const TEMPLATE_FILES: [&str; 2] = ["template.yaml", "template.yml"];
/// The folder of the cases.
const TESTS: &str = "tests";
/// The folder of the catalog that cases are planned in.
const CATALOG: &str = "catalog";
/// The folder of the golden tree.
const EXPECTED: &str = "expected";
/// How deep folders are looked into.
const DEPTH: usize = 32;
/// The most folders that are looked into.
const FOLDERS: usize = 100_000;
/// The most cases of one template.
const CASES: usize = 1_000;
/// Folders that hold no templates of one's own.
const PASSED_OVER: [&str; 3] = [".git", "node_modules", "target"];

/// A template, as its file has it.
pub struct FoundTemplate {
    /// The golden path.
    pub template: Template,
    /// Its text, so that errors can say file, line and column.
    pub source: Document,
}

/// A file of templates with the cases beside it.
pub struct Suite {
    /// The file, as the person named it.
    pub file: PathBuf,
    /// Its folder, without links on the way.
    pub folder: PathBuf,
    /// The templates, or what is wrong with the file.
    pub templates: Result<Vec<FoundTemplate>, Vec<Diagnostic>>,
    /// The folders of the cases, sorted.
    pub cases: Vec<PathBuf>,
}

/// A case as it was read.
pub struct FoundCase {
    /// Its name, that of its folder.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The case, or what is wrong with its file.
    pub case: Result<TemplateCase, Vec<Diagnostic>>,
    /// The folder of the golden tree, which need not be there.
    pub expected: PathBuf,
    /// The folder of its own catalog.
    pub catalog: Option<PathBuf>,
}

/// The files of templates that paths name: a file, the folder of one, or a folder that has some below it.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        let before = files.len();
        if kind.is_dir() {
            find_below(path, 0, &mut 0, &mut files)?;
        } else {
            files.push(path.clone());
        }
        if files.len() == before {
            return Err(CliError::usage(
                format!("{} holds no golden path", path.display()),
                Some("name a template.yaml, or a folder that has one in it or below it"),
            ));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn find_below(
    folder: &Path,
    depth: usize,
    seen: &mut usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), CliError> {
    *seen += 1;
    if *seen > FOLDERS {
        return Err(CliError::usage(
            format!("there are more than {FOLDERS} folders to look into"),
            Some("name the folders of the templates"),
        ));
    }
    // What lies below a template belongs to it, templates that it makes included.
    if let Some(own) = TEMPLATE_FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file()) {
        files.push(own);
        return Ok(());
    }
    for (name, path) in folders(folder)? {
        if depth < DEPTH && !PASSED_OVER.contains(&name.as_str()) {
            find_below(&path, depth + 1, seen, files)?;
        }
    }
    Ok(())
}

/// The folders in a folder with their names, sorted; links are not followed.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, CliError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

impl Suite {
    /// Reads a file of templates and finds its cases.
    pub async fn read(file: PathBuf) -> Result<Self, CliError> {
        let shown = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = shown.canonicalize().map_err(|error| unreadable(shown, &error))?;
        let tests = shown.join(TESTS);
        let mut cases: Vec<PathBuf> = Vec::new();
        if tests.is_dir() {
            let all = folders(&tests)?.into_iter().map(|(_, path)| path);
            cases.extend(all.filter(|path| path.join(CASE_FILE).is_file()));
        }
        if cases.len() > CASES {
            return Err(CliError::usage(
                format!("{} has more than {CASES} cases", file.display()),
                Some("make a template do less"),
            ));
        }
        let templates = templates_of(&file, &folder).await?;
        Ok(Self { file, folder, templates, cases })
    }

    /// The case of a folder.
    pub fn case(folder: &Path) -> FoundCase {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = folder.join(CASE_FILE);
        let file = path.display().to_string();
        let case = read_text(&path).map_err(|reason| vec![Diagnostic::error("file-unreadable", reason)]);
        let case = case.and_then(|text| TemplateCase::read(&name, &file, &text));
        let catalogs = [Some(folder), folder.parent()].into_iter().flatten().map(|it| it.join(CATALOG));
        let catalog = catalogs.into_iter().find(|it| it.is_dir() && !it.join(CASE_FILE).is_file());
        FoundCase { name, file, case, expected: folder.join(EXPECTED), catalog }
    }

    /// The folder that the template may read files of: the repository that it is in, or what a catalog file above it
    /// stands for, or else its own.
    pub fn root(&self) -> PathBuf {
        let above = |name: &str, from: usize| {
            self.folder.ancestors().skip(from).find(|folder| folder.join(name).exists())
        };
        let root = above(".git", 0).or_else(|| above("catalog-info.yaml", 1)).unwrap_or(&self.folder);
        root.to_owned()
    }
}

/// The templates of a file, read as the catalog reads it.
async fn templates_of(
    file: &Path,
    folder: &Path,
) -> Result<Result<Vec<FoundTemplate>, Vec<Diagnostic>>, CliError> {
    let shown = file.display().to_string();
    let wrong = |reason: String| Ok(Err(vec![Diagnostic::error("file-unreadable", reason)]));
    let text = match read_text(file) {
        Ok(text) => text,
        Err(reason) => return wrong(reason),
    };
    let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<TreePath>().ok());
    let Some(root) = name else { return wrong(format!("{shown} has a name that no template has")) };
    // Files beside it matter only where the template brings them in by a placeholder.
    let tree = match read_folder(folder, TreeLimits::default()).await {
        Err(RemoteError::TooLarge { .. }) => {
            [(root.clone(), TreeFile::regular(text.as_bytes()))].into_iter().collect()
        }
        read => read?,
    };
    let info = SourceInfo {
        id: "local".to_owned(),
        location: format!("file:{shown}"),
        base: format!("file:{}/", folder.display()),
    };
    let ingestion = ingest(&tree, &root, &info, &Model::default());
    let is_template = |document: &Document| {
        document
            .value
            .get("kind")
            .and_then(Value::as_str)
            .is_some_and(|it| it.eq_ignore_ascii_case("template"))
    };
    let errors: Vec<Diagnostic> = ingestion.diagnostics().filter(|it| it.is_error()).cloned().collect();
    if !errors.is_empty() {
        return Ok(Err(errors.into_iter().map(|error| renamed(error, &shown)).collect()));
    }
    let reading = fairway_yaml::read(&shown, &text, &fairway_yaml::Limits::default());
    let mut documents = reading.documents.into_iter().filter(is_template);
    let mut found = Vec::new();
    for entity in ingestion.entities.iter().filter(|it| it.reference.kind() == "template" && it.file == root)
    {
        let Some(source) = documents.next() else { break };
        match Template::parse(&entity.entity()) {
            Ok(template) => found.push(FoundTemplate { template, source }),
            Err(problems) => {
                let place = source.location("/spec");
                let line = source.source_line(place.line);
                let placed = |it: Diagnostic| it.at(place.clone(), line.clone());
                return Ok(Err(problems.into_iter().map(placed).collect()));
            }
        }
    }
    if found.is_empty() {
        return wrong(format!("{shown} holds no Template of scaffolder.backstage.io/v1beta3"));
    }
    Ok(Ok(found))
}

fn renamed(mut diagnostic: Diagnostic, file: &str) -> Diagnostic {
    if let Some(place) = &mut diagnostic.location {
        file.clone_into(&mut place.file);
    }
    diagnostic
}

/// The entities that a template is planned among, by reference.
pub type Entities = BTreeMap<EntityRef, Entity>;

/// The entities of a folder, or of the example organisation. One that cannot be read is an error: a plan would
/// not be what it says it is.
pub async fn entities(folder: Option<&Path>) -> Result<Entities, Vec<Diagnostic>> {
    let told = |message: String| vec![Diagnostic::error("file-unreadable", message)];
    let (tree, name) = match folder {
        Some(folder) => {
            let tree = read_folder(folder, TreeLimits::default()).await;
            (tree.map_err(|error| told(error.to_string()))?, folder.display().to_string())
        }
        None => (example::catalog().map_err(|error| told(error.text()))?, "example".to_owned()),
    };
    let roots = roots_of(&tree);
    let ingestion = ingested(&tree, &roots, &name);
    let errors: Vec<Diagnostic> = ingestion.diagnostics().filter(|it| it.is_error()).cloned().collect();
    if !errors.is_empty() {
        let placed = |mut error: Diagnostic| {
            if let Some(place) = &mut error.location {
                place.file = format!("{name}/{}", place.file);
            }
            error
        };
        return Err(errors.into_iter().map(placed).collect());
    }
    let mut entities = Entities::new();
    for found in &ingestion.entities {
        entities.entry(found.reference.clone()).or_insert_with(|| found.entity());
    }
    Ok(entities)
}

/// What the catalog reads from files of a tree, whose name stands before their paths.
pub fn ingested(tree: &Tree, roots: &[TreePath], name: &str) -> Ingestion {
    let first = roots.first().map(TreePath::as_str).unwrap_or_default();
    let info = SourceInfo {
        id: "local".to_owned(),
        location: format!("file:{name}/{first}"),
        base: format!("file:{name}/"),
    };
    ingest_all(tree, roots, &info, &Model::default())
}

fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(
        format!("{} cannot be read: {error}", path.display()),
        Some("name a template.yaml, or folders that exist"),
    )
}
