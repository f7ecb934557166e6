//! What Fairway promises beyond the real Cookiecutter.

use fairway_domain::tree::{Tree, TreeFile};
use fairway_template::TemplateErrorKind;
use fairway_template::cookiecutter::{Choice, Cookiecutter, Hooks, PromptKind, Stage, generate, prompts};
use serde_json::{Value as Json, json};

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
}

fn answers(json: &Json) -> Cookiecutter {
    Cookiecutter { answers: json.as_object().cloned().unwrap_or_default(), ..Cookiecutter::default() }
}

fn template(text: &str) -> Tree {
    tree(&[("cookiecutter.json", r#"{"name": "shop"}"#), ("{{cookiecutter.name}}/a.txt", text)])
}

#[test]
fn hooks_are_refused_by_name_or_handed_back_rendered() {
    let mut files = template("x");
    files.insert(
        "hooks/post_gen_project.py".parse().unwrap(),
        TreeFile::regular(b"print('{{ cookiecutter.name }}')".as_slice()),
    );
    files.insert("hooks/pre_gen_project.sh".parse().unwrap(), TreeFile::regular(b"exit".as_slice()));
    files.insert("hooks/other.py".parse().unwrap(), TreeFile::regular(b"".as_slice()));
    let mut workspace = Tree::new();
    let error = generate(&files, &mut workspace, &Cookiecutter::default()).unwrap_err();
    assert!(error.message.contains("hooks/pre_gen_project.sh, hooks/post_gen_project.py"), "{error}");
    assert!(workspace.is_empty());
    let options = Cookiecutter { hooks: Hooks::Return, ..Cookiecutter::default() };
    let generated = generate(&files, &mut workspace, &options).unwrap();
    let hooks: Vec<_> = generated.hooks.iter().map(|hook| (hook.stage, hook.script.as_str())).collect();
    assert_eq!(hooks, [(Stage::PreGenerate, "exit"), (Stage::PostGenerate, "print('shop')")]);
}

#[test]
fn python_extensions_are_refused_by_name() {
    let files = tree(&[
        (
            "cookiecutter.json",
            r#"{"name": "shop", "_extensions": ["jinja2.ext.do", "local_extensions.Slug"]}"#,
        ),
        ("{{cookiecutter.name}}/a.txt", "{{ cookiecutter.name }}"),
    ]);
    let error = generate(&files, &mut Tree::new(), &Cookiecutter::default()).unwrap_err();
    assert!(error.message.contains("local_extensions.Slug"), "{error}");
    assert!(!error.message.contains("jinja2.ext.do"), "{error}");
    let options = Cookiecutter { ignore_extensions: true, ..Cookiecutter::default() };
    assert!(generate(&files, &mut Tree::new(), &options).is_ok());
}

#[test]
fn nothing_leaves_the_workspace_and_nothing_is_written_on_an_error() {
    for name in ["..", "../x", "/tmp/x", "a/../../b", ".git"] {
        let mut workspace = Tree::new();
        let error = generate(&template("x"), &mut workspace, &answers(&json!({"name": name}))).unwrap_err();
        assert_eq!(error.kind, TemplateErrorKind::Path, "{error}");
        assert!(workspace.is_empty());
    }
    let mut workspace = tree(&[("shop/a.txt", "old")]);
    let error = generate(&template("new"), &mut workspace, &Cookiecutter::default()).unwrap_err();
    assert!(error.message.contains("is there already"), "{error}");
    let options = Cookiecutter { overwrite: true, ..Cookiecutter::default() };
    generate(&template("new"), &mut workspace, &options).unwrap();
    assert_eq!(workspace.get_text("shop/a.txt"), Some("new"));
    let options = Cookiecutter { overwrite: true, skip_existing: true, ..Cookiecutter::default() };
    generate(&template("newer"), &mut workspace, &options).unwrap();
    assert_eq!(workspace.get_text("shop/a.txt"), Some("new"));
}

#[test]
fn errors_name_the_file_the_line_and_what_to_do() {
    let error = generate(
        &template("one\nHello {{ cookiecutter.nmae }}!\n"),
        &mut Tree::new(),
        &Cookiecutter::default(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        [
            "a.txt:2:22: 'dict object' has no attribute 'nmae'",
            "  Hello {{ cookiecutter.nmae }}!",
            "                       ^",
            "Did you mean \"name\"?",
        ]
        .join("\n")
    );
}

#[test]
fn questions_follow_from_the_answers_so_far() {
    let files = tree(&[
        (
            "cookiecutter.json",
            r#"{"name": "My Shop", "slug": "{{ cookiecutter.name|lower|replace(' ', '-') }}", "kind": ["api", "web"],
                "docker": true, "more": {"a": "{{ cookiecutter.slug }}"}, "_private": 1, "__hidden": "x",
                "__prompts__": {"name": "Its name", "kind": {"__prompt__": "Which kind?", "api": "A service"}}}"#,
        ),
        ("{{cookiecutter.slug}}/a", ""),
    ]);
    let found = prompts(&files, &answers(&json!({"name": "Other Shop"}))).unwrap();
    let names: Vec<_> = found.iter().map(|prompt| (prompt.name.as_str(), prompt.question.as_str())).collect();
    assert_eq!(
        names,
        [
            ("name", "Its name"),
            ("slug", "slug"),
            ("kind", "Which kind?"),
            ("docker", "docker"),
            ("more", "more")
        ]
    );
    assert_eq!(found[1].kind, PromptKind::Text { default: "other-shop".to_owned() });
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    assert_eq!(
        found[2].kind,
        PromptKind::Choice { choices: vec![choice("api", "A service"), choice("web", "web")] }
    );
    assert_eq!(found[3].kind, PromptKind::YesNo { default: true });
    let more = json!({"a": "other-shop"}).as_object().cloned().unwrap();
    assert_eq!(found[4].kind, PromptKind::Dictionary { default: more });
}

#[test]
fn a_choice_of_templates_is_the_first_question() {
    let files = tree(&[
        ("cookiecutter.json", r#"{"templates": {"a": {"path": "./a", "title": "A"}, "b": {"path": "./b"}}}"#),
        ("a/cookiecutter.json", r#"{"name": "a"}"#),
        ("b/cookiecutter.json", r#"{"other": "b"}"#),
        ("b/{{cookiecutter.other}}/x", "{{ cookiecutter.other }}"),
    ]);
    let first = prompts(&files, &Cookiecutter::default()).unwrap();
    assert_eq!(first[0].name, "templates");
    let picked = answers(&json!({"templates": "b"}));
    assert_eq!(prompts(&files, &picked).unwrap()[0].name, "other");
    let mut workspace = Tree::new();
    generate(&files, &mut workspace, &picked).unwrap();
    assert_eq!(workspace.get_text("b/x"), Some("b"));
    let error = generate(&files, &mut workspace, &answers(&json!({"templates": "c"}))).unwrap_err();
    assert!(error.message.contains("a, b"), "{error}");
}
