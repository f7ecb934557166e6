//! Why a question cannot be answered.

/// Why a question cannot be answered. The texts are what Backstage's API says, where it says anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A condition of a `filter` has no key.
    #[error(
        "Invalid filter, '{statement}' is not a valid statement (expected a string on the form a=b or a= or a)"
    )]
    Filter {
        /// The condition.
        statement: String,
    },
    /// A predicate is not of the grammar.
    #[error("Invalid query predicate at {place}: {message}")]
    Predicate {
        /// Where, as a path from `query`.
        place: String,
        /// Why.
        message: String,
    },
    /// A cursor was not made here.
    #[error("Malformed cursor: {0}")]
    Cursor(String),
    /// There is more of something than a question may have.
    #[error("The question has more than {limit} {what}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
}
