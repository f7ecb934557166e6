//! The target of Jinja and Cookiecutter.

use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_template::cookiecutter::{Cookiecutter, Hooks, generate, prompts};
use fairway_template::jinja::{Environment, Syntax};
use jiff::Timestamp;

use crate::input::{Input, check};

/// Renders a template, and a project whose configuration, folder and file it is.
pub fn jinja(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let syntax = Syntax {
        trim_blocks: input.has(0),
        lstrip_blocks: input.has(1),
        keep_trailing_newline: !input.has(2),
        ..Syntax::default()
    };
    let source = input.source.to_owned();
    let environment = Environment::cookiecutter()
        .with_syntax(syntax)
        .with_do_tag(input.has(3))
        .with_loop_controls(input.has(3))
        .with_now(Timestamp::UNIX_EPOCH)
        .with_loader(move |name| (name == "x").then(|| source.clone()))
        .with_budget(Input::budget());
    let limit = Input::budget().output.max(input.source.len());
    check(input.source, limit, || environment.render(input.source, "fuzz", &input.values));
    if input.has(4) {
        project(&input);
    }
}

/// A project never has a file outside of its folder, and the questions of a template never depend on chance.
fn project(input: &Input<'_>) {
    let mut template = Tree::new();
    let mut insert = |path: &str, text: &str| {
        if let Ok(path) = path.parse::<TreePath>() {
            template.insert(path, TreeFile::regular(text.as_bytes()));
        }
    };
    let configuration =
        if input.has(5) { input.source.to_owned() } else { r#"{"a": "b", "l": ["x"]}"#.to_owned() };
    insert("cookiecutter.json", &configuration);
    insert("{{cookiecutter.a}}/file.txt", input.source);
    insert(&format!("{{{{cookiecutter.a}}}}/{}", input.source), "{{ cookiecutter }}");
    let options = Cookiecutter {
        answers: input.values.as_object().cloned().unwrap_or_default(),
        hooks: Hooks::Return,
        budget: Input::budget(),
        ..Cookiecutter::default()
    };
    assert_eq!(prompts(&template, &options), prompts(&template, &options));
    let mut workspace = Tree::new();
    match generate(&template, &mut workspace, &options) {
        Ok(generated) => {
            for (path, _) in workspace.iter() {
                assert!(
                    path.strip_prefix(&generated.project).is_some(),
                    "{path} is outside of {}",
                    generated.project
                );
            }
        }
        Err(error) => {
            assert!(workspace.is_empty(), "something was written before {error}");
            assert!(!error.message.is_empty());
        }
    }
}
