//! Pages of the past: `?at=` on the catalog's pages.

use axum::http::Uri;
use fairway_app::moment::AsOf;
use fairway_domain::Caller;
use fairway_portal::Chrome;

use crate::failure::{OrPage, PageFailure};
use crate::pairs::{Pairs, without_parameter};
use crate::state::ServerState;

/// What was known at the moment that the address asks for.
pub(crate) async fn as_of(state: &ServerState, caller: &Caller, uri: &Uri) -> Result<AsOf, PageFailure> {
    let pairs = Pairs::of_query(uri);
    state.app.as_of(caller, pairs.get("at")).await.or_page(state, uri, caller)
}

/// The shell of a page of the past: says when, leads back to now, stays there, and does not follow what changes.
pub(crate) fn dated(mut chrome: Chrome, as_of: &AsOf, uri: &Uri) -> Chrome {
    if let Some(moment) = &as_of.moment {
        chrome
            .notices
            .insert(0, fairway_portal::history::past_notice(moment.at, without_parameter(uri, "at")));
        chrome.at = Some(moment.asked.clone());
        chrome.follow = None;
    }
    chrome
}
