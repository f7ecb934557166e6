//! Small things that a browser keeps for the portal: what was looked at, which columns are shown. No secrets.

use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::response::Response;

/// A year.
const KEPT_SECONDS: u32 = 31_536_000;
/// Longer values are not kept: every request carries them.
const LONGEST: usize = 2_000;

/// The value of a cookie as it was sent.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Has the browser keep a value, which consists of what cookies may hold.
pub(crate) fn keep(response: &mut Response, name: &str, value: &str) {
    if value.len() > LONGEST {
        return;
    }
    let text = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={KEPT_SECONDS}");
    if let Ok(header) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, header);
    }
}

/// A text in letters that a cookie may hold.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A text that was encoded here or by a script.
pub(crate) fn decoded(text: &str) -> String {
    let pairs = format!("x={text}");
    url::form_urlencoded::parse(pairs.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
