//! What expressions are evaluated over.

use serde_json::Value as Json;

use super::syntax::Literal;

/// The names that are given from outside; those of Kubernetes come first, Kyverno's after them.
pub(crate) const ROOTS: [&str; 8] =
    ["object", "oldObject", "request", "params", "namespaceObject", "authorizer", "images", "exceptions"];
/// How many of them Kubernetes knows.
pub(crate) const KUBERNETES_ROOTS: usize = 6;

#[derive(Clone, Debug, Default)]
pub(crate) enum Binding<'d> {
    /// `null`.
    #[default]
    Absent,
    Json(&'d Json),
    /// Whoever reads it cannot be evaluated, for this reason.
    Unknown(String),
}

/// What a cluster, a registry or a clock would answer, given as data. What is not given makes an expression that
/// asks for it impossible to evaluate; nothing is asked of the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Supplied<'d> {
    /// Objects for `resource.Get` and `resource.List`.
    pub resources: Option<&'d [Json]>,
    /// Images by reference for `image.GetMetadata`; each value is the metadata.
    pub images: Option<&'d serde_json::Map<String, Json>>,
    /// Entries by name for `globalContext.Get`.
    pub global_context: Option<&'d serde_json::Map<String, Json>>,
    /// Seconds since 1970 for `time.now()`.
    pub now: Option<i64>,
}

/// The values of the names that expressions use. Names that are not set are `null`, except for `authorizer`, which
/// only a cluster can answer.
#[derive(Clone, Debug)]
pub struct Bindings<'d> {
    pub(crate) roots: [Binding<'d>; ROOTS.len()],
    pub(crate) supplied: Supplied<'d>,
}

impl Default for Bindings<'_> {
    fn default() -> Self {
        let mut bindings = Self { roots: Default::default(), supplied: Supplied::default() };
        bindings.set_unknown("authorizer", "what a user may do is known to the cluster only");
        bindings
    }
}

impl<'d> Bindings<'d> {
    /// Sets a name: `object`, `oldObject`, `request`, `params`, `namespaceObject`, `images` or `exceptions`. Other
    /// names are passed over.
    pub fn set(&mut self, name: &str, value: &'d Json) {
        self.put(name, Binding::Json(value));
    }

    /// Says that a name has a value that is not known here, and why.
    pub fn set_unknown(&mut self, name: &str, reason: impl Into<String>) {
        self.put(name, Binding::Unknown(reason.into()));
    }

    /// Gives what a cluster, a registry or a clock would answer.
    pub fn supply(&mut self, supplied: Supplied<'d>) {
        self.supplied = supplied;
    }

    fn put(&mut self, name: &str, binding: Binding<'d>) {
        let position = ROOTS.iter().position(|root| *root == name);
        if let Some(place) = position.and_then(|position| self.roots.get_mut(position)) {
            *place = binding;
        }
    }
}

impl Literal {
    /// The value, borrowed from the expression.
    pub(crate) fn value(&self) -> super::value::Value<'_> {
        use super::value::{Text, Value};
        match self {
            Literal::Null => Value::Null,
            Literal::Bool(bool) => Value::Bool(*bool),
            Literal::Int(number) => Value::Int(*number),
            Literal::Uint(number) => Value::Uint(*number),
            Literal::Double(number) => Value::Double(*number),
            Literal::String(text) => Value::String(Text::Borrowed(text)),
            Literal::Bytes(bytes) => Value::Bytes(std::sync::Arc::clone(bytes)),
            Literal::Type(name) => Value::Type(name),
        }
    }
}
