//! The platform's own address may change: another port, a name at last. What was written down under an earlier
//! one (the locations of entities, what a run registers) still means this platform.

use fairway_domain::Caller;
use fairway_domain::fact::{NewFact, kind};
use fairway_ledger::Ledger;
use serde_json::{Value, json};

use crate::{App, AppConfig, AppError};

/// The subject of the fact with the addresses.
const ADDRESSES: &str = "addresses";
/// How many earlier addresses are remembered.
const REMEMBERED: usize = 20;

/// Whether the platform moved since the last start. Fills in the earlier addresses, and writes a new one down.
pub(crate) async fn note(ledger: &Ledger, config: &mut AppConfig) -> Result<bool, AppError> {
    let known = ledger.state(kind::SETUP, ADDRESSES).await?;
    let texts = |body: &Value| -> Vec<String> {
        let items = body.get("addresses").and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut addresses = known.map(|state| texts(&state.body)).unwrap_or_default();
    let moved = addresses.first().is_some_and(|latest| *latest != config.base_url);
    if addresses.first() != Some(&config.base_url) {
        addresses.retain(|address| *address != config.base_url);
        addresses.insert(0, config.base_url.clone());
        addresses.truncate(REMEMBERED);
        let body = json!({"addresses": addresses});
        ledger.append(vec![NewFact::by(&Caller::system(), kind::SETUP, ADDRESSES, Some(body))]).await?;
    }
    config.former_base_urls = addresses.into_iter().skip(1).collect();
    Ok(moved)
}

impl App {
    /// Reads the sources on the embedded forge again, so that their entities say where they are now.
    pub(crate) async fn move_in(&self) -> Result<(), AppError> {
        let view = self.view();
        for source in view.sources.values().filter(|source| source.target.repository().is_some()) {
            self.sync(&Caller::system(), &source.id).await?;
        }
        Ok(())
    }
}
