//! The target of Go templates and of the older tags of Argo CD.

use fairway_template::fasttemplate;
use fairway_template::gotemplate::{GoTemplate, MissingKey};

use crate::input::{Input, check};

/// Renders with and without Argo CD's functions, and as older tags.
pub fn gotemplate(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let missing_key = match input.options & 3 {
        0 => MissingKey::Default,
        1 => MissingKey::Zero,
        _ => MissingKey::Error,
    };
    let engine = if input.has(2) { GoTemplate::plain() } else { GoTemplate::argo_cd() }
        .with_missing_key(missing_key)
        .with_time(1_700_000_000, 5)
        .with_seed([input.options; 32])
        .with_budget(Input::budget());
    check(input.source, Input::budget().output, || engine.render(input.source, "fuzz", &input.values));
    let parameters = fasttemplate::flatten(&input.values);
    check(input.source, usize::MAX, || fasttemplate::render(input.source, "fuzz", &parameters));
}
