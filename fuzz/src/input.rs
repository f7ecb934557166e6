//! How the targets of template languages read their bytes, and what must hold for every render.

use fairway_template::{Budget, TemplateError};
use serde_json::{Value as Json, json};

/// A template with its values: an octet of options, the template, and behind a NUL the values as JSON.
#[derive(Debug)]
pub struct Input<'d> {
    /// Eight switches, which each language uses as it likes.
    pub options: u8,
    /// The template.
    pub source: &'d str,
    /// The values; those of [`Input::values`] where the bytes have none.
    pub values: Json,
}

impl<'d> Input<'d> {
    /// Reads the bytes; `None` for bytes that are not UTF-8, which no language takes as a template.
    pub fn read(data: &'d [u8]) -> Option<Self> {
        let (&options, rest) = data.split_first()?;
        let text = std::str::from_utf8(rest).ok()?;
        let (source, values) = text.split_once('\0').unwrap_or((text, ""));
        let values = serde_json::from_str(values).unwrap_or_else(|_| Self::values());
        Some(Self { options, source, values })
    }

    /// Values of every type.
    pub fn values() -> Json {
        json!({
            "values": {"name": "shop", "count": 3, "ratio": -0.5, "on": true, "nothing": null, "text": "a-b c\n<é😀>",
                       "list": [1, "two", {"three": 3}, [4]], "map": {"k": "v", "1": 2}},
            "s": "text", "n": 7, "b": false, "l": ["x", "y", "x"], "m": {"a": 1, "b": {"c": "d"}}, "e": "",
        })
    }

    /// Whether the switch is on.
    pub const fn has(&self, option: u8) -> bool {
        self.options >> option & 1 == 1
    }

    /// Limits that keep every input fast.
    pub fn budget() -> Budget {
        Budget { steps: 200_000, output: 1 << 20, memory: 16 << 20, depth: 600, deadline: None }
    }

    /// The bytes that [`Input::read`] reads as this.
    pub fn write(options: u8, source: &str, values: &Json) -> Vec<u8> {
        let mut bytes = vec![options];
        bytes.extend_from_slice(source.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(values.to_string().as_bytes());
        bytes
    }
}

/// What every render promises: the same answer twice, bounded output, and an error that points into the source.
pub fn check(source: &str, limit: usize, render: impl Fn() -> Result<String, TemplateError>) {
    let first = render();
    assert_eq!(first, render(), "two renders of the same template differ");
    match first {
        Ok(text) => assert!(text.len() <= limit, "{} bytes of output, {limit} are allowed", text.len()),
        Err(error) => {
            let lines = source.split('\n').count();
            assert!((1..=lines).contains(&error.line), "line {} of {lines}: {error}", error.line);
            assert!(source.contains(&error.source_line), "the quoted line is not in the source: {error}");
            assert!(error.column >= 1 && error.column <= error.source_line.chars().count() + 1, "{error}");
            assert!(!error.message.is_empty());
        }
    }
}
