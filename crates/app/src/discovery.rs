//! Discovery: which repositories, people and teams of another forge the catalog reads.
//!
//! An address says it all, so that one field of a form, one line of a file and one argument are enough:
//! `github-discovery:https://github.com/acme/service-*/blob/-/catalog-info.yaml?topic=catalog` and
//! `github-org:https://github.com/acme`; the same with `gitlab-` and `gitea-`.

mod clients;
mod contents;
mod directory;
mod listing;

use std::fmt;

use fairway_domain::tree::TreePath;
use fairway_remote::{HostedRepository, HostingPlace, Provider};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::AppError;

pub(crate) use clients::Clients;
pub(crate) use contents::{is_pattern, read_hosted};
pub(crate) use directory::directory_tree;
pub(crate) use listing::Memory;

/// The longest address of a discovery.
const ADDRESS: usize = 2_000;
/// The file that is looked for when none is named.
const FILE: &str = "catalog-info.yaml";

/// Which repositories of an organisation are read, and which files in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryTarget {
    /// The forge.
    pub place: HostingPlace,
    /// The organisation, user, or group with the groups above it.
    pub owner: String,
    /// A pattern that the repository's name has to fit, for example `service-*`.
    pub repositories: String,
    /// The branch; each repository's default branch when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The file, or a pattern such as `**/catalog-info.yaml`.
    pub path: String,
    /// Only repositories with one of these topics; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// No repositories with one of these topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_topics: Vec<String>,
    /// Archived repositories too.
    #[serde(default)]
    pub archived: bool,
    /// No forks.
    #[serde(default)]
    pub without_forks: bool,
}

/// A repository that was discovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedTarget {
    /// The forge.
    pub place: HostingPlace,
    /// The forge's own identifier of it.
    pub repository_id: String,
    /// `owner/name`.
    pub repository: String,
    /// Its address for people.
    pub web_url: String,
    /// The branch that is read.
    pub branch: String,
    /// The file or pattern in it.
    pub path: String,
}

/// The organisation whose people and teams are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryTarget {
    /// The forge.
    pub place: HostingPlace,
    /// The organisation or group.
    pub organisation: String,
}

/// An address taken apart: the forge, the path's segments, the parameters.
struct Address {
    place: HostingPlace,
    segments: Vec<String>,
    parameters: Vec<(String, String)>,
}

fn invalid(message: impl Into<String>, hint: &str) -> AppError {
    AppError::Invalid { message: message.into(), hint: Some(hint.to_owned()) }
}

impl Address {
    fn read(provider: Provider, text: &str) -> Result<Self, AppError> {
        let example = "write for example github-discovery:https://github.com/acme/*/blob/-/catalog-info.yaml";
        let shown: String = text.chars().take(200).collect();
        if text.len() > ADDRESS || text.chars().any(char::is_control) {
            return Err(invalid("the address is too long or holds control characters", example));
        }
        let url = Url::parse(text).map_err(|error| invalid(format!("\"{shown}\": {error}"), example))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(invalid(format!("\"{shown}\" is no address of a forge"), example));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid(
                "an address must not hold credentials",
                "make a credential for the place instead",
            ));
        }
        let parameters: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let api = parameters.iter().find(|(name, _)| name == "api").map(|(_, value)| value.clone());
        if let Some(api) = &api {
            let parsed = Url::parse(api).ok().filter(|api| matches!(api.scheme(), "https" | "http"));
            if parsed.is_none_or(|api| !api.username().is_empty() || api.query().is_some()) {
                return Err(invalid(
                    format!("\"{api}\" is no address of an API"),
                    "write for example api=https://git.example/api/v3",
                ));
            }
        }
        let place = HostingPlace { provider, web: url.origin().ascii_serialization(), api };
        let decode = |segment: &str| percent_decoded(segment);
        let segments = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
        let segments: Option<Vec<String>> = segments.map(decode).collect();
        let segments = segments.ok_or_else(|| invalid("the address is not UTF-8", example))?;
        if segments.is_empty() {
            return Err(invalid(format!("\"{shown}\" names no organisation"), example));
        }
        Ok(Self { place, segments, parameters })
    }

    fn all(&self, name: &str) -> Vec<String> {
        let values =
            self.parameters.iter().filter(|(known, value)| known == name && !value.trim().is_empty());
        values.map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn flag(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, value)| known == name && value == "true")
    }

    fn known_only(&self, known: &[&str]) -> Result<(), AppError> {
        match self.parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(invalid(
                format!("there is no parameter \"{name}\""),
                &format!("use {}", known.join(", ")),
            )),
            None => Ok(()),
        }
    }
}

fn percent_decoded(segment: &str) -> Option<String> {
    // Form decoding reads a plus as a space, which an address's path does not mean.
    let text = segment.replace('+', "%2B");
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned())
}

/// The provider of `<word>-<what>:<rest>`, and the rest.
fn prefixed<'a>(text: &'a str, what: &str) -> Option<(Provider, &'a str)> {
    let (word, rest) = text.split_once(':')?;
    let provider = Provider::of_word(word.strip_suffix(what)?.strip_suffix('-')?)?;
    Some((provider, rest))
}

impl DiscoveryTarget {
    /// Reads an address; `None` when it is another kind of address.
    pub fn parse(text: &str) -> Option<Result<Self, AppError>> {
        let (provider, rest) = prefixed(text, "discovery")?;
        Some(Self::read(provider, rest))
    }

    fn read(provider: Provider, text: &str) -> Result<Self, AppError> {
        let address = Address::read(provider, text)?;
        address.known_only(&["topic", "without-topic", "archived", "forks", "api"])?;
        let segments: Vec<&str> = address.segments.iter().map(String::as_str).collect();
        let (before, view): (Vec<&str>, Vec<&str>) = match provider {
            // GitLab marks the end of the (arbitrarily nested) project with "-".
            Provider::GitLab => match segments.iter().position(|segment| *segment == "-") {
                Some(dash) => (
                    segments.get(..dash).unwrap_or_default().to_vec(),
                    segments.get(dash + 1..).unwrap_or_default().to_vec(),
                ),
                None => (segments, Vec::new()),
            },
            Provider::GitHub | Provider::Gitea => (
                segments.get(..2.min(segments.len())).unwrap_or_default().to_vec(),
                segments.get(2..).unwrap_or_default().to_vec(),
            ),
        };
        let (owner, repositories) = match (provider, before.split_last()) {
            (_, None) => return Err(AppError::invalid("the address names no organisation")),
            // Without a view the whole path is the group.
            (Provider::GitLab, Some(_)) if view.is_empty() => (before.join("/"), "*".to_owned()),
            (_, Some((only, []))) => ((*only).to_owned(), "*".to_owned()),
            (_, Some((last, above))) => (above.join("/"), (*last).to_owned()),
        };
        let view = match view.as_slice() {
            ["src", "branch", rest @ ..] if provider == Provider::Gitea => rest.to_vec(),
            ["blob" | "tree" | "src", rest @ ..] => rest.to_vec(),
            [] => Vec::new(),
            [other, ..] => {
                return Err(invalid(
                    format!("\"{other}\" is no view of a branch"),
                    "write blob, the branch or \"-\" for the default branch, and the file",
                ));
            }
        };
        let (branch, path) = match view.split_first() {
            None => (None, FILE.to_owned()),
            Some((branch, path)) => {
                let path = if path.is_empty() { FILE.to_owned() } else { path.join("/") };
                ((*branch != "-").then(|| (*branch).to_owned()), path)
            }
        };
        TreePath::lenient(&path).map_err(|error| AppError::invalid(error.to_string()))?;
        let forks =
            address.parameters.iter().find(|(name, _)| name == "forks").map(|(_, value)| value.clone());
        Ok(Self {
            owner,
            repositories,
            branch,
            path,
            topics: address.all("topic"),
            without_topics: address.all("without-topic"),
            archived: address.flag("archived"),
            without_forks: forks.as_deref() == Some("false"),
            place: address.place,
        })
    }

    /// Why a repository is not meant; `None` when it is.
    pub fn leaves_out(&self, repository: &HostedRepository) -> Option<&'static str> {
        let has = |topics: &[String]| {
            topics.iter().any(|topic| repository.topics.iter().any(|known| known.eq_ignore_ascii_case(topic)))
        };
        // Below a group, the part of the name behind it is what a person sees.
        let below = repository.full_name.get(self.owner.len() + 1..).unwrap_or(&repository.name);
        let named = glob_match::glob_match(&self.repositories, &repository.name)
            || glob_match::glob_match(&self.repositories, below);
        if !named {
            return Some("its name does not fit the pattern");
        }
        if repository.archived && !self.archived {
            return Some("it is archived");
        }
        if repository.fork && self.without_forks {
            return Some("it is a fork");
        }
        if !self.topics.is_empty() && !has(&self.topics) {
            return Some("it has none of the topics");
        }
        has(&self.without_topics).then_some("it has a topic that is left out")
    }

    /// What a repository that it finds is read as; `None` for an empty repository.
    pub fn hosted(&self, repository: &HostedRepository) -> Option<HostedTarget> {
        let branch = self.branch.clone().or_else(|| repository.default_branch.clone())?;
        Some(HostedTarget {
            place: self.place.clone(),
            repository_id: repository.id.clone(),
            repository: repository.full_name.clone(),
            web_url: repository.web_url.clone(),
            branch,
            path: self.path.clone(),
        })
    }
}

impl fmt::Display for DiscoveryTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dash = if self.place.provider == Provider::GitLab { "-/" } else { "" };
        write!(
            formatter,
            "{}-discovery:{}/{}/{}/{dash}blob/{}/{}",
            self.place.provider.word(),
            self.place.web,
            self.owner,
            self.repositories,
            self.branch.as_deref().unwrap_or("-").replace('/', "%2F"),
            self.path
        )?;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for topic in &self.topics {
            query.append_pair("topic", topic);
        }
        for topic in &self.without_topics {
            query.append_pair("without-topic", topic);
        }
        if self.archived {
            query.append_pair("archived", "true");
        }
        if self.without_forks {
            query.append_pair("forks", "false");
        }
        if let Some(api) = &self.place.api {
            query.append_pair("api", api);
        }
        let query = query.finish();
        if query.is_empty() { Ok(()) } else { write!(formatter, "?{query}") }
    }
}

impl HostedTarget {
    /// What a path is appended to, to give the file's address for people.
    pub fn base(&self) -> String {
        self.place.provider.blob_base(&self.web_url, &self.branch)
    }

    /// The address of its catalog file.
    pub fn address(&self) -> String {
        format!("{}{}", self.base(), self.path)
    }
}

impl DirectoryTarget {
    /// Reads an address; `None` when it is another kind of address.
    pub fn parse(text: &str) -> Option<Result<Self, AppError>> {
        let (provider, rest) = prefixed(text, "org")?;
        let read = || {
            let address = Address::read(provider, rest)?;
            address.known_only(&["api"])?;
            let several = address.segments.len() > 1 && provider != Provider::GitLab;
            if several {
                return Err(invalid(
                    "the address names more than an organisation",
                    "write for example github-org:https://github.com/acme",
                ));
            }
            Ok(Self { organisation: address.segments.join("/"), place: address.place })
        };
        Some(read())
    }
}

impl fmt::Display for DirectoryTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-org:{}/{}", self.place.provider.word(), self.place.web, self.organisation)?;
        match &self.place.api {
            Some(api) => {
                let query =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair("api", api).finish();
                write!(formatter, "?{query}")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_remote::HostedRepository;

    use super::{DirectoryTarget, DiscoveryTarget};

    fn read(text: &str) -> DiscoveryTarget {
        DiscoveryTarget::parse(text).unwrap().unwrap()
    }

    #[test]
    fn an_address_says_what_is_discovered() {
        let cases = [
            (
                "github-discovery:https://github.com/acme",
                "https://github.com/acme/*/blob/-/catalog-info.yaml",
            ),
            (
                "github-discovery:https://github.com/acme/service-*/blob/main/**/catalog-info.yaml?topic=a&archived=true",
                "https://github.com/acme/service-*/blob/main/**/catalog-info.yaml?topic=a&archived=true",
            ),
            (
                "gitlab-discovery:https://gitlab.com/acme/shop",
                "https://gitlab.com/acme/shop/*/-/blob/-/catalog-info.yaml",
            ),
            (
                "gitlab-discovery:https://gitlab.com/acme/shop/*/-/blob/feature%2Fx/a.yaml?forks=false",
                "https://gitlab.com/acme/shop/*/-/blob/feature%2Fx/a.yaml?forks=false",
            ),
            (
                "gitea-discovery:https://git.example:3000/acme/*/src/branch/main/catalog-info.yaml?without-topic=x",
                "https://git.example:3000/acme/*/blob/main/catalog-info.yaml?without-topic=x",
            ),
        ];
        for (text, canonical) in cases {
            let shown = read(text).to_string();
            assert_eq!(shown.split_once(':').unwrap().1, canonical, "{text}");
            assert_eq!(read(&shown), read(text), "what is shown reads the same");
        }
        let deep = read("gitlab-discovery:https://gitlab.com/a/b/c-*/-/blob/-/x.yaml");
        assert_eq!((deep.owner.as_str(), deep.repositories.as_str()), ("a/b", "c-*"));
        assert!(DiscoveryTarget::parse("https://github.com/acme/shop").is_none());
    }

    #[test]
    fn addresses_that_hide_something_are_refused() {
        for text in [
            "github-discovery:https://token@github.com/acme",
            "github-discovery:file:///etc/passwd",
            "github-discovery:https://github.com",
            "github-discovery:https://github.com/acme/x/raw/main/y",
            "github-discovery:https://github.com/acme/*/blob/-/../../etc/passwd",
            "github-discovery:https://github.com/acme?topics=a",
            "github-discovery:https://github.com/acme?api=ftp://x",
        ] {
            let error = DiscoveryTarget::parse(text).unwrap().unwrap_err().to_string();
            assert!(!error.contains("token@"), "{error}");
        }
        assert!(DirectoryTarget::parse("github-org:https://github.com/acme/shop").unwrap().is_err());
        let org = DirectoryTarget::parse("gitlab-org:https://gitlab.com/acme/shop").unwrap().unwrap();
        assert_eq!(org.to_string(), "gitlab-org:https://gitlab.com/acme/shop");
    }

    #[test]
    fn repositories_are_chosen_by_name_topic_and_state() {
        let target =
            read("github-discovery:https://github.com/acme/svc-*/blob/-/x.yaml?topic=live&without-topic=old");
        let repository = |name: &str, topics: &[&str]| HostedRepository {
            full_name: format!("acme/{name}"),
            name: name.to_owned(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            ..HostedRepository::default()
        };
        assert_eq!(target.leaves_out(&repository("svc-a", &["Live"])), None);
        assert!(target.leaves_out(&repository("web", &["live"])).is_some());
        assert!(target.leaves_out(&repository("svc-a", &[])).is_some());
        assert!(target.leaves_out(&repository("svc-a", &["live", "old"])).is_some());
        let archived = HostedRepository { archived: true, ..repository("svc-a", &["live"]) };
        assert_eq!(target.leaves_out(&archived), Some("it is archived"));
    }
}
