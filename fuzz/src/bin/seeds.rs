//! Writes the inputs that the fuzzer starts from: those beside this package, and one for each acceptance case.
//!
//! `seeds FOLDER` fills a folder of that name for each target; the cases come from `FAIRWAY_CASES`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{Input, TARGETS};
use serde_json::Value as Json;

/// Where the cases of each target lie, and what their fields are called: template, values.
const CASES: [(&str, &[&str], [&str; 2]); 3] = [
    ("gotemplate", &["gotemplate/cases.jsonl"], ["tmpl", "ctx"]),
    (
        "nunjucks",
        &["nunjucks/conformance.jsonl", "nunjucks/probes.jsonl", "nunjucks/corpus.jsonl"],
        ["src", "ctx"],
    ),
    ("jinja", &["cookiecutter/cases.jsonl", "nunjucks/probes.jsonl"], ["src", "ctx"]),
];
/// Longer inputs only slow the fuzzer down.
const LONGEST: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("usage: seeds FOLDER")?;
    for (target, _) in TARGETS {
        fs::create_dir_all(folder.join(target))?;
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        for entry in fs::read_dir(committed)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.join(target).join(entry.file_name()))?;
        }
    }
    let Some(cases) = std::env::var_os("FAIRWAY_CASES").map(PathBuf::from) else { return Ok(()) };
    for (target, files, [source, values]) in CASES {
        for file in files {
            let text = fs::read_to_string(cases.join("templates").join(file))?;
            for (index, line) in text.lines().enumerate() {
                let case: Json = serde_json::from_str(line)?;
                let flag = |name: &str| u8::from(case.get(name).and_then(Json::as_bool).unwrap_or(false));
                let options = flag("compat") | flag("trim") << 1 | flag("lstrip") << 2;
                let template = case.get(source).and_then(Json::as_str).unwrap_or_default();
                let bytes = Input::write(options, template, case.get(values).unwrap_or(&Json::Null));
                if bytes.len() <= LONGEST {
                    let name = file.replace('/', "-").replace(".jsonl", "");
                    fs::write(folder.join(target).join(format!("{name}-{index}")), bytes)?;
                }
            }
        }
    }
    Ok(())
}
