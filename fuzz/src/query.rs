//! The target of the queries that people write.

use fairway_catalog::human::{HumanContext, HumanQuery, complete, parse};
use fairway_domain::EntityRef;

use crate::company::company;
use crate::filter::answer;

/// A query with the place of the cursor before it. What is read is written and read as the same, and answered; what is
/// not is told with a place in it; and every place can be completed.
pub fn query(data: &[u8]) {
    let Some((&cursor, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let me = EntityRef::new("user", "default", "ada");
    let context = HumanContext { caller: Some(&me), catalog: Some(company()), failing_sources: &[] };
    if let Ok(found) = HumanQuery::read(text) {
        let written = found.to_string();
        // What is longer than a query may be is not read again.
        if written.chars().count() < 4_000 {
            assert_eq!(HumanQuery::read(&written).as_ref(), Ok(&found), "{written:?}");
        }
    }
    match parse(text, &context) {
        Ok(found) => answer(&found),
        Err(error) => {
            assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}");
            assert!(!error.message.is_empty() && !error.hint.is_empty());
        }
    }
    let length = text.chars().count();
    for completion in complete(text, usize::from(cursor), &context) {
        assert!(completion.from <= completion.to && completion.to <= length, "{completion:?}");
    }
}
