//! What a kind of secret looks like.

use std::sync::OnceLock;

use fairway_domain::finding::Severity;
use regex::bytes::Regex;

/// One kind of secret.
///
/// The scanner looks for `starts`, walks back over at most `lead.most` bytes of `lead.alphabet`, and asks `pattern`
/// from there on. So a pattern is only tried where it can fit, and never looks further than `window` bytes.
pub struct Rule {
    /// A stable word, for example `github-token`.
    pub id: &'static str,
    /// For people, with an article.
    pub title: &'static str,
    /// How bad it is when it lies open.
    pub severity: Severity,
    /// Texts of which one is in each secret of the kind.
    pub(crate) starts: &'static [&'static str],
    /// Whether `starts` are found in any case.
    pub(crate) any_case: bool,
    /// What of the secret stands before `starts`.
    pub(crate) lead: Lead,
    /// From the start of the secret on; the first group is the secret when there is one.
    pub(crate) pattern: &'static str,
    /// How many bits each character has to carry at least; what is below is an example.
    pub(crate) entropy: f64,
    /// How far the pattern may look.
    pub(crate) window: usize,
    /// Whether a letter or digit directly before the secret means that it is none.
    pub(crate) bounded: bool,
    pub(crate) compiled: OnceLock<Option<Regex>>,
}

/// What of a secret stands before the text that gives it away.
#[derive(Clone, Copy)]
pub(crate) struct Lead {
    pub(crate) fits: fn(u8) -> bool,
    pub(crate) least: usize,
    pub(crate) most: usize,
}

pub(crate) const NO_LEAD: Lead = Lead { fits: |_| false, least: 0, most: 0 };

impl Rule {
    /// A rule for a token that begins with one of `starts`.
    pub(crate) const fn token(
        id: &'static str,
        title: &'static str,
        severity: Severity,
        starts: &'static [&'static str],
        pattern: &'static str,
    ) -> Self {
        Self {
            id,
            title,
            severity,
            starts,
            any_case: false,
            lead: NO_LEAD,
            pattern,
            entropy: 2.5,
            window: 512,
            bounded: true,
            compiled: OnceLock::new(),
        }
    }

    pub(crate) const fn with_lead(mut self, fits: fn(u8) -> bool, least: usize, most: usize) -> Self {
        self.lead = Lead { fits, least, most };
        self
    }

    pub(crate) const fn in_any_case(mut self) -> Self {
        self.any_case = true;
        self.bounded = false;
        self
    }

    pub(crate) const fn anywhere(mut self) -> Self {
        self.bounded = false;
        self
    }

    pub(crate) const fn with_window(mut self, bytes: usize) -> Self {
        self.window = bytes;
        self
    }

    pub(crate) const fn with_entropy(mut self, bits: f64) -> Self {
        self.entropy = bits;
        self
    }

    /// The pattern, compiled when it is first needed: most texts need none.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&format!(r"\A(?-u:{})", self.pattern)).ok()).as_ref()
    }
}
