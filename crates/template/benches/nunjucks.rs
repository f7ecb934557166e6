//! How fast templates are rendered: `cargo bench -p fairway-template --bench nunjucks`.
//!
//! The corpus is that of the acceptance cases; without them its measurement is left out.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use fairway_template::Environment;
use serde_json::{Value as Json, json};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// The templates with their values and settings.
fn corpus() -> Vec<(Environment, String, Json)> {
    let folder = std::env::var("FAIRWAY_CASES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases").to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{folder}/templates/nunjucks/corpus.jsonl")) else {
        eprintln!("skipped: no acceptance data; set FAIRWAY_CASES");
        return Vec::new();
    };
    text.lines()
        .map(|line| {
            let mut case: Json = serde_json::from_str(line).unwrap();
            let flag = |name: &str| case.get(name).and_then(Json::as_bool).unwrap_or(false);
            let environment =
                if flag("compat") { Environment::cookiecutter_compat() } else { Environment::backstage() }
                    .with_trim_blocks(flag("trim"))
                    .with_lstrip_blocks(flag("lstrip"));
            let source = case.get("src").and_then(Json::as_str).unwrap().to_owned();
            (environment, source, case.get_mut("ctx").map(Json::take).unwrap_or_default())
        })
        .collect()
}

#[divan::bench]
fn every_case_of_the_corpus(bencher: Bencher<'_, '_>) {
    let cases = corpus();
    bencher.counter(ItemsCount::new(cases.len().max(1))).bench(|| {
        for (environment, source, context) in &cases {
            let _ = divan::black_box(environment.render(source, "case", context));
        }
    });
}

/// A template of so many kilobytes with ten tags in each.
fn large(kilobytes: usize) -> String {
    let filler = "text of a line that is rather long, as lines are, and ends with a word of the values ";
    let line = format!(
        "{filler}${{{{ values.name }}}} {{% if values.on %}}{filler}{{% else %}}none{{% endif %}}\n\
         {{% for item in values.list %}}{{{{ item }}}}{{% endfor %}}{filler}{filler}${{{{ values.name | upper }}}}\n"
    );
    let mut text = line.repeat(kilobytes * 1024 / line.len() + 1);
    text.truncate(line.len() * (kilobytes * 1024 / line.len()));
    text
}

#[divan::bench(args = [256, 512, 1024, 2048])]
fn one_large_template(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let source = large(kilobytes);
    let context = json!({"values": {"name": "shop", "on": true, "list": [1]}});
    let environment = Environment::backstage();
    bencher
        .counter(BytesCount::of_str(&source))
        .bench(|| environment.render(&source, "large", &context).unwrap());
}
