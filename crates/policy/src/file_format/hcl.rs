//! HCL 2 as values: a block is a list below its labels, and what has to be evaluated is its source in `${…}`.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey, UnaryOperator};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::Element;
use serde_json::{Map, Number, Value};

use super::{LineIndex, Lines, Unreadable, pointer_step};

/// Reads a text.
pub(super) fn read(text: &str) -> Result<(Value, Lines), Unreadable> {
    let body = hcl_edit::parser::parse_body(text).map_err(|error| Unreadable {
        offset: error.location().offset(),
        message: error.message().to_owned(),
    })?;
    let mut reader = Reader { text, index: LineIndex::new(text), lines: Lines::new() };
    let value = reader.body(&body, "");
    Ok((value, reader.lines))
}

struct Reader<'t> {
    text: &'t str,
    index: LineIndex,
    lines: Lines,
}

impl Reader<'_> {
    fn note(&mut self, place: &str, spanned: &impl Span) {
        if let Some(span) = spanned.span() {
            let line = self.index.line(span.start);
            self.lines.entry(place.to_owned()).or_insert(line);
        }
    }

    fn body(&mut self, body: &Body, place: &str) -> Value {
        let mut map = Map::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let below = format!("{place}{}", pointer_step(&attribute.key));
                    self.note(&below, &attribute.key);
                    let value = self.expression(&attribute.value, &below);
                    map.insert(attribute.key.to_string(), value);
                }
                Structure::Block(block) => {
                    let labels = block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str);
                    let mut steps: Vec<&str> = vec![block.ident.as_str()];
                    steps.extend(labels);
                    let mut below = place.to_owned();
                    for step in &steps {
                        below.push_str(&pointer_step(step));
                        self.note(&below, &block.ident);
                    }
                    let length = at(&map, &steps).and_then(Value::as_array).map_or(0, Vec::len);
                    let below = format!("{below}/{length}");
                    self.note(&below, &block.ident);
                    let value = self.body(&block.body, &below);
                    insert(&mut map, &steps, value);
                }
            }
        }
        Value::Object(map)
    }

    fn source(&self, spanned: &impl Span) -> &str {
        spanned.span().and_then(|span| self.text.get(span)).unwrap_or_default().trim()
    }

    fn expression(&mut self, expression: &Expression, place: &str) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(truth) => Value::from(*truth.value()),
            Expression::Number(number) => numeric(number.value()),
            Expression::String(text) => Value::from(text.as_str()),
            Expression::Array(items) => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let below = format!("{place}/{index}");
                    self.note(&below, item);
                    values.push(self.expression(item, &below));
                }
                Value::Array(values)
            }
            Expression::Object(object) => {
                let mut map = Map::new();
                for (key, value) in object {
                    let name = match key {
                        ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
                            name.to_string()
                        }
                        ObjectKey::Expression(Expression::String(text)) => text.to_string(),
                        ObjectKey::Expression(other) => format!("${{{}}}", self.source(other)),
                    };
                    let below = format!("{place}{}", pointer_step(&name));
                    self.note(&below, value.expr());
                    let inner = self.expression(value.expr(), &below);
                    map.insert(name, inner);
                }
                Value::Object(map)
            }
            Expression::StringTemplate(template) => {
                Value::from(template.iter().map(|element| self.element(element)).collect::<String>())
            }
            Expression::HeredocTemplate(heredoc) => {
                let mut heredoc = heredoc.clone();
                heredoc.dedent();
                let parts = heredoc.template.iter().map(|element| self.element(element));
                Value::from(parts.collect::<String>())
            }
            Expression::UnaryOp(operation) if *operation.operator.value() == UnaryOperator::Neg => {
                match &operation.expr {
                    Expression::Number(number) => match numeric(number.value()) {
                        Value::Number(number) => negated(&number),
                        other => other,
                    },
                    _ => self.wrapped(expression),
                }
            }
            other => self.wrapped(other),
        }
    }

    fn wrapped(&self, expression: &Expression) -> Value {
        Value::from(format!("${{{}}}", self.source(expression)))
    }

    fn element(&self, element: &Element) -> String {
        match element {
            Element::Literal(text) => text.to_string(),
            Element::Interpolation(inner) => self.source(inner).to_owned(),
            Element::Directive(inner) => self.source(inner.as_ref()).to_owned(),
        }
    }
}

fn numeric(number: &hcl_edit::Number) -> Value {
    number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from)).unwrap_or_default()
}

fn negated(number: &Number) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Value::from(-whole),
        (None, float) => float.map_or(Value::Null, |float| Value::from(-float)),
    }
}

/// The value at a path of keys.
fn at<'m>(map: &'m Map<String, Value>, steps: &[&str]) -> Option<&'m Value> {
    let (first, rest) = steps.split_first()?;
    rest.iter().try_fold(map.get(*first)?, |value, step| value.get(*step))
}

/// Adds a block's body to the list below its labels. Where an attribute has the name already, it stays.
fn insert(map: &mut Map<String, Value>, steps: &[&str], value: Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    let place = map.entry(*first);
    if rest.is_empty() {
        if let Value::Array(items) = place.or_insert_with(|| Value::Array(Vec::new())) {
            items.push(value);
        }
    } else if let Value::Object(inner) = place.or_insert_with(|| Value::Object(Map::new())) {
        insert(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use crate::file_format::read_file;

    #[test]
    fn blocks_are_lists_below_their_labels() {
        let text = r#"
resource "aws_s3_bucket" "logs" {
  bucket = "acme-${var.stage}-logs"
  count  = var.on ? 1 : 0
  tags = {
    Owner = "team-a", "cost/centre" = 42
    (local.key) = -1.5
  }
  rule {
    days = [30, var.days]
  }
  rule {
    note = <<-EOT
      hello ${var.name}
      there
    EOT
  }
}
provider "aws" { region = "eu-central-1" }
"#;
        let (documents, problems) = read_file("main.tf", text);
        assert_eq!(problems, []);
        assert_eq!(
            documents[0].value,
            json!({
                "resource": {"aws_s3_bucket": {"logs": [{
                    "bucket": "acme-${var.stage}-logs",
                    "count": "${var.on ? 1 : 0}",
                    "tags": {"Owner": "team-a", "cost/centre": 42, "${(local.key)}": -1.5},
                    "rule": [{"days": [30, "${var.days}"]}, {"note": "hello ${var.name}\nthere\n"}],
                }]}},
                "provider": {"aws": [{"region": "eu-central-1"}]},
            })
        );
        let line = |path: &str| documents[0].line(path).unwrap();
        assert_eq!(line("resource.aws_s3_bucket.logs[0].tags.Owner"), 6);
        assert_eq!(line("resource.aws_s3_bucket.logs[0].rule[1].note"), 13);
        assert_eq!(line("resource.aws_s3_bucket.logs[0].versioning"), 2);
    }

    #[test]
    fn hostile_nesting_is_refused() {
        let text = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let (documents, problems) = read_file("a.hcl", &text);
        assert!(documents.is_empty() && problems[0].location.is_some());
        let chain = format!("a = 1{}", " + 1".repeat(100_000));
        assert!(!read_file("a.hcl", &chain).1.is_empty());
    }
}
