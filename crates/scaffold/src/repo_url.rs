//! Addresses as RepoUrlPicker writes them: `host?owner=…&repo=…`.

use std::fmt;

use url::{Url, form_urlencoded};

/// The parts of a repository's address. Empty parts are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepoUrl {
    /// The forge, for example `github.com` or `fairway`.
    pub host: String,
    /// The organisation, team or person.
    pub owner: Option<String>,
    /// The repository's own name.
    pub repo: Option<String>,
    /// Azure DevOps' organisation.
    pub organization: Option<String>,
    /// Bitbucket Cloud's workspace.
    pub workspace: Option<String>,
    /// Azure DevOps' or Bitbucket's project.
    pub project: Option<String>,
}

/// The names of the parts, in the order in which they are written.
pub(crate) const PARTS: [&str; 5] = ["owner", "repo", "organization", "workspace", "project"];

/// A text that is no repository address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a repository address; expected host?owner=…&repo=…")]
pub struct RepoUrlError(String);

impl RepoUrl {
    /// Parses the text; says nothing about which parts a host needs.
    pub fn parse(text: &str) -> Result<Self, RepoUrlError> {
        let error = || RepoUrlError(text.chars().take(200).collect());
        let bare = text.strip_prefix("https://").unwrap_or(text);
        let url = Url::parse(&format!("https://{bare}")).map_err(|_| error())?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(error()),
        };
        let mut parsed = Self { host, ..Self::default() };
        for (key, value) in url.query_pairs() {
            parsed.set(&key, &value);
        }
        Ok(parsed)
    }

    /// A part by its name.
    pub fn part(&self, name: &str) -> Option<&str> {
        match name {
            "host" => Some(self.host.as_str()).filter(|host| !host.is_empty()),
            "owner" => self.owner.as_deref(),
            "repo" => self.repo.as_deref(),
            "organization" => self.organization.as_deref(),
            "workspace" => self.workspace.as_deref(),
            "project" => self.project.as_deref(),
            _ => None,
        }
    }

    /// Sets a part by its name; an empty value and an unknown name are passed over.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let slot = match name {
            "host" => {
                value.clone_into(&mut self.host);
                return;
            }
            "owner" => &mut self.owner,
            "repo" => &mut self.repo,
            "organization" => &mut self.organization,
            "workspace" => &mut self.workspace,
            "project" => &mut self.project,
            _ => return,
        };
        *slot = Some(value.to_owned());
    }
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for part in PARTS {
            if let Some(value) = self.part(part) {
                query.append_pair(part, value);
            }
        }
        write!(formatter, "{}?{}", self.host, query.finish())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::RepoUrl;

    #[test]
    fn survives_the_way_through_text() {
        let text = "github.com?owner=acme&repo=orders-api";
        let url = RepoUrl::parse(text).unwrap();
        assert_eq!((url.owner.as_deref(), url.repo.as_deref()), (Some("acme"), Some("orders-api")));
        assert_eq!(url.to_string(), text);
        assert_eq!(RepoUrl::parse("fairway?repo=b&owner=a").unwrap().to_string(), "fairway?owner=a&repo=b");
        assert_eq!(RepoUrl::parse("git.acme.example:8443?repo=b").unwrap().host, "git.acme.example:8443");
        assert!(RepoUrl::parse("").is_err());
    }
}
