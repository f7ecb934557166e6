//! The target of the conditions that programs ask the catalog for.

use fairway_catalog::{Predicate, Selection, filters, predicate};

use crate::company::company;

/// Every line is a `filter` parameter of Backstage's interface; what is JSON is also a `query`. Whatever is read is
/// answered: with as many entities as are counted, and none of them by its opposite.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Ok(found) = filters(&lines) {
        answer(&found);
    }
    if let Some(found) = serde_json::from_str(text).ok().and_then(|value| predicate(&value).ok()) {
        answer(&found);
    }
}

/// Asks for a condition and its opposite.
pub fn answer(condition: &Predicate) {
    let catalog = company();
    let ask = |predicate: Predicate| {
        let selection = Selection { predicate, limit: 100, count_total: true, ..Selection::default() };
        let page = catalog.select(&selection).expect("a question without a cursor is answered");
        assert_eq!(page.items.len(), page.total);
        page.total
    };
    let opposite = Predicate::Not(Box::new(condition.clone()));
    assert_eq!(ask(condition.clone()) + ask(opposite), catalog.len(), "{condition:?}");
}
