//! Sources: real ones, and ones made to mislead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};

use fairway_catalog::{CatalogEntity, Ingestion, Model, Snapshot, SourceInfo, StoredEntity, diff, ingest};
use fairway_domain::Timestamp;
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
}

fn origin() -> SourceInfo {
    SourceInfo {
        id: "shop".into(),
        location: "url:https://git.example/acme/shop/blob/main/catalog-info.yaml".into(),
        base: "url:https://git.example/acme/shop/blob/main/".into(),
    }
}

fn read(files: &[(&str, &str)]) -> Ingestion {
    ingest(&tree(files), &"catalog-info.yaml".parse().unwrap(), &origin(), &Model::default())
}

fn names(ingestion: &Ingestion) -> Vec<String> {
    ingestion.entities.iter().map(|it| it.reference.to_string()).collect()
}

fn stored(ingestion: &Ingestion) -> Vec<StoredEntity> {
    let store = |it: &fairway_catalog::IngestedEntity| StoredEntity {
        entity: it.entity(),
        source: "shop".into(),
        location: it.location.clone(),
        origin_location: origin().location,
        file: it.file.to_string(),
        line: it.line,
        uid: format!("uid-{}", it.entity().name()),
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        revision: None,
        errors: Vec::new(),
        orphan: false,
    };
    ingestion.entities.iter().map(store).collect()
}

/// The entities as the catalog keeps them.
fn kept(stored: &[StoredEntity]) -> Vec<CatalogEntity> {
    Snapshot::build(stored.to_vec(), Vec::new()).iter().cloned().collect()
}

fn location(name: &str, targets: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: {name}}}\nspec:\n{targets}\n"
    )
}

fn system(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {{name: {name}}}\nspec: {{owner: team-a}}\n"
    )
}

fn load(folder: &Path, below: &Path, tree: &mut Tree) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            load(&path, below, tree);
        } else {
            let name = path.strip_prefix(below).unwrap().to_str().unwrap().parse().unwrap();
            tree.insert(name, TreeFile::regular(std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn the_examples_of_create_app_are_read_as_they_are() {
    let Some(package) = std::env::var_os("FAIRWAY_CREATE_APP") else {
        return eprintln!("skipped: FAIRWAY_CREATE_APP does not name an unpacked @backstage/create-app");
    };
    let folder = PathBuf::from(package).join("templates/default-app/examples");
    let mut files = Tree::new();
    load(&folder, &folder, &mut files);
    let targets = "  targets: [./entities.yaml, ./org.yaml, ./template/template.yaml]";
    let root: TreePath = "catalog-info.yaml".parse().unwrap();
    files.insert(root.clone(), TreeFile::regular(location("examples", targets).into_bytes()));
    let ingestion = ingest(&files, &root, &origin(), &Model::default());
    assert_eq!(ingestion.diagnostics().collect::<Vec<_>>(), Vec::<&fairway_domain::Diagnostic>::new());
    assert_eq!(
        names(&ingestion),
        [
            "location:default/examples",
            "system:default/examples",
            "component:default/example-website",
            "api:default/example-grpc-api",
            "user:default/guest",
            "group:default/guests",
            "template:default/example-nodejs-template",
        ]
    );
    let snapshot = Snapshot::build(stored(&ingestion), Vec::new());
    assert_eq!(snapshot.dangling(), []);
}

#[test]
fn a_synthetic_organisation_is_read_and_stitched() {
    let cases = std::env::var_os("FAIRWAY_CASES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"), PathBuf::from);
    let generator = cases.join("catalog/gen-catalog.py");
    if !generator.exists() {
        return eprintln!("skipped: no acceptance data at {}", cases.display());
    }
    let folder = std::env::temp_dir().join(format!("fairway-catalog-{}", std::process::id()));
    let status =
        std::process::Command::new("python3").arg(&generator).arg("1000").arg(&folder).output().unwrap();
    assert!(status.status.success());
    let mut files = Tree::new();
    load(&folder, &folder, &mut files);
    std::fs::remove_dir_all(&folder).unwrap();
    let ingestion = ingest(&files, &"all.yaml".parse().unwrap(), &origin(), &Model::default());
    assert_eq!(ingestion.diagnostics().count(), 0);
    assert_eq!(ingestion.entities.len(), 1001);
    let snapshot = Snapshot::build(stored(&ingestion), Vec::new());
    assert_eq!((snapshot.len(), snapshot.dangling()), (1001, Vec::new()));
}

#[test]
fn what_is_shipped_is_read_without_complaint() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut entities = Vec::new();
    for folder in ["examples/acme", "templates"] {
        let folder = house.join(folder);
        let mut files = Tree::new();
        load(&folder, &folder, &mut files);
        let ingestion = ingest(&files, &"catalog-info.yaml".parse().unwrap(), &origin(), &Model::default());
        let complaints: Vec<String> = ingestion.diagnostics().map(ToString::to_string).collect();
        assert_eq!(complaints, Vec::<String>::new(), "{}", folder.display());
        entities.extend(stored(&ingestion));
    }
    assert_eq!(Snapshot::build(entities, Vec::new()).dangling(), []);
}

#[test]
fn locations_lead_to_files_patterns_and_elsewhere() {
    let root = location(
        "root",
        "  target: ./systems/all.yaml\n  targets:\n    - ./teams/**/*.yaml\n    - https://git.example/acme/shop/blob/main/b.yaml\n    - https://other.example/x.yaml\n    - ./systems/all.yaml",
    );
    let back = location("back", "  targets: [../catalog-info.yaml, ./*.yaml]");
    let ingestion = read(&[
        ("catalog-info.yaml", &root),
        ("systems/all.yaml", &format!("{back}---\n{}", system("one"))),
        ("systems/more.yaml", &system("two")),
        ("teams/x.yaml", &system("three")),
        ("teams/deep/er/y.yaml", &system("four")),
        ("teams/z.yml", &system("unlisted")),
        ("b.yaml", &system("five")),
    ]);
    assert_eq!(ingestion.diagnostics().count(), 0);
    let mut found = names(&ingestion);
    found.sort();
    assert_eq!(
        found,
        [
            "location:default/back",
            "location:default/root",
            "system:default/five",
            "system:default/four",
            "system:default/one",
            "system:default/three",
            "system:default/two"
        ]
    );
    let foreign: Vec<_> = ingestion.foreign.iter().map(|it| (it.address.as_str(), it.optional)).collect();
    assert_eq!(foreign, [("url:https://other.example/x.yaml", false)]);
    let one = ingestion.entities.iter().find(|it| it.entity().name() == "one").unwrap();
    assert_eq!((one.line, one.file.as_str()), (7, "systems/all.yaml"));
    assert_eq!(one.location, "url:https://git.example/acme/shop/blob/main/systems/all.yaml");
}

#[test]
fn targets_that_lead_nowhere_are_told() {
    let root = location(
        "root",
        "  targets:\n    - ./missing.yaml\n    - ../up.yaml\n    - ./none/*.yaml\n    - /etc/passwd\n    - ./link.yaml",
    );
    let optional = location("optional", "  presence: optional\n  target: ./missing.yaml");
    let mut files = tree(&[("catalog-info.yaml", &format!("{root}---\n{optional}"))]);
    let link = TreeFile { mode: FileMode::Symlink, bytes: b"/etc/passwd".to_vec().into() };
    files.insert("link.yaml".parse().unwrap(), link);
    let ingestion = ingest(&files, &"catalog-info.yaml".parse().unwrap(), &origin(), &Model::default());
    let lines: Vec<usize> = ingestion.diagnostics().map(|it| it.location.as_ref().unwrap().line).collect();
    assert_eq!(lines, [6, 7, 8, 9, 1]);
    assert_eq!(ingestion.entities.len(), 2);
    let nothing = read(&[("other.yaml", "")]);
    assert!(nothing.diagnostics().next().unwrap().message.contains("catalog-info.yaml does not exist"));
    let mut utf16 = Tree::new();
    utf16.insert("catalog-info.yaml".parse().unwrap(), TreeFile::regular(vec![0xff, 0xfe, b'a', 0]));
    let ingestion = ingest(&utf16, &"catalog-info.yaml".parse().unwrap(), &origin(), &Model::default());
    assert!(ingestion.diagnostics().next().unwrap().message.contains("UTF-8"));
}

#[test]
fn placeholders_bring_in_files_of_the_source() {
    let api = |definition: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team-a\n  definition: {definition}\n  more: {{$ref: x}}\n"
        )
    };
    let files = |definition: &str| {
        read(&[
            ("catalog-info.yaml", &location("root", "  target: ./apis/orders.yaml")),
            ("apis/orders.yaml", &api(definition)),
            ("apis/spec/openapi.yaml", "openapi: 3.1.0\ninfo: {$text: ../x}\n"),
            ("secret.json", "{\"a\": [1]}"),
            ("two.yaml", "a: 1\n---\na: 2\n"),
        ])
    };
    let text = files("{$text: ./spec/openapi.yaml}");
    assert_eq!(text.diagnostics().count(), 0);
    assert_eq!(
        text.entities[1].entity().spec_text("definition"),
        Some("openapi: 3.1.0\ninfo: {$text: ../x}\n")
    );
    for (definition, message) in [
        ("{$json: ../secret.json}", "/spec/definition must be string"),
        ("{$yaml: spec/openapi.yaml}", "/spec/definition must be string"),
        ("{$text: ./nothing}", "the file apis/nothing does not exist in this source"),
        ("{$text: ../../etc/passwd}", "leads out of the source"),
        ("{$text: /etc/passwd}", "cannot be reached from here"),
        ("{$text: \"https://other.example/x\"}", "lies outside of this source"),
        ("{$json: ./spec/openapi.yaml}", "expected value"),
        ("{$yaml: ../two.yaml}", "more than one document"),
    ] {
        let ingestion = files(definition);
        let diagnostic = ingestion.diagnostics().next().unwrap_or_else(|| panic!("{definition}"));
        assert!(diagnostic.message.contains(message), "{definition}: {}", diagnostic.message);
        assert_eq!(diagnostic.location.as_ref().unwrap().line, 9, "{definition}");
        assert_eq!(ingestion.drafts[0].reference.as_ref().unwrap().to_string(), "api:default/orders");
    }
}

#[test]
fn broken_documents_become_drafts_and_the_rest_lives() {
    let ingestion = read(&[(
        "catalog-info.yaml",
        &format!(
            "{}---\nkind: Component\nmetadata:\n  name: broken\n  bad: [\nspec:\n  owner: team-b\n---\n{}---\n{}",
            system("one"),
            system("two"),
            system("one"),
        ),
    )]);
    assert_eq!(names(&ingestion), ["system:default/one", "system:default/two"]);
    let [syntax, conflict] = ingestion.drafts.as_slice() else { panic!("{:?}", ingestion.drafts) };
    assert_eq!(syntax.reference.as_ref().unwrap().to_string(), "component:default/broken");
    assert_eq!(syntax.owner.as_ref().unwrap().to_string(), "group:default/team-b");
    assert_eq!(syntax.line, 5);
    assert!(syntax.source_text.as_ref().unwrap().contains("bad: ["));
    assert!(
        conflict.diagnostics[0].message.contains("it stands first at catalog-info.yaml:3:18"),
        "{conflict:?}"
    );
}

#[test]
fn differences_keep_what_is_broken_and_doubt_large_removals() {
    let root = location("root", "  targets: [./a.yaml, ./b.yaml, ./more/*.yaml]");
    let many = |count: usize| {
        (0..count).fold(String::new(), |all, index| all + "---\n" + &system(&format!("s{index}")))
    };
    let files = |a: &str, b: &str, more: &str| {
        read(&[("catalog-info.yaml", &root), ("a.yaml", a), ("b.yaml", b), ("more/c.yaml", more)])
    };
    let before = stored(&files(&system("alpha"), &system("beta"), &many(30)));
    let change = |after: &Ingestion| diff(&kept(&before), after);
    let refs = |list: &[fairway_domain::EntityRef]| list.iter().map(ToString::to_string).collect::<Vec<_>>();

    assert!(change(&files(&system("alpha"), &system("beta"), &many(30))).is_empty());

    let after = change(&files(&system("gamma"), &system("beta").replace("team-a", "team-b"), &many(29)));
    assert_eq!(after.added[0].entity().name(), "gamma");
    assert_eq!(after.changed[0].entity().name(), "beta");
    assert_eq!(refs(&after.removed), ["system:default/alpha", "system:default/s29"]);
    assert!(!after.suspicious);

    // A broken document keeps its entity, named or not.
    for text in [
        "kind: System\nmetadata:\n  name: alpha\n  x: [\n",
        "metadata: [\n",
        "kind: System\nmetadata: {name: alpha}\n",
    ] {
        let after = change(&files(text, &system("beta"), &many(30)));
        assert_eq!(after.removed, []);
        assert_eq!(after.broken[0].reference.name(), "alpha", "{text}");
        assert!(!after.broken[0].diagnostics.is_empty() && !after.broken[0].known);
        let mut known = before.clone();
        let index = known.iter().position(|it| it.entity.name() == "alpha").unwrap();
        known[index].errors.clone_from(&after.broken[0].diagnostics);
        assert!(diff(&kept(&known), &files(text, &system("beta"), &many(30))).is_empty());
        // Whole again, although nothing else differs.
        let whole = diff(&kept(&known), &files(&system("alpha"), &system("beta"), &many(30)));
        assert_eq!(whole.changed.len(), 1);
    }

    // A missing file, pattern, Location or root removes nothing.
    let gone = read(&[("catalog-info.yaml", &root), ("b.yaml", &system("beta")), ("more/c.yaml", &many(30))]);
    assert_eq!((change(&gone).removed.len(), change(&gone).broken.len()), (0, 1));
    let gone =
        read(&[("catalog-info.yaml", &root), ("a.yaml", &system("alpha")), ("b.yaml", &system("beta"))]);
    assert_eq!((change(&gone).removed.len(), change(&gone).broken.len()), (0, 30));
    let lost = read(&[("catalog-info.yaml", "kind: Location\nspec: [\n"), ("a.yaml", "")]);
    assert_eq!((change(&lost).removed.len(), change(&lost).broken.len()), (0, 33));
    assert_eq!(change(&read(&[("x.yaml", "")])).removed.len(), 0);

    // Removals are carried out, and doubted when they are many.
    let after = change(&files(&system("alpha"), &system("beta"), &many(10)));
    assert_eq!((after.removed.len(), after.suspicious), (20, true));
    let after = change(&files(&system("alpha"), &system("beta"), &many(26)));
    assert_eq!((after.removed.len(), after.suspicious), (4, false));
}

const LIBRARY: &str = "apiVersion: fairway.dev/v1\nkind: Kind\nmetadata: {name: library}\nspec:\n  owner: platform\n  kind: Library\n  apiVersions: [acme.example/v1]\n  schema: {required: [language]}\n  relations: [{field: builds, forward: buildsOn, reverse: baseOf}]\n";
const INSTANCE: &str = "apiVersion: acme.example/v1\nkind: Library\nmetadata: {name: log}\nspec: {language: rust, builds: 'library:core'}\n";

#[test]
fn a_kind_holds_for_the_whole_source_wherever_it_stands() {
    let both = read(&[("catalog-info.yaml", &format!("{INSTANCE}---\n{LIBRARY}"))]);
    assert_eq!(names(&both), ["library:default/log", "kind:default/library"]);
    assert!(both.drafts.is_empty());
    let bad = format!("{LIBRARY}---\n{}", INSTANCE.replace("language: rust, ", ""));
    let bad = read(&[("catalog-info.yaml", &bad)]);
    assert!(bad.drafts[0].diagnostics[0].message.contains("required property 'language'"));

    let snapshot = Snapshot::build(stored(&both), Vec::new());
    let edge = &snapshot.relations_of(&"library:default/core".parse().unwrap())[0];
    assert_eq!((edge.relation_type.as_str(), edge.target.name()), ("baseOf", "log"));
    assert_eq!(snapshot.kinds().described().count(), 1);

    // Another source sees the kind once the catalog has it, and not any more when it is gone.
    let model = Model { kinds: snapshot.kinds().clone(), ..Model::default() };
    let root: TreePath = "catalog-info.yaml".parse().unwrap();
    let files = tree(&[("catalog-info.yaml", INSTANCE)]);
    assert_eq!(names(&ingest(&files, &root, &origin(), &model)), ["library:default/log"]);
    let lost = ingest(&files, &root, &origin(), &Model::default());
    let draft = &lost.drafts[0];
    assert_eq!(draft.diagnostics[0].code, "entity-kind");
    assert_eq!(draft.reference.as_ref().unwrap().to_string(), "library:default/log");
}

#[test]
fn rules_keep_kinds_out() {
    let rules = "catalog: {rules: [{allow: [Location, System]}]}";
    let reading = fairway_yaml::read("app-config.yaml", rules, &fairway_yaml::Limits::default());
    let rules = fairway_catalog::Rules::parse(&reading.documents[0]).unwrap();
    let model = Model { rules, ..Model::default() };
    let text = format!("{}---\n{}", system("shop"), system("x").replace("kind: System", "kind: Domain"));
    let root: TreePath = "catalog-info.yaml".parse().unwrap();
    let ingestion = ingest(&tree(&[("catalog-info.yaml", &text)]), &root, &origin(), &model);
    assert_eq!(names(&ingestion), ["system:default/shop"]);
    let address = "url:https://git.example/acme/shop/blob/main/catalog-info.yaml";
    assert_eq!(
        ingestion.drafts[0].diagnostics[0].message,
        format!(
            "NotAllowedError: Entity domain:default/x at {address}, originated at {address}, is not of an allowed kind for that location"
        )
    );
}

#[test]
fn locations_stay_within_their_type() {
    let targets = "  type: file\n  target: ./a.yaml";
    let ingestion = read(&[("catalog-info.yaml", &location("all", targets)), ("a.yaml", &system("a"))]);
    assert_eq!(names(&ingestion), ["location:default/all"]);
    let found = &ingestion.drafts[0].diagnostics[0];
    assert_eq!(found.message, "Registered locations must be of an allowed type [\"url\"]");
    assert_eq!(found.location.as_ref().unwrap().line, 5);
    let info = SourceInfo {
        id: "f".into(),
        location: "file:/srv/c/catalog-info.yaml".into(),
        base: "/srv/c/".into(),
    };
    let files = tree(&[
        (
            "catalog-info.yaml",
            &location(
                "all",
                &format!(
                    "{targets}\n---\n{}",
                    location("far", "  type: url\n  target: https://x.example/a.yaml")
                ),
            ),
        ),
        ("a.yaml", &system("a")),
    ]);
    let ingestion = ingest(&files, &"catalog-info.yaml".parse().unwrap(), &info, &Model::default());
    assert_eq!(names(&ingestion), ["location:default/all", "location:default/far", "system:default/a"]);
    assert_eq!(ingestion.foreign[0].address, "url:https://x.example/a.yaml");
}

#[test]
fn an_api_in_several_files_becomes_one_document() {
    let api = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: orders}\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team-a\n  definition: {$openapi: ./api/openapi.yaml}\n";
    let openapi = "openapi: 3.1.0\npaths:\n  /orders/{id}:\n    $ref: './paths/order.yaml'\n  /trees:\n    get: {schema: {$ref: 'models.yaml#/Tree'}}\ncomponents:\n  schemas:\n    Local: {type: string}\n    Use: {$ref: '#/components/schemas/Local'}\n    Far: {$ref: 'https://x.example/s.json'}\n";
    let order = "get:\n  responses:\n    '200': {schema: {$ref: '../models.yaml#/Order'}}\n    '404': {schema: {$ref: '../openapi.yaml#/components/schemas/Local'}}\n";
    let models = "Order: {type: object, properties: {parent: {$ref: '#/Order'}, tree: {$ref: '#/Tree'}}}\nTree: {items: {$ref: 'models.yaml#/Tree'}}\n";
    let files = [
        ("catalog-info.yaml", api),
        ("api/openapi.yaml", openapi),
        ("api/paths/order.yaml", order),
        ("api/models.yaml", models),
    ];
    let ingestion = read(&files);
    assert!(ingestion.drafts.is_empty(), "{:?}", ingestion.drafts);
    let entity = ingestion.entities[0].entity();
    let text = entity.spec_text("definition").unwrap();
    let bundled = fairway_yaml::read("b", text, &fairway_yaml::Limits::default()).documents.remove(0).value;
    let schema = "#/paths/~1orders~1%7Bid%7D/get/responses/200/schema";
    assert_eq!(
        bundled["paths"]["/orders/{id}"]["get"]["responses"]["200"]["schema"],
        serde_json::json!({"type": "object", "properties": {
            "parent": {"$ref": schema},
            "tree": {"items": {"$ref": format!("{schema}/properties/tree")}},
        }})
    );
    assert_eq!(bundled["paths"]["/trees"]["get"]["schema"]["$ref"], format!("{schema}/properties/tree"));
    let not_found = &bundled["paths"]["/orders/{id}"]["get"]["responses"]["404"]["schema"];
    assert_eq!(not_found["$ref"], "#/components/schemas/Local");
    assert_eq!(bundled["components"]["schemas"]["Far"]["$ref"], "https://x.example/s.json");

    for (reference, expected) in [
        ("./none.yaml", "does not exist in this source"),
        ("models.yaml#/None", "does not exist"),
        ("../../x.yaml", "leads out of the source"),
    ] {
        let broken = openapi.replace("models.yaml#/Tree", reference);
        let ingestion =
            read(&[("catalog-info.yaml", api), ("api/openapi.yaml", &broken), files[2], files[3]]);
        let message = &ingestion.drafts[0].diagnostics[0].message;
        assert!(
            message.starts_with("Placeholder $openapi could not be resolved: ") && message.contains(expected),
            "{message}"
        );
    }
}
