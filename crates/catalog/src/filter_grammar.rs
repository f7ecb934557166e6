//! Backstage's `filter` parameters: `kind=component,spec.type=service`.

use crate::error::QueryError;
use crate::predicate::{Field, Predicate};

/// Conditions that one question may have.
const CONDITIONS: usize = 2_000;

/// Reads the values of all `filter` parameters. Within one of them conditions are separated by commas and all have
/// to hold, except that a repeated key asks for any of its values; of several parameters one has to hold. Without
/// any condition everything fits.
///
/// # Errors
///
/// [`QueryError::Filter`] for a condition without a key.
pub fn filters(parameters: &[String]) -> Result<Predicate, QueryError> {
    let mut any = Vec::new();
    let mut conditions = 0;
    for parameter in parameters {
        let mut all: Vec<(&str, Option<Vec<String>>)> = Vec::new();
        for statement in parameter.split(',').map(str::trim).filter(|statement| !statement.is_empty()) {
            conditions += 1;
            if conditions > CONDITIONS {
                return Err(QueryError::TooLarge { what: "conditions", limit: CONDITIONS });
            }
            let (key, value) = match statement.split_once('=') {
                Some((key, value)) => (key.trim(), Some(value.trim().to_owned())),
                None => (statement, None),
            };
            if key.is_empty() {
                return Err(QueryError::Filter { statement: statement.chars().take(200).collect() });
            }
            match (all.iter_mut().find(|(known, _)| *known == key), value) {
                (Some((_, values)), Some(value)) => values.get_or_insert_default().push(value),
                (Some(_), None) => {}
                (None, value) => all.push((key, value.map(|value| vec![value]))),
            }
        }
        if !all.is_empty() {
            let all = all.into_iter().map(|(key, values)| match values {
                Some(values) => Predicate::In(Field::new(key), values),
                None => Predicate::Exists(Field::new(key)),
            });
            any.push(Predicate::All(all.collect()));
        }
    }
    match (any.pop(), any.is_empty()) {
        (None, _) => Ok(Predicate::All(Vec::new())),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            any.push(last);
            Ok(Predicate::Any(any))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::filters;
    use crate::predicate::{Field, Predicate};

    fn read(parameters: &[&str]) -> Result<Predicate, String> {
        let parameters: Vec<String> = parameters.iter().map(|it| (*it).to_owned()).collect();
        filters(&parameters).map_err(|error| error.to_string())
    }

    #[test]
    fn commas_narrow_and_repetition_widens() {
        let values = |field: &str, values: &[&str]| {
            Predicate::In(Field::new(field), values.iter().map(|it| (*it).to_owned()).collect())
        };
        let one = Predicate::All(vec![values("kind", &["a", "B"]), Predicate::Exists(Field::new("x.y"))]);
        assert_eq!(read(&[" kind = a , X.y, kind=B ,"]).unwrap(), one);
        let two = Predicate::All(vec![values("spec.type", &["a=b"]), values("z", &[""])]);
        assert_eq!(read(&["kind=a,kind=B,x.y", "spec.type=a=b,z="]).unwrap(), Predicate::Any(vec![one, two]));
        assert_eq!(read(&["", " , "]).unwrap(), Predicate::All(Vec::new()));
        assert_eq!(
            read(&["a,=x"]).unwrap_err(),
            "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)"
        );
    }
}
