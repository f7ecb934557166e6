//! The connection to a running server.

use fairway_domain::Secret;
use fairway_remote::{ApiClient, RemoteError};
use url::form_urlencoded::Serializer;

/// Where the server is, who asks, and why.
#[derive(Clone, Debug, clap::Args)]
pub struct ConnectionArguments {
    /// The address of the server
    #[arg(
        long,
        env = "FAIRWAY_URL",
        default_value = "http://127.0.0.1:7007",
        value_name = "URL",
        help_heading = "Connection"
    )]
    pub url: String,
    /// The token to present; not needed on the machine that the server runs on
    #[arg(
        long,
        env = "FAIRWAY_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Connection"
    )]
    token: Option<String>,
    /// Why you do this; it is kept in the audit log
    #[arg(long, value_name = "TEXT", help_heading = "Connection")]
    reason: Option<String>,
}

impl ConnectionArguments {
    /// Why, in the person's words; an error where they have to say it.
    pub fn needed_reason(&self) -> Result<&str, crate::failure::CliError> {
        let missing =
            || crate::failure::CliError::usage("--reason is missing", Some("say why with --reason TEXT"));
        self.reason.as_deref().ok_or_else(missing)
    }

    /// Why, in the person's words, when they said it.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// A client that says who it is. Nothing is sent yet.
    pub fn client(&self) -> Result<ApiClient, RemoteError> {
        let token = self.token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        let client = ApiClient::new(&self.url, token.map(|token| Secret::new(token.to_owned())))?;
        let client = client.with_header("x-fairway-client", concat!("cli/", env!("CARGO_PKG_VERSION")));
        Ok(match &self.reason {
            Some(reason) => client.with_header("x-fairway-reason", reason),
            None => client,
        })
    }
}

/// A path with a query; pairs without a value are left out.
pub fn query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    // Form encoding writes a space as a plus, which a path would keep.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::{query, segment};

    #[test]
    fn what_a_person_types_cannot_leave_its_place_in_the_address() {
        assert_eq!(segment("../a b?c"), "..%2Fa%20b%3Fc");
        assert_eq!(query("/x", &[("q", Some("a&b=c")), ("kind", None)]), "/x?q=a%26b%3Dc");
    }
}
