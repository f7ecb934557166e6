//! From answers to a plan: what a template's steps would do, without doing it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "shared/fake_world.rs"]
mod fake_world;

use fairway_domain::Digest;
use fairway_domain::plan::{Effect, Purpose};
use fairway_domain::tree::Tree;
use fairway_scaffold::{ActionRegistry, PlanError, Planned};
use fake_world::{FakeWorld, plan_with, with_link};
use serde_json::{Value, json};

const HEAD: &str = "
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: service, title: A service}
spec:
  type: service
  parameters:
    required: [name]
    properties:
      name: {type: string}
      owner: {type: string, ui:field: OwnerPicker}
      tags: {type: array, items: {type: string}}
      password: {type: string, ui:widget: password}
";

fn golden_path() -> String {
    format!(
        "{HEAD}{}",
        r#"
  steps:
    - id: fetch
      action: fetch:template
      input: {url: ./content, values: {name: "${{ parameters.name }}", owner: "${{ parameters.owner }}"}}
    - id: publish
      name: Publish
      action: publish:git
      input: {repoUrl: "fairway?owner=acme&repo=${{ parameters.name }}", description: "${{ parameters.name }}!"}
    - id: register
      action: catalog:register
      input: {repoContentsUrl: "${{ steps.publish.output.repoContentsUrl }}"}
    - id: never
      if: ${{ failure() }}
      action: debug:log
      input: {message: "commit ${{ steps.publish.output.commitHash }}"}
    - id: say
      action: debug:log
      input: {message: "commit ${{ steps.publish.output.commitHash }} of ${{ context.task.id }} by ${{ user.ref }}"}
  output:
    links:
      - {title: Repository, url: "${{ steps.publish.output.remoteUrl }}"}
      - {title: Open in catalog, icon: catalog, entityRef: "${{ steps.register.output.entityRef }}"}
      - {title: Hidden, url: "https://x.example", if: "${{ parameters.tags }}"}
      - {title: Bad, url: "javascript:alert(1)"}
    text:
      - {title: Done, content: "**${{ parameters.name }}** is there"}
"#
    )
}

fn golden_world() -> FakeWorld {
    FakeWorld::new().entity_named("group:default/platform").folder(
        "./content",
        &[
            ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: '${{ values.name }}-api'}\n---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${{ values.name }}\nspec: {type: service, owner: '${{ values.owner }}'}\n"),
            ("src/${{ values.name }}.txt", "Hello ${{ values.name }}\n"),
        ],
    )
}

fn steps(yaml: &str) -> String {
    format!("{HEAD}  steps:\n{yaml}")
}

fn strict(yaml: &str) -> String {
    yaml.replace("title: A service}", "title: A service, annotations: {fairway.dev/strict: 'true'}}")
}

fn refused(world: &FakeWorld, yaml: &str) -> PlanError {
    plan_with(world, yaml, json!({"name": "orders"})).unwrap_err()
}

fn answers() -> Value {
    json!({"name": "orders", "owner": "group:default/platform", "password": "s3cret"})
}

#[test]
fn a_golden_path_lists_every_effect_and_its_bytes() {
    let Planned { plan, contents, workspace } =
        plan_with(&golden_world(), &strict(&golden_path()), answers()).unwrap();
    assert_eq!(plan.title, "Create orders from A service");
    assert_eq!(plan.owner.as_ref().unwrap().to_string(), "group:default/platform");
    let summaries: Vec<String> = plan.effects.iter().map(Effect::summary).collect();
    assert_eq!(
        summaries,
        [
            "Create the repository acme/orders",
            "Commit 3 files to acme/orders, branch main",
            "Register api:default/orders-api, component:default/orders in the catalog",
        ]
    );
    let Effect::Commit { message, files, base: None, rebase: false, .. } = &plan.effects[1] else { panic!() };
    assert_eq!(message, "Create orders from A service");
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, [".fairway/origin.yaml", "catalog-info.yaml", "src/orders.txt"]);
    for file in files {
        let bytes = &contents[&file.content.unwrap()];
        assert_eq!((Digest::of(bytes), bytes.len() as u64), (file.content.unwrap(), file.size));
    }
    assert_eq!(workspace.get_text("src/orders.txt"), Some("Hello orders\n"));
    let Effect::RegisterLocation { target, .. } = &plan.effects[2] else { panic!() };
    assert_eq!(target, "http://127.0.0.1:7007/repositories/acme/orders/blob/main/catalog-info.yaml");

    let skipped: Vec<Option<&str>> = plan.steps.iter().map(|step| step.skipped.as_deref()).collect();
    assert_eq!(skipped, [None, None, None, Some("its condition is false"), None]);
    assert_eq!(plan.steps[1].effects, [0, 1]);
    assert_eq!(plan.steps[2].effects, [2]);
    let said = &plan.steps[4].log[0];
    assert!(said.starts_with("commit ${pending:commit:acme/orders} of "), "{said}");
    assert!(said.ends_with(" by user:default/ada"), "{said}");

    let links: Vec<&str> = plan.links.iter().map(|link| link.title.as_str()).collect();
    assert_eq!(links, ["Repository", "Open in catalog"]);
    assert_eq!(plan.links[0].url.as_deref(), Some("http://127.0.0.1:7007/git/acme/orders.git"));
    assert_eq!(plan.links[1].entity_ref.as_ref().unwrap().to_string(), "component:default/orders");
    assert_eq!(plan.texts[0].content, "**orders** is there");
    assert_eq!(plan.warnings, ["a link of the template's output is no web address and was left out"]);
}

#[test]
fn the_origin_says_where_a_repository_came_from_without_secrets() {
    let planned = plan_with(&golden_world(), &golden_path(), answers()).unwrap();
    let Effect::Commit { files, .. } = &planned.plan.effects[1] else { panic!() };
    let text = String::from_utf8(planned.contents[&files[0].content.unwrap()].clone()).unwrap();
    let record =
        fairway_yaml::read("origin.yaml", &text, &fairway_yaml::Limits::default()).documents.remove(0).value;
    let Purpose::Template { digest, .. } = &planned.plan.purpose else { panic!() };
    assert_eq!(record["template"], "template:default/service");
    assert_eq!(record["templateDigest"], digest.to_string());
    assert_eq!(
        record["answers"],
        json!({"name": "orders", "owner": "group:default/platform", "password": "***"})
    );
    assert_eq!(planned.plan.inputs, record["answers"]);
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let first = plan_with(&golden_world(), &golden_path(), answers()).unwrap();
    for _ in 0..5 {
        let again = plan_with(
            &golden_world(),
            &golden_path(),
            json!({"password": "s3cret", "owner": "group:default/platform", "name": "orders"}),
        )
        .unwrap();
        assert_eq!(again.plan.to_bytes(), first.plan.to_bytes());
        assert_eq!(again.contents, first.contents);
    }
    let mut world = golden_world();
    world
        .folders
        .get_mut("./content")
        .unwrap()
        .insert("x".parse().unwrap(), fairway_domain::tree::TreeFile::regular(*b"1"));
    let changed = plan_with(&world, &golden_path(), answers()).unwrap();
    assert_ne!(changed.plan.purpose, first.plan.purpose, "a changed file changes the template's digest");
}

#[test]
fn loops_run_once_for_every_entry_and_gather_outputs() {
    let yaml = steps(
        r#"
    - id: each
      each: ${{ parameters.tags }}
      if: ${{ each.value != "b" }}
      action: catalog:fetch
      input: {entityRef: "group:default/${{ each.value }}"}
    - id: nothing
      each: []
      action: debug:log
    - id: say
      action: debug:log
      input: {message: "${{ steps.each.output.entity | length }} ${{ steps.each.output.entity[1].metadata.name }}", extra: "${{ steps.nothing.output }}"}
"#,
    );
    let world = FakeWorld::new().entity_named("group:default/a").entity_named("group:default/c");
    let plan = plan_with(&world, &yaml, json!({"name": "x", "tags": ["a", "b", "c"]})).unwrap().plan;
    assert_eq!(plan.steps[1].skipped.as_deref(), Some("there is nothing to repeat it for"));
    assert_eq!(plan.steps[2].log, ["2 c"], "{:?}", plan.warnings);
    let error = plan_with(&world, &yaml, json!({"name": "x", "tags": "text"})).unwrap_err();
    assert_eq!(
        error.headline(),
        "step \"each\" (catalog:fetch): spec.steps[0].each: each must be a list or an object"
    );
}

#[test]
fn careless_templates_warn_and_strict_ones_stop() {
    let yaml =
        steps("    - action: debug:log\n      input: {message: 'x ${{ parameters.nmae | nonsense }}'}\n");
    let plan = plan_with(&FakeWorld::new(), &yaml, json!({"name": "a"})).unwrap().plan;
    assert_eq!(plan.steps[0].log, ["x ${{ parameters.nmae | nonsense }}"]);
    assert_eq!(plan.warnings.len(), 2, "{:?}", plan.warnings);
    assert!(
        plan.warnings[0]
            .contains("there is no parameter \"nmae\" (did you mean name?) at template.yaml:16:24"),
        "{:?}",
        plan.warnings
    );

    let error = refused(&FakeWorld::new(), &strict(&yaml));
    let text = error.to_string();
    assert!(text.contains("step \"step-1\" (debug:log): spec.steps[0].input.message"), "{text}");
    assert!(text.contains("template.yaml:16:24"), "{text}");
    assert!(text.contains("input: {message:"), "the line is quoted: {text}");

    let undefined = steps("    - action: fetch:template\n      input: {url: ./c, values: {name: x}}\n");
    let world = FakeWorld::new().folder("./c", &[("a/readme.md", "line\n${{ values.nmae }}\n")]);
    assert!(plan_with(&world, &undefined, json!({"name": "a"})).is_ok());
    let error = refused(&world, &strict(&undefined));
    let place = error.location.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("a/readme.md", 2), "{error}");
}

#[test]
fn unknown_actions_and_bad_inputs_say_what_would_work() {
    let error = refused(&FakeWorld::new(), &steps("    - {id: a, action: 'fetch:templte'}\n"));
    assert_eq!(
        error.headline(),
        "step \"a\" (fetch:templte): spec.steps[0].action: there is no action \"fetch:templte\""
    );
    assert!(
        error
            .hint
            .as_deref()
            .unwrap()
            .starts_with("did you mean fetch:template? The actions are catalog:fetch, ")
    );
    let skipped = steps("    - {id: a, if: false, action: 'fetch:cookiecutter'}\n");
    assert!(plan_with(&FakeWorld::new(), &skipped, json!({"name": "a"})).is_ok());

    let error = refused(
        &FakeWorld::new(),
        &steps("    - {id: a, action: 'fs:rename', input: {files: [{from: 3}]}}\n"),
    );
    assert!(error.message.starts_with("Invalid input passed to action fs:rename, files.0"), "{error}");
}

#[test]
fn nothing_escapes() {
    let world = || FakeWorld::new().folder("./c", &[("a.txt", "1")]);
    let fetch = "    - {action: 'fetch:plain', input: {url: ./c}}\n";
    for step in [
        "{action: 'fetch:plain', input: {url: ./c, targetPath: ../x}}",
        "{action: 'fetch:plain', input: {url: ./c, targetPath: /x}}",
        "{action: 'fetch:plain', input: {url: /etc}}",
        "{action: 'fetch:plain', input: {url: 'file:///etc'}}",
        "{action: 'fetch:template', input: {url: ./c, targetPath: a/../../x, values: {}}}",
        "{action: 'fetch:plain:file', input: {url: ./c, targetPath: ../x}}",
        "{action: 'fs:delete', input: {files: ['../**']}}",
        "{action: 'fs:rename', input: {files: [{from: a.txt, to: ../b}]}}",
        "{action: 'fs:rename', input: {files: [{from: a.txt, to: .git/hooks/post-commit}]}}",
        "{action: 'fs:readdir', input: {paths: [..]}}",
        "{action: 'catalog:write', input: {entity: {}, filePath: /etc/x}}",
        "{action: 'publish:git', input: {repoUrl: 'fairway?owner=a&repo=b', sourcePath: ..}}",
        "{action: 'publish:git', input: {repoUrl: 'fairway?owner=..&repo=b'}}",
        "{action: 'publish:git', input: {repoUrl: 'fairway?owner=a&repo=b', defaultBranch: ../x}}",
    ] {
        let error = refused(&world(), &steps(&format!("{fetch}    - {step}\n")));
        assert_eq!(error.step.as_ref().map(|step| step.id.as_str()), Some("step-2"), "{step}: {error}");
    }
    let mut linked = world();
    let tree = with_link(Tree::new(), "a/link", "../../../etc/passwd");
    linked.folders.insert("./c".to_owned(), tree);
    let error = refused(&linked, &steps(fetch));
    assert_eq!(error.message, "the symbolic link a/link leads out of its folder, to \"../../../etc/passwd\"");
    linked.folders.insert("./c".to_owned(), with_link(Tree::new(), "a/link", "../b"));
    let moved = steps(&format!(
        "{fetch}    - {{action: 'fs:rename', input: {{files: [{{from: a/link, to: link}}]}}}}\n"
    ));
    assert!(
        refused(&linked, &moved).message.contains("leads out"),
        "a link that is moved is looked at again"
    );
}

#[test]
fn publishing_is_refused_before_anything_happens() {
    let mut world = golden_world();
    world.repositories.insert("acme/orders".parse().unwrap());
    let error = refused(&world, &golden_path());
    assert_eq!(
        error.headline(),
        "step \"publish\" (publish:git): spec.steps[1].input.repoUrl: the repository acme/orders exists already"
    );

    let elsewhere = golden_path().replace("publish:git", "publish:github").replace("fairway?", "github.com?");
    let error = refused(&golden_world(), &elsewhere);
    assert_eq!(error.message, "nothing here publishes to github.com");
    assert!(error.hint.as_deref().unwrap().contains("--forge-host github.com"), "{error}");
    let mut world = golden_world();
    world.hosts.push("github.com".to_owned());
    assert!(plan_with(&world, &elsewhere, answers()).is_ok());

    let twice = steps(
        "    - {action: 'catalog:write', input: {entity: {kind: X}}}\n    - {action: 'publish:git', input: {repoUrl: 'fairway?owner=a&repo=b'}}\n    - {action: 'publish:git', input: {repoUrl: 'fairway?owner=a&repo=B'}}\n",
    );
    assert!(refused(&FakeWorld::new(), &twice).message.contains("an earlier step of this plan creates"));
    let empty = steps("    - {action: 'publish:git', input: {repoUrl: 'fairway?owner=a&repo=b'}}\n");
    assert!(refused(&FakeWorld::new(), &empty).message.contains("nothing to publish"));
}

#[test]
fn registering_reads_what_will_be_published() {
    let register = |files: &[(&str, &str)], input: &str| {
        let world = FakeWorld::new().folder("./c", files).entity_named("component:default/known");
        let yaml = steps(&format!(
            "    - {{action: 'fetch:plain', input: {{url: ./c}}}}\n    - {{id: p, action: 'publish:git', input: {{repoUrl: 'fairway?owner=a&repo=b'}}}}\n    - {{id: r, action: 'catalog:register', input: {{repoContentsUrl: '${{{{ steps.p.output.repoContentsUrl }}}}'{input}}}}}\n"
        ));
        plan_with(&world, &yaml, json!({"name": "x"}))
    };
    let missing = register(&[("readme", "x")], "").unwrap_err();
    assert_eq!(missing.message, "a/b will have no file catalog-info.yaml");
    let optional = register(&[("readme", "x")], ", optional: true").unwrap();
    assert!(
        matches!(&optional.plan.effects[2], Effect::RegisterLocation { entities, optional: true, .. } if entities.is_empty())
    );
    let broken =
        register(&[("catalog-info.yaml", "kind: Component\nmetadata:\n  name: [\n")], "").unwrap_err();
    assert_eq!(broken.location.as_ref().unwrap().file, "catalog-info.yaml", "{broken}");
    let nameless = register(&[("catalog-info.yaml", "kind: Component\nmetadata: {}\n")], "").unwrap_err();
    assert_eq!(nameless.message, "metadata.name is missing");
    assert_eq!(nameless.location.as_ref().unwrap().line, 2);
    let known = register(
        &[("a/c.yaml", "kind: Component\nmetadata: {name: known}\n")],
        ", catalogInfoPath: /a/c.yaml",
    )
    .unwrap();
    assert!(
        known.plan.warnings[0].contains("component:default/known is in the catalog already"),
        "{:?}",
        known.plan.warnings
    );
}

#[test]
fn cookiecutter_templates_are_rendered_without_running_anything() {
    let world = FakeWorld::new().folder(
        "./content",
        &[
            (
                "cookiecutter.json",
                r#"{"name": "default", "slug": "{{ cookiecutter.name|slugify }}", "kind": ["api", "web"]}"#,
            ),
            ("src/{{cookiecutter.slug}}.txt", "{{ cookiecutter.name.upper() }} {{ cookiecutter.kind }}\n"),
            ("page.html", "{{ not jinja }"),
            ("hooks/post_gen_project.py", "print(1)"),
        ],
    );
    let step = |input: &str| {
        steps(&format!("    - {{action: 'fetch:cookiecutter', input: {{url: ./content, {input}}}}}\n"))
    };
    let yaml = step(
        "targetPath: app, values: {name: 'My ${{ parameters.name }}', kind: batch}, copyWithoutRender: ['*.html']",
    );
    let planned = plan_with(&world, &yaml, json!({"name": "Shop"})).unwrap();
    assert_eq!(planned.workspace.get_text("app/src/my-shop.txt"), Some("MY SHOP batch\n"));
    assert_eq!(planned.workspace.get_text("app/page.html"), Some("{{ not jinja }"));
    assert_eq!(planned.workspace.len(), 4);
    let error = refused(&world, &step("extensions: [local_extensions.Slug], copyWithoutRender: ['*.html']"));
    assert!(error.message.contains("local_extensions.Slug"), "{}", error.message);
    let error = refused(&world, &step("values: {name: x}"));
    assert!(error.message.contains("expected"), "{}", error.message);
}

#[test]
fn files_are_renamed_deleted_and_listed() {
    let world = FakeWorld::new()
        .folder("./c", &[("a/x.txt", "1"), ("a/b/y.log", "2"), ("gitignore", "3"), ("tmp/z", "4")]);
    let yaml = steps(
        "    - {action: 'fetch:plain', input: {url: ./c}}\n    - {action: 'fs:rename', input: {files: [{from: gitignore, to: .gitignore}, {from: a, to: src/a}]}}\n    - {action: 'fs:delete', input: {files: ['**/*.log', tmp]}}\n    - {id: l, action: 'fs:readdir', input: {paths: [.], recursive: true}}\n    - {action: 'debug:log', input: {message: '${{ steps.l.output | dump }}'}}\n    - {action: 'debug:wait', input: {seconds: 1.5}}\n    - {action: 'notification:send', input: {recipients: broadcast, title: Hello}}\n",
    );
    let planned = plan_with(&world, &yaml, json!({"name": "x"})).unwrap();
    let paths: Vec<&str> = planned.workspace.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, [".gitignore", "src/a/x.txt"]);
    let listed: Value = serde_json::from_str(&planned.plan.steps[4].log[0]).unwrap();
    assert_eq!(listed["files"][1], json!({"name": "x.txt", "path": "src/a", "fullPath": "src/a/x.txt"}));
    assert_eq!(listed["folders"].as_array().unwrap().len(), 2);
    assert_eq!(planned.plan.effects.iter().map(Effect::kind).collect::<Vec<_>>(), ["wait", "notify"]);
    let taken = steps(
        "    - {action: 'fetch:plain', input: {url: ./c}}\n    - {action: 'fs:rename', input: {files: [{from: gitignore, to: tmp}]}}\n",
    );
    assert_eq!(refused(&world, &taken).message, "tmp is there already");
}

#[test]
fn owners_that_nobody_knows_are_mentioned() {
    let yaml = steps("    - {action: 'debug:log'}\n");
    let plan = plan_with(&FakeWorld::new(), &yaml, json!({"name": "x", "owner": "group:default/ghosts"}))
        .unwrap()
        .plan;
    assert_eq!(plan.warnings, ["Owner: group:default/ghosts is not in the catalog"]);
    let closed = yaml
        .replace("ui:field: OwnerPicker", "ui:field: OwnerPicker, ui:options: {allowArbitraryValues: false}");
    let error = plan_with(&FakeWorld::new(), &closed, json!({"name": "x", "owner": "group:default/ghosts"}))
        .unwrap_err();
    assert_eq!(error.message, "Owner: group:default/ghosts is not in the catalog");
}

#[test]
fn every_action_documents_itself_with_schemas_that_compile_and_examples_that_fit() {
    let registry = ActionRegistry::built_in();
    let ids: Vec<&str> = registry.iter().map(fairway_scaffold::Action::id).collect();
    assert_eq!(ids.len(), 16);
    assert!(ids.is_sorted());
    for action in registry.iter() {
        let validator = jsonschema::draft7::new(&action.input_schema()).unwrap();
        jsonschema::draft7::new(&action.output_schema()).unwrap();
        assert!(!action.description().is_empty() && !action.examples().is_empty(), "{}", action.id());
        for example in action.examples() {
            assert!(validator.is_valid(&example.input), "{}: {}", action.id(), example.description);
        }
    }
}
