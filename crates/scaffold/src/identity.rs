//! What tells one plan from another: the run's identifier, the template's digest, the answers as they may be
//! shown.

use fairway_domain::{Digest, EntityRef, canonical};
use serde_json::{Map, Value, json};

use crate::form::{self, Widget};
use crate::template::Template;
use crate::{schema, widget};

/// The run's identifier in the shape of a UUID, made from the template, the answers and whoever asks.
pub(crate) fn task_id(template: &Template, values: &Value, user: &EntityRef) -> String {
    let seed = json!({"template": template.entity.to_value(), "values": values, "user": user.to_string()});
    let hex = Digest::of(canonical::text(&seed).as_bytes()).hex();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    // Version 8 of RFC 9562: a UUID whose bits are the maker's own affair.
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The digest of the Template entity and of everything that it fetched, in order.
pub(crate) fn template_digest(template: &Template, fetched: &[Digest]) -> Digest {
    let mut text = canonical::text(&template.entity.to_value());
    for digest in fetched {
        text.push('\n');
        text.push_str(&digest.to_string());
    }
    Digest::of(text.as_bytes())
}

/// The answers as a plan may show them: passwords and secrets become stars.
pub(crate) fn masked(template: &Template, values: &Value) -> Value {
    let mut shown = values.clone();
    for page in &template.steps {
        mask(&schema::resolve(&page.schema, values), &mut shown, 0);
    }
    shown
}

fn mask(schema: &Map<String, Value>, values: &mut Value, depth: usize) {
    for (name, property) in schema::properties(schema) {
        let Some(value) = values.get_mut(name) else { continue };
        if form::nests(property, depth) {
            mask(property, value, depth + 1);
        } else if matches!(widget::choose(property, None), Widget::Password | Widget::Secret) {
            *value = Value::String("***".to_owned());
        }
    }
}
