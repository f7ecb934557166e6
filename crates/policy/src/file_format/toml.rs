//! TOML as values. Dates are texts, as in JSON.

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{LineIndex, Lines, Unreadable, pointer_step};

/// Reads a text.
pub(super) fn read(text: &str) -> Result<(Value, Lines), Unreadable> {
    let table = DeTable::parse(text).map_err(|error| Unreadable {
        offset: error.span().map_or(0, |span| span.start),
        message: error.message().to_owned(),
    })?;
    let mut reader = Reader { index: LineIndex::new(text), lines: Lines::new() };
    let value = reader.table(table.get_ref(), "");
    Ok((value, reader.lines))
}

struct Reader {
    index: LineIndex,
    lines: Lines,
}

impl Reader {
    fn table(&mut self, table: &DeTable<'_>, place: &str) -> Value {
        let mut map = Map::new();
        // The order in which they are written.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let below = format!("{place}{}", pointer_step(name));
            self.lines.insert(below.clone(), self.index.line(key.span().start));
            map.insert(name.to_owned(), self.value(value, &below));
        }
        Value::Object(map)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, place: &str) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or_else(|_| Value::from(integer.as_str()), Value::from),
            DeValue::Float(float) => float
                .as_str()
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map_or_else(|| Value::from(float.as_str()), Value::Number),
            DeValue::Boolean(truth) => Value::from(*truth),
            DeValue::Datetime(moment) => Value::from(moment.to_string()),
            DeValue::Array(items) => {
                let item = |(index, item): (usize, &Spanned<DeValue<'_>>)| {
                    let below = format!("{place}/{index}");
                    self.lines.insert(below.clone(), self.index.line(item.span().start));
                    self.value(item, &below)
                };
                items.iter().enumerate().map(item).collect()
            }
            DeValue::Table(table) => self.table(table, place),
        }
    }
}
