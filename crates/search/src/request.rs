//! What is asked, and what is answered.

/// The attributes whose values are counted in every answer.
pub const FACETS: [&str; 4] = ["kind", "type", "owner", "lifecycle"];

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// What a person typed; every text is a valid question. Empty for everything, sorted by identifier.
    pub text: String,
    /// Attributes with the values that they may have, upper and lower case being equal.
    pub filters: Vec<(String, Vec<String>)>,
    /// What these own comes first among equals.
    pub owners: Vec<String>,
    /// How often documents were looked at or starred, by identifier: what is used comes first among equals.
    pub usage: Vec<(String, u32)>,
    /// How many are left out at the beginning.
    pub offset: usize,
    /// At most this many.
    pub limit: usize,
}

/// A document that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// Its identifier.
    pub id: String,
    /// How well it fits; higher is better, and only comparable within one answer.
    pub score: u32,
    /// What it says, if it is a part: nobody else may know it.
    pub part: Option<PartText>,
}

/// What a part of a document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartText {
    /// Its title.
    pub title: String,
    /// The beginning of its description.
    pub description: String,
}

/// The values of an attribute among all that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Its name, one of [`FACETS`].
    pub name: &'static str,
    /// Its values with how many documents have each, the most frequent first. A filter on the attribute itself is
    /// not applied, so that the other choices stay in sight.
    pub values: Vec<(String, usize)>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchAnswer {
    /// The page that was asked for, best first.
    pub hits: Vec<SearchHit>,
    /// How many there are in all.
    pub total: usize,
    /// Counts of attributes, in the order of [`FACETS`].
    pub facets: Vec<Facet>,
    /// When nothing was found: the few that come nearest.
    pub near: Vec<SearchHit>,
}
