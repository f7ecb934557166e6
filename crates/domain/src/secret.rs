//! A value that must not be seen.

use std::fmt;

/// Wraps a secret so that it can be neither printed nor serialised by accident.
///
/// There is no `Serialize`, no `Display`, and `Debug` says only that something is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Takes a value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The one way to the value; search for its callers to see where secrets are used.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}
