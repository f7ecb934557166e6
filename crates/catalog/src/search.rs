//! Finding an entity by a few letters of its name: what the palette asks.

use fairway_domain::EntityRef;

use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

/// Shortest word in which one typing error is forgiven.
const FORGIVEN: usize = 4;

/// An entity that a text leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// The entity.
    pub reference: EntityRef,
    /// Its kind in its own case.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// How well it fits; higher is better.
    pub score: u32,
}

impl Snapshot {
    /// The entities that fit best: the whole name before its beginning, before the beginning of one of its words,
    /// before letters inside, before one typing error, before words that only the description or tags hold. Each
    /// word of `text` has to fit; a word like `component:` or `api:` names a kind.
    pub fn search(&self, text: &str, limit: usize) -> Vec<SearchHit> {
        let text = text.to_lowercase();
        let (kind, text) = match text.split_once(':') {
            Some((kind, rest)) if kind.chars().all(char::is_alphanumeric) => (Some(kind.trim()), rest),
            _ => (None, text.as_str()),
        };
        let words: Vec<&str> = text.split_whitespace().take(8).collect();
        if words.is_empty() && kind.is_none() {
            return Vec::new();
        }
        let mut hits: Vec<(u32, &CatalogEntity)> = Vec::new();
        for (segment, present) in self.parts() {
            for document in present.iter() {
                let Some(found) = segment.entity(document) else { continue };
                if kind.is_some_and(|kind| found.reference().kind() != kind) {
                    continue;
                }
                if let Some(score) = score(found, segment.text(document), &words) {
                    hits.push((score, found));
                }
            }
        }
        hits.sort_by(|(one_score, one), (other_score, other)| {
            (other_score, one.name().len(), one.reference()).cmp(&(
                one_score,
                other.name().len(),
                other.reference(),
            ))
        });
        let hit = |(score, found): (u32, &CatalogEntity)| SearchHit {
            reference: found.reference().clone(),
            kind: found.kind().to_owned(),
            title: found.title().to_owned(),
            description: found.description().map(str::to_owned),
            score,
        };
        hits.into_iter().take(limit).map(hit).collect()
    }
}

/// The worst word counts most, so that one good word does not carry a bad one; things that people look for often
/// come first among equals.
fn score(found: &CatalogEntity, text: &str, words: &[&str]) -> Option<u32> {
    let mut lines = text.split('\n');
    let (name, title) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut total = 0;
    for word in words {
        let name = fit(name, word).max(fit(title, word));
        let anywhere = || if text.contains(word) { 10 } else { 0 };
        let best = name.unwrap_or_else(anywhere);
        if best == 0 {
            return None;
        }
        total += best;
    }
    let weight = match found.reference().kind() {
        "component" => 5,
        "system" | "api" | "template" => 4,
        "group" | "environment" => 3,
        "domain" | "resource" => 2,
        "user" => 1,
        _ => 0,
    };
    let words = u32::try_from(words.len().max(1)).unwrap_or(1);
    Some(total / words * 10 + weight)
}

fn fit(text: &str, word: &str) -> Option<u32> {
    if text == word {
        return Some(100);
    }
    if text.starts_with(word) {
        return Some(80);
    }
    let parts = || text.split(|character: char| !character.is_alphanumeric()).filter(|part| !part.is_empty());
    if parts().any(|part| part == word) {
        return Some(70);
    }
    if parts().any(|part| part.starts_with(word)) {
        return Some(60);
    }
    if text.contains(word) {
        return Some(40);
    }
    let misspelt =
        word.chars().count() >= FORGIVEN && parts().chain([text]).any(|part| begins_almost(part, word));
    misspelt.then_some(20)
}

/// Whether `text` begins with `word` after one letter is added, dropped, changed, or swapped with the next. The
/// first letter is taken to be right.
fn begins_almost(text: &str, word: &str) -> bool {
    let mut left = text.chars();
    let mut right = word.chars();
    if left.next() != right.next() {
        return false;
    }
    loop {
        let (before_left, before_right) = (left.clone(), right.clone());
        match (left.next(), right.next()) {
            (_, None) => return true,
            (one, two) if one == two => {}
            (one, two) => {
                let begins = |text: std::str::Chars<'_>, word: std::str::Chars<'_>| {
                    text.as_str().starts_with(word.as_str())
                };
                let swapped = {
                    let (mut left, mut right) = (left.clone(), right.clone());
                    left.next() == two && right.next() == one && one.is_some() && begins(left, right)
                };
                return begins(left.clone(), right.clone())
                    || begins(left, before_right)
                    || begins(before_left, right)
                    || swapped;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::begins_almost;

    #[test]
    fn one_typing_error_is_forgiven() {
        for word in ["orders", "ordrs", "ordders", "orxers", "odrers", "orde", "ordesr"] {
            assert!(begins_almost("orders-api", word), "{word}");
        }
        for word in ["xrders", "oxxers", "ordxxs", "orderz-b"] {
            assert!(!begins_almost("orders-api", word), "{word}");
        }
    }
}
