//! Whether an address on the web still leads somewhere.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use url::Url;

use crate::api::install_tls;
use crate::source::url::without_credentials;
use crate::{Reach, RemoteError};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);

/// Asks a web server whether it knows an address, and reads nothing. Redirects are not followed: whoever redirects
/// still knows the address.
///
/// Gives 404 or 410 when the server says that there is nothing, to `HEAD` and to `GET`; `None` when there may be
/// something, also behind a sign-in or a server that is in trouble.
///
/// # Errors
/// When the address is none, may not be reached, or nobody answers: nothing is known then.
pub async fn missing(url: &str, reach: &Reach) -> Result<Option<u16>, RemoteError> {
    let bad = |reason: String| RemoteError::BadUrl { url: without_credentials(url), reason };
    let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.username().is_empty() {
        return Err(bad("only plain web addresses are looked at".to_owned()));
    }
    reach.check(url).await?;
    install_tls();
    let client = Client::builder()
        .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(Policy::none())
        .dns_resolver(reach.resolver(url))
        .build()
        .map_err(|error| bad(error.to_string()))?;
    // Some servers know no HEAD and say that nothing is there.
    for method in [Method::HEAD, Method::GET] {
        let answer = client.request(method, parsed.clone()).send().await;
        let status = answer.map_err(|error| bad(error.without_url().to_string()))?.status().as_u16();
        match status {
            404 | 410 => {}
            _ => return Ok(None),
        }
        if status == 410 {
            return Ok(Some(status));
        }
    }
    Ok(Some(404))
}
