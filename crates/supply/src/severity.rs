//! How bad a vulnerability is, from the words and figures that tools use.

use fairway_domain::finding::Severity;

/// The word of a scanner. `None` for "unknown" and what is no severity.
pub(crate) fn of_word(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" | "error" => Some(Severity::High),
        "medium" | "moderate" | "warning" => Some(Severity::Medium),
        "low" | "note" | "minor" | "info" | "negligible" | "informational" => Some(Severity::Low),
        _ => None,
    }
}

/// A score of CVSS, by its qualitative scale (CVSS v3.1, section 5).
pub(crate) fn of_score(score: f64) -> Option<Severity> {
    match score {
        score if (9.0..=10.0).contains(&score) => Some(Severity::Critical),
        score if (7.0..9.0).contains(&score) => Some(Severity::High),
        score if (4.0..7.0).contains(&score) => Some(Severity::Medium),
        score if score > 0.0 && score < 4.0 => Some(Severity::Low),
        _ => None,
    }
}
