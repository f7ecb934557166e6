//! The target of Nunjucks.

use fairway_template::{Environment, referenced_variables};

use crate::input::{Input, check};

/// Renders as text and as a value, and looks for the template's variables.
pub fn nunjucks(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let environment =
        if input.has(0) { Environment::cookiecutter_compat() } else { Environment::backstage() }
            .with_trim_blocks(input.has(1))
            .with_lstrip_blocks(input.has(2))
            .with_strict_undefined(input.has(3))
            .with_budget(Input::budget());
    let limit = Input::budget().output.max(input.source.len());
    check(input.source, limit, || environment.render(input.source, "fuzz", &input.values));
    check(input.source, usize::MAX, || {
        let value = environment.render_value(input.source, "fuzz", &input.values)?;
        Ok(value.map_or_else(String::new, |value| value.to_string()))
    });
    check(input.source, usize::MAX, || {
        referenced_variables(input.source, "fuzz", &environment).map(|found| found.join("\n"))
    });
}
