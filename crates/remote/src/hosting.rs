//! GitHub, GitLab and Gitea (Forgejo) as places to discover repositories, files, people and teams on.
//!
//! One [`HostingClient`] per host and credential: it keeps the budget of requests, remembers answers for
//! conditional requests and puts people before polling. It reads and never writes.

mod answers;
mod budget;
mod exchange;
mod gitea;
mod github;
mod gitlab;

use fairway_domain::Secret;
use fairway_domain::tree::TreePath;
use serde::{Deserialize, Serialize};
use url::Url;

pub use budget::Budget;
pub use exchange::Urgency;

use crate::{Reach, RemoteError};
use exchange::Exchange;

/// Repositories of one organisation that are listed.
const REPOSITORIES: usize = 20_000;
/// Files of one repository that are listed.
const FILES: usize = 200_000;
/// People of one organisation that are listed.
const PEOPLE: usize = 50_000;

/// Whose API a forge speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub and GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

impl Provider {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    /// The word in addresses: `github`, `gitlab`, `gitea`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Gitea => "Gitea",
        }
    }

    /// The provider of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.word() == word)
    }

    /// The address that a file of a branch is shown at; ends with a slash.
    pub fn blob_base(self, repository_url: &str, branch: &str) -> String {
        let url = repository_url.trim_end_matches('/');
        match self {
            Self::GitHub => format!("{url}/blob/{branch}/"),
            Self::GitLab => format!("{url}/-/blob/{branch}/"),
            Self::Gitea => format!("{url}/src/branch/{branch}/"),
        }
    }
}

/// A forge: its provider, its address for people, and the address of its API when that is an unusual one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostingPlace {
    /// Whose API it speaks.
    pub provider: Provider,
    /// Its address for people, without a slash at its end, for example `https://github.com`.
    pub web: String,
    /// The address of its API, when it is not the provider's usual one below `web`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

impl HostingPlace {
    /// The address of the API, without a slash at its end.
    pub fn api_base(&self) -> String {
        if let Some(api) = &self.api {
            return api.trim_end_matches('/').to_owned();
        }
        let web = self.web.trim_end_matches('/');
        match self.provider {
            Provider::GitHub if web == "https://github.com" => "https://api.github.com".to_owned(),
            Provider::GitHub => format!("{web}/api/v3"),
            Provider::GitLab => format!("{web}/api/v4"),
            Provider::Gitea => format!("{web}/api/v1"),
        }
    }

    /// The host with its port, for people and for looking up credentials.
    pub fn host(&self) -> String {
        let parsed = Url::parse(&self.web).ok();
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        match parsed.as_ref().and_then(Url::port) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

/// A repository as its forge lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostedRepository {
    /// The forge's own identifier, which stays when the repository is renamed.
    pub id: String,
    /// `owner/name`; on GitLab with all groups.
    pub full_name: String,
    /// The last part of the name.
    pub name: String,
    /// The branch that is shown first; `None` for an empty repository.
    pub default_branch: Option<String>,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is a fork.
    pub fork: bool,
    /// `public`, `private` or `internal`.
    pub visibility: String,
    /// Its topics.
    pub topics: Vec<String>,
    /// Changes whenever something was pushed; to be compared only.
    pub pushed: String,
    /// Its address for people.
    pub web_url: String,
}

/// People and teams of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The organisation's name for people.
    pub title: Option<String>,
    /// The people.
    pub users: Vec<DirectoryUser>,
    /// The teams.
    pub groups: Vec<DirectoryGroup>,
}

/// A person as a forge knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryUser {
    /// The login.
    pub login: String,
    /// The name for people.
    pub name: Option<String>,
    /// The address, where the forge tells.
    pub email: Option<String>,
    /// A picture.
    pub picture: Option<String>,
}

/// A team as a forge knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// The name in addresses.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The slug of the team above.
    pub parent: Option<String>,
    /// The logins of its own members.
    pub members: Vec<String>,
}

/// A client of one forge with one credential. Clones share budget and memory.
#[derive(Clone, Debug)]
pub struct HostingClient {
    place: HostingPlace,
    exchange: Exchange,
}

impl HostingClient {
    /// A client of a forge; nothing is sent yet.
    ///
    /// # Errors
    /// [`RemoteError::BadUrl`] when the address is no http or https address.
    pub fn new(
        place: &HostingPlace,
        token: Option<Secret<String>>,
        reach: Reach,
    ) -> Result<Self, RemoteError> {
        let exchange = Exchange::new(place, token, reach)?;
        Ok(Self { place: place.clone(), exchange })
    }

    /// How much of the host's budget is left, as far as it told.
    pub fn budget(&self) -> Budget {
        self.exchange.budget()
    }

    /// All repositories of an organisation, group or user, in the order of their names.
    ///
    /// # Errors
    /// What went wrong with any page: a listing is whole or it is none.
    pub async fn repositories(
        &self,
        owner: &str,
        urgency: Urgency,
    ) -> Result<Vec<HostedRepository>, RemoteError> {
        let mut found = match self.place.provider {
            Provider::GitHub => github::repositories(&self.exchange, owner, urgency).await?,
            Provider::GitLab => gitlab::repositories(&self.exchange, owner, urgency).await?,
            Provider::Gitea => gitea::repositories(&self.exchange, owner, urgency).await?,
        };
        found.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        found.dedup_by(|a, b| a.full_name == b.full_name);
        Ok(found)
    }

    /// One repository by its full name; `None` when the forge says that there is none (or that the credential
    /// may not see it).
    pub async fn repository(
        &self,
        full_name: &str,
        urgency: Urgency,
    ) -> Result<Option<HostedRepository>, RemoteError> {
        let found = match self.place.provider {
            Provider::GitHub => github::repository(&self.exchange, full_name, urgency).await,
            Provider::GitLab => gitlab::repository(&self.exchange, full_name, urgency).await,
            Provider::Gitea => gitea::repository(&self.exchange, full_name, urgency).await,
        };
        absent(found)
    }

    /// One file of a branch, tag or commit; `None` when there is none.
    pub async fn file(
        &self,
        full_name: &str,
        reference: &str,
        path: &TreePath,
        urgency: Urgency,
    ) -> Result<Option<Vec<u8>>, RemoteError> {
        let found = match self.place.provider {
            Provider::GitHub => github::file(&self.exchange, full_name, reference, path, urgency).await,
            Provider::GitLab => gitlab::file(&self.exchange, full_name, reference, path, urgency).await,
            Provider::Gitea => gitea::file(&self.exchange, full_name, reference, path, urgency).await,
        };
        absent(found)
    }

    /// The paths of all files of a branch, tag or commit, without links and submodules.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] when the forge does not give them all.
    pub async fn paths(
        &self,
        full_name: &str,
        reference: &str,
        urgency: Urgency,
    ) -> Result<Vec<TreePath>, RemoteError> {
        match self.place.provider {
            Provider::GitHub => github::paths(&self.exchange, full_name, reference, urgency).await,
            Provider::GitLab => gitlab::paths(&self.exchange, full_name, reference, urgency).await,
            Provider::Gitea => gitea::paths(&self.exchange, full_name, reference, urgency).await,
        }
    }

    /// The people and teams of an organisation or group.
    ///
    /// # Errors
    /// What went wrong with any page: a directory is whole or it is none.
    pub async fn directory(&self, organisation: &str, urgency: Urgency) -> Result<Directory, RemoteError> {
        match self.place.provider {
            Provider::GitHub => github::directory(&self.exchange, organisation, urgency).await,
            Provider::GitLab => gitlab::directory(&self.exchange, organisation, urgency).await,
            Provider::Gitea => gitea::directory(&self.exchange, organisation, urgency).await,
        }
    }
}

/// A forge's "there is no such thing" is an answer, not a failure.
fn absent<T>(found: Result<T, RemoteError>) -> Result<Option<T>, RemoteError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(RemoteError::Hosting { status: 404 | 410, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A path with its slashes kept.
fn segments(text: &str) -> String {
    text.split('/').map(segment).collect::<Vec<_>>().join("/")
}
