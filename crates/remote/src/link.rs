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

/// Asks the web server of one host which addresses it knows.
pub struct LinkProbe {
    client: Client,
    reach: Reach,
}

impl LinkProbe {
    /// A probe for the host of this address.
    ///
    /// # Errors
    /// When no client can be made, for example as the system has no certificates.
    pub fn new(url: &str, reach: &Reach) -> Result<Self, RemoteError> {
        install_tls();
        let client = Client::builder()
            .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(Policy::none())
            .dns_resolver(reach.resolver(url))
            .build()
            .map_err(|error| bad(url, error.to_string()))?;
        Ok(Self { client, reach: reach.clone() })
    }

    /// Asks whether an address is known, and reads nothing. Redirects are not followed: whoever redirects still knows
    /// the address.
    ///
    /// Gives 404 or 410 when the server says that there is nothing, to `HEAD` and to `GET`; `None` when there may be
    /// something, also behind a sign-in or a server that is in trouble.
    ///
    /// # Errors
    /// When the address is none, may not be reached, or nobody answers: nothing is known then.
    pub async fn missing(&self, url: &str) -> Result<Option<u16>, RemoteError> {
        let parsed = Url::parse(url).map_err(|error| bad(url, error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.username().is_empty() {
            return Err(bad(url, "only plain web addresses are looked at".to_owned()));
        }
        self.reach.check(url).await?;
        // Some servers know no HEAD and say that nothing is there.
        for method in [Method::HEAD, Method::GET] {
            let answer = self.client.request(method, parsed.clone()).send().await;
            let answer = answer.map_err(|error| bad(url, error.without_url().to_string()))?;
            match answer.status().as_u16() {
                404 => {}
                410 => return Ok(Some(410)),
                _ => return Ok(None),
            }
        }
        Ok(Some(404))
    }
}

fn bad(url: &str, reason: String) -> RemoteError {
    RemoteError::BadUrl { url: without_credentials(url), reason }
}
