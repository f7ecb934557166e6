//! How long an API server waits: it says so with each request (`?timeout=10s`).

use std::time::Duration;

use serde::Deserialize;

/// What is believed where nothing is said; API servers wait for ten seconds then.
const USUAL: Duration = Duration::from_secs(10);
/// The longest that they may be told to wait.
const LONGEST: Duration = Duration::from_secs(30);
/// What the way back takes.
const WAY_BACK: Duration = Duration::from_millis(500);

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Timeout {
    timeout: Option<String>,
}

impl Timeout {
    /// How long the policies may take, so that the answer is still heard.
    pub(crate) fn patience(&self) -> Duration {
        let said = self.timeout.as_deref().and_then(read).unwrap_or(USUAL).min(LONGEST);
        said.saturating_sub(WAY_BACK).max(said / 2)
    }
}

/// A duration as Go writes it, as far as it is in whole seconds or milliseconds.
fn read(text: &str) -> Option<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Timeout;

    #[test]
    fn the_answer_is_heard() {
        let patience =
            |text: Option<&str>| Timeout { timeout: text.map(str::to_owned) }.patience().as_millis();
        assert_eq!(patience(Some("5s")), 4_500);
        assert_eq!(patience(Some("800ms")), 400);
        assert_eq!(patience(Some("1h")), 9_500);
        assert_eq!(patience(Some("99999s")), 29_500);
        assert_eq!(patience(None), 9_500);
        assert_eq!(Timeout { timeout: Some("0s".to_owned()) }.patience(), Duration::ZERO);
    }
}
