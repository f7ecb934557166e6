//! The table of figures in the README, from what `fairway bench --output json` measured.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const BEGINNING: &str = "<!-- bench -->\n";
const END: &str = "<!-- /bench -->";

/// Puts the figures of a measurement between the marks of the README. Figures of a debug build are refused.
pub fn run(file: &str) -> Result<bool> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let measured: Value = serde_json::from_str(&text).with_context(|| format!("reading {file}"))?;
    if measured.get("debug").and_then(Value::as_bool) != Some(false) {
        bail!("{file} was not measured with a release build; use `make bench`");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path).context("reading README.md")?;
    fs::write(&path, replaced(&readme, &section(&measured))?).context("writing README.md")?;
    Ok(true)
}

fn replaced(readme: &str, section: &str) -> Result<String> {
    let parts =
        readme.split_once(BEGINNING).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.context("README.md has no marks <!-- bench --> and <!-- /bench -->")?;
    Ok(format!("{before}{BEGINNING}{section}{END}{after}"))
}

fn section(measured: &Value) -> String {
    let cores =
        std::thread::available_parallelism().map_or_else(|_| String::new(), |it| format!(" with {it} cores"));
    let mut lines = vec![
        "## Figures\n\n".to_owned(),
        format!(
            "Measured by `make bench` on a machine{cores}. The bar is for the 99th percentile, or the value.\n\n"
        ),
        "| what | bar | median | p99 | n |\n| --- | --- | --- | --- | --- |\n".to_owned(),
    ];
    let figures = measured.get("figures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for figure in figures {
        let text = |name: &str| figure.get(name).and_then(Value::as_str).unwrap_or_default();
        let unit = text("unit");
        let amount = |name: &str| match figure.get(name).and_then(Value::as_f64) {
            Some(value) if unit == "s" => format!("{value:.2} s"),
            Some(value) => format!("{value:.1} {unit}"),
            None => String::new(),
        };
        let count = figure.get("n").and_then(Value::as_u64).unwrap_or(1);
        let bar = figure.get("bar").map(Value::to_string).unwrap_or_default();
        let bar = bar.strip_suffix(".0").unwrap_or(&bar);
        let cells = [
            text("name").to_owned(),
            format!("≤ {bar} {unit}"),
            amount("p50"),
            amount("p99"),
            count.to_string(),
        ];
        lines.push(format!("| {} |\n", cells.join(" | ")));
    }
    lines.push("\n".to_owned());
    lines.concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    #[test]
    fn what_was_measured_before_is_replaced() {
        let measured = json!({"figures": [{"name": "binary", "unit": "MB", "n": 1, "p50": 45.99, "bar": 60.0, "within": true}]});
        let section = super::section(&measured);
        assert!(section.contains("| binary | ≤ 60 MB | 46.0 MB |  | 1 |"), "{section}");
        let readme = super::replaced("a\n<!-- bench -->\nold<!-- /bench -->\nb", &section).unwrap();
        assert!(
            readme.starts_with("a\n<!-- bench -->\n## Figures") && readme.ends_with("<!-- /bench -->\nb")
        );
        assert!(super::replaced("no marks", &section).is_err());
    }
}
