//! The real Cookiecutter, which `scripts/setup-tests.sh` installs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use fairway_template::jinja::{Environment, Syntax};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/cookiecutter")
}

/// What a script of the oracle answers; nothing where it is not installed.
pub fn ask(script: &str, request: &Json) -> Option<Json> {
    let python = folder().join(".venv/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("FAIRWAY_ORACLES").is_none(), "run scripts/setup-tests.sh");
        eprintln!("skipped: Cookiecutter is not installed; run scripts/setup-tests.sh");
        return None;
    }
    let mut child = Command::new(python)
        .arg(folder().join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).expect("the oracle listens");
    let output = child.wait_with_output().expect("the oracle ends");
    assert!(output.status.success(), "the oracle failed");
    Some(serde_json::from_slice(&output.stdout).expect("the oracle answers in JSON"))
}

/// Holds the templates against the real ones: the same text, or an error from both.
fn compare(templates: &[String], context: &Json, settings: &Json, syntax: &Syntax) {
    let request = json!({"templates": templates, "context": context, "settings": settings});
    let Some(answers) = ask("render.py", &request) else { return };
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), templates.len());
    let mut wrong = Vec::new();
    for (source, expected) in templates.iter().zip(answers) {
        let counter = std::sync::atomic::AtomicU64::new(1);
        let environment = Environment::cookiecutter()
            .with_syntax(syntax.clone())
            .with_now(jiff::Timestamp::now())
            .with_random(move || {
                counter.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed)
            });
        let answer = environment.render(source, "template", context);
        let right = match (&answer, expected) {
            (Ok(text), Json::Array(expected)) => expected[0] == text.as_str(),
            (Err(_), Json::String(_)) => true,
            _ => false,
        };
        if !right {
            wrong.push(format!("{source:?}\n  expected {expected}\n  found    {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), templates.len(), wrong.join("\n"));
}

#[test]
fn jinja_prints_what_the_real_one_prints() {
    let text = std::fs::read_to_string(folder().join("templates.json")).unwrap();
    let templates: Vec<String> = serde_json::from_str::<Json>(&text)
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|template| template.as_str().unwrap().to_owned())
        .collect();
    let context = json!({"cookiecutter": {
        "name": "My Great-Project", "_private": "p", "flag": true, "num": 3, "float": 3.14159, "tags": ["a", "b", "c"],
        "opts": {"x": 1, "y": {"z": "deep"}}, "none_value": null,
    }});
    let syntax = |trim: bool, lstrip: bool| Syntax {
        keep_trailing_newline: true,
        trim_blocks: trim,
        lstrip_blocks: lstrip,
        ..Syntax::default()
    };
    compare(&templates, &context, &json!({}), &syntax(false, false));
    compare(&templates, &context, &json!({"trim_blocks": true, "lstrip_blocks": true}), &syntax(true, true));
}

#[test]
fn other_delimiters_and_white_space_rules_are_followed() {
    let templates: Vec<String> = [
        "<% if true %>\n  a\n  <% endif %>\nb <<'x'>> <# c #>\n{{ d }} {% e %}\n",
        "  <%+ if true %>x<% endif +%>\n\ny",
        "<% raw %><< a >><% endraw %>\nz\n",
        "a\r\nb\r\n<< 1 >>\r\n",
        "  <#- c -#>  d\n   <# e #>\nf",
        "\t<% set x = 1 %>  \n<<x>>",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    for (trim, lstrip, newline) in
        [(false, false, "\n"), (true, true, "\n"), (true, false, "\r\n"), (false, true, "\n")]
    {
        let settings = json!({
            "block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "<<",
            "variable_end_string": ">>", "comment_start_string": "<#", "comment_end_string": "#>",
            "trim_blocks": trim, "lstrip_blocks": lstrip, "newline_sequence": newline,
        });
        let syntax = Syntax {
            block_start: "<%".to_owned(),
            block_end: "%>".to_owned(),
            variable_start: "<<".to_owned(),
            variable_end: ">>".to_owned(),
            comment_start: "<#".to_owned(),
            comment_end: "#>".to_owned(),
            trim_blocks: trim,
            lstrip_blocks: lstrip,
            keep_trailing_newline: true,
            newline_sequence: newline.to_owned(),
        };
        compare(&templates, &json!({}), &settings, &syntax);
    }
}
