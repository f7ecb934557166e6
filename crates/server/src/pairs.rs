//! Names and values of queries and forms, where a name may come several times.

use axum::body::Bytes;
use axum::http::Uri;

/// Names and values in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    /// Of an address's query.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    /// Of a form's body.
    pub(crate) fn of_form(body: &Bytes) -> Self {
        Self::parse(body)
    }

    fn parse(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value of a name, if it is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Every value of a name that is not empty.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(known, value)| known == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// A number, or the default when it is none.
    pub(crate) fn number(&self, name: &str, default: usize) -> usize {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

/// A query with one name set to another value, the rest as it was.
pub(crate) fn with_parameter(uri: &Uri, name: &str, value: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (known, old) in Pairs::of_query(uri).0 {
        if known != name {
            query.append_pair(&known, &old);
        }
    }
    query.append_pair(name, value);
    format!("{}?{}", uri.path(), query.finish())
}

/// A path and query with one name left out.
pub(crate) fn without_parameter(uri: &Uri, name: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (known, value) in Pairs::of_query(uri).0 {
        if known != name {
            query.append_pair(&known, &value);
        }
    }
    let query = query.finish();
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) }
}
