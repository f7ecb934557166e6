//! The named characters of HTML 4 (section 24 of its specification), and those by number.

use crate::jinja::entities_names::NAMES;

/// The character of an entity without `&` and `;`.
pub fn decode(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    named(entity)
}

/// The character of a name such as `eacute`.
pub fn named(name: &str) -> Option<char> {
    let index = NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    NAMES.get(index).and_then(|(_, code)| char::from_u32(*code))
}
