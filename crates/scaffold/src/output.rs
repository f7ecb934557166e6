//! What a run ends with: links and texts.

use fairway_domain::EntityRef;
use fairway_domain::plan::{OutputLink, OutputText};
use serde_json::{Map, Value};

use crate::error::PlanError;
use crate::expression::is_falsy;
use crate::plan::Run;

impl Run<'_> {
    /// The rendered entries of a list in the output, without those whose `if` is falsy.
    fn output_entries(&mut self, output: &Value, key: &str) -> Result<Vec<Map<String, Value>>, PlanError> {
        let mut entries = Vec::new();
        let context = self.context.clone();
        for (index, entry) in
            output.get(key).and_then(Value::as_array).into_iter().flatten().enumerate().take(100)
        {
            let pointer = format!("/spec/output/{key}/{index}");
            if let Some(condition) = entry.get("if") {
                let value = self.render(condition, &format!("{pointer}/if"), &context, None)?;
                if is_falsy(value.as_ref()) {
                    continue;
                }
            }
            if let Some(Value::Object(fields)) = self.render(entry, &pointer, &context, None)? {
                entries.push(fields);
            }
        }
        Ok(entries)
    }

    pub(crate) fn links(&mut self, output: &Value) -> Result<Vec<OutputLink>, PlanError> {
        let mut links = Vec::new();
        for entry in self.output_entries(output, "links")? {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let url = text("url").filter(|url| is_safe_link(url));
            if text("url").is_some() && url.is_none() {
                self.warn("a link of the template's output is no web address and was left out".to_owned());
            }
            let entity_ref = text("entityRef").and_then(|text| text.parse::<EntityRef>().ok());
            if url.is_none() && entity_ref.is_none() {
                continue;
            }
            let fallback = || url.map(str::to_owned).or_else(|| entity_ref.as_ref().map(ToString::to_string));
            links.push(OutputLink {
                title: text("title").map(str::to_owned).or_else(fallback).unwrap_or_default(),
                url: url.map(str::to_owned),
                icon: text("icon").map(str::to_owned),
                entity_ref,
            });
        }
        Ok(links)
    }

    pub(crate) fn texts(&mut self, output: &Value) -> Result<Vec<OutputText>, PlanError> {
        let mut texts = Vec::new();
        for entry in self.output_entries(output, "text")? {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (title, content) = (text("title"), text("content"));
            if !content.is_empty() {
                texts.push(OutputText { title, content });
            }
        }
        Ok(texts)
    }
}

/// Web addresses and paths of this installation; never `javascript:` and its like.
fn is_safe_link(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
        || (url.starts_with('/') && !url.starts_with("//"))
}
