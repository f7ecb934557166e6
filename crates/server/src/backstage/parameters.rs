//! The parameters of a query as Backstage reads them; what is wrong is said in the words of its validator.

use axum::http::Uri;

use crate::backstage::failure::Failure;

/// Names and values in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Every value of a name.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Values that are separated by commas or come one by one.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, _)| known == name).flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// A whole number that is at least `minimum`.
    pub(super) fn integer(&self, name: &str, minimum: i64) -> Result<Option<usize>, Failure> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let Some((_, text)) = values.next() else { return Ok(None) };
        let wrong = |what: &str| Failure::input(format!("request/query/{name} must be {what}"));
        let number: i64 = text.parse().map_err(|_| wrong("integer"))?;
        if values.next().is_some() {
            return Err(wrong("integer"));
        }
        if number < minimum {
            return Err(wrong(&format!(">= {minimum}")));
        }
        Ok(Some(usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// One of several words.
    pub(super) fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Failure> {
        match self.first(name) {
            Some(word) if !words.contains(&word) => Err(Failure::input(format!(
                "request/query/{name} must be equal to one of the allowed values: {}",
                words.join(", ")
            ))),
            found => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Parameters;

    #[test]
    fn lists_come_with_commas_or_one_by_one() {
        let parameters =
            Parameters::of(&"/x?fields=kind,%20metadata.name&fields=spec&fields=,".parse().unwrap());
        assert_eq!(parameters.list("fields"), ["kind", "metadata.name", "spec"]);
    }
}
