//! Time as a value that is handed in.

/// A moment in UTC with nanosecond precision; written as RFC 3339.
pub type Timestamp = jiff::Timestamp;

/// Tells the time. The middle rooms never hold one: they are given a [`Timestamp`].
pub trait Clock: Send + Sync + 'static {
    /// The current moment.
    fn now(&self) -> Timestamp;
}
