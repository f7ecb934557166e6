//! What Fairway may show to other machines: secrets by handle, each bound to the places that it is for.
//!
//! A credential says *where* a secret is (a variable, a file, Fairway's own store in the data folder) and *which
//! places* may see it, for example `github.com/acme`. The secret itself is read when it is needed and is in no
//! fact, log, page or address. Only an administrator makes credentials: whoever registers a source gets what the
//! credential of its place allows, and cannot send a secret anywhere else.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, EntityRef, Permission, Secret, Timestamp};
use fairway_remote::GitCredential;
use serde::{Deserialize, Serialize};

use crate::effects::to_value;
use crate::{App, AppError};

/// The largest secret in bytes.
const SECRET_BYTES: usize = 64 * 1024;
/// How many places one credential may be for.
const PLACES: usize = 100;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretHandle {
    /// In a variable of the server's environment: `env:NAME`.
    Environment(String),
    /// In a file of the server: `file:/path`.
    File(PathBuf),
    /// In Fairway's own store: `stored`.
    Stored,
}

impl FromStr for SecretHandle {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        let invalid = |message: &str| AppError::Invalid {
            message: message.to_owned(),
            hint: Some("write env:NAME, file:/path or stored".to_owned()),
        };
        if text == "stored" {
            return Ok(Self::Stored);
        }
        if let Some(name) = text.strip_prefix("env:") {
            let plain = name.len() <= 100
                && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            // Fairway's own settings, the address of its database among them, are nobody's credential.
            if !plain || name.starts_with("FAIRWAY_") {
                return Err(invalid("this variable cannot hold a credential"));
            }
            return Ok(Self::Environment(name.to_owned()));
        }
        match text.strip_prefix("file:").map(PathBuf::from) {
            Some(path) if path.is_absolute() => Ok(Self::File(path)),
            Some(_) => Err(invalid("the path of a secret has to be absolute")),
            None => Err(invalid("this is no handle of a secret")),
        }
    }
}

impl fmt::Display for SecretHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
            Self::Stored => formatter.write_str("stored"),
        }
    }
}

impl TryFrom<String> for SecretHandle {
    type Error = AppError;

    fn try_from(text: String) -> Result<Self, AppError> {
        text.parse()
    }
}

impl From<SecretHandle> for String {
    fn from(handle: SecretHandle) -> Self {
        handle.to_string()
    }
}

/// How a secret is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum CredentialForm {
    /// A token or password, over HTTP.
    Token {
        /// The user for git, where the host wants to know; hosts that look at the token only take any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// A private key, over SSH.
    #[serde(rename_all = "camelCase")]
    SshKey {
        /// Lines of a `known_hosts` file; the server's own when there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known_hosts: Option<String>,
    },
}

/// A secret and the places that may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Its name.
    pub name: String,
    /// Where the secret is.
    pub secret: SecretHandle,
    /// How it is shown.
    pub form: CredentialForm,
    /// Hosts, each with a port where it is unusual, and with a path that narrows it: `github.com/acme`.
    pub places: Vec<String>,
    /// Where the secret is that webhooks from these places are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<SecretHandle>,
    /// Who made it.
    pub created_by: EntityRef,
    /// When.
    pub created_at: Timestamp,
}

impl Credential {
    /// How closely the credential fits a host (with its port) and a path there; `None` when it is not for them.
    fn fit(&self, host: &str, path: &str) -> Option<usize> {
        let path = path.trim_matches('/');
        let fits = |place: &String| {
            let (known, prefix) = place.split_once('/').unwrap_or((place, ""));
            let below = prefix.is_empty()
                || path.get(..prefix.len()).is_some_and(|start| {
                    start.eq_ignore_ascii_case(prefix)
                        && matches!(path.as_bytes().get(prefix.len()), None | Some(b'/'))
                });
            (known.eq_ignore_ascii_case(host) && below).then_some(place.len())
        };
        self.places.iter().filter_map(fits).max()
    }
}

/// What a new credential should be.
#[derive(Clone, Debug)]
pub struct CredentialRequest {
    /// Its name.
    pub name: String,
    /// Where the secret is.
    pub secret: SecretHandle,
    /// How it is shown.
    pub form: CredentialForm,
    /// The places it is for.
    pub places: Vec<String>,
    /// Where the secret is that webhooks are signed with.
    pub webhook: Option<SecretHandle>,
    /// The secret itself, to be put into Fairway's own store.
    pub value: Option<Secret<String>>,
    /// The webhooks' secret itself, to be put into Fairway's own store.
    pub webhook_value: Option<Secret<String>>,
}

fn check_name(name: &str) -> Result<(), AppError> {
    let plain = (1..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-');
    if plain {
        return Ok(());
    }
    Err(AppError::invalid("a credential's name is made of a-z, 0-9 and \"-\", at most 63 characters"))
}

/// A place in one spelling: no scheme, no slash at its end, the host in lower case.
fn place(text: &str) -> Result<String, AppError> {
    let rest = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest).trim_matches('/');
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:[]".contains(c));
    let valid = !host.is_empty()
        && rest.len() <= 300
        && plain(host)
        && path.split('/').all(plain)
        && !path.split('/').any(|part| part == "..");
    if !valid {
        return Err(AppError::Invalid {
            message: format!("\"{}\" is no place", text.chars().take(100).collect::<String>()),
            hint: Some("write a host, and a path that narrows it, for example github.com/acme".to_owned()),
        });
    }
    let host = host.to_ascii_lowercase();
    Ok(if path.is_empty() { host } else { format!("{host}/{path}") })
}

impl App {
    /// The credentials, by name; never a secret.
    pub fn credentials(&self, caller: &Caller) -> Result<Vec<Credential>, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        Ok(self.view().credentials.values().map(|it| Credential::clone(it)).collect())
    }

    /// Makes or replaces a credential.
    pub async fn put_credential(
        &self,
        caller: &Caller,
        request: CredentialRequest,
    ) -> Result<Credential, AppError> {
        caller.authorise(Permission::Administer)?;
        check_name(&request.name)?;
        let places: Vec<String> = request.places.iter().map(|text| place(text)).collect::<Result<_, _>>()?;
        if places.is_empty() || places.len() > PLACES {
            return Err(AppError::invalid("a credential needs the places that it is for, at most 100"));
        }
        let wants_value = |handle: &SecretHandle, value: &Option<Secret<String>>, file: &str| {
            let missing =
                *handle == SecretHandle::Stored && value.is_none() && !self.secret_path(file).exists();
            if missing {
                return Err(AppError::invalid("the secret itself is missing; it was to be stored here"));
            }
            if value.is_some() && *handle != SecretHandle::Stored {
                return Err(AppError::invalid(
                    "the secret is elsewhere; leave its value out, or store it here",
                ));
            }
            Ok(())
        };
        let webhook_file = format!("{}.webhook", request.name);
        wants_value(&request.secret, &request.value, &request.name)?;
        if let Some(handle) = &request.webhook {
            wants_value(handle, &request.webhook_value, &webhook_file)?;
        }
        if let Some(value) = &request.value {
            self.store_secret(&request.name, value).await?;
        }
        if let Some(value) = &request.webhook_value {
            self.store_secret(&webhook_file, value).await?;
        }
        let credential = Credential {
            name: request.name.clone(),
            secret: request.secret,
            form: request.form,
            places,
            webhook: request.webhook,
            created_by: caller.actor.user(),
            created_at: self.now(),
        };
        let body = to_value(&credential)?;
        self.append(vec![NewFact::by(caller, kind::CREDENTIAL, request.name, Some(body))]).await?;
        Ok(credential)
    }

    /// Forgets a credential, and its secret where Fairway kept it.
    pub async fn remove_credential(&self, caller: &Caller, name: &str) -> Result<(), AppError> {
        caller.authorise(Permission::Administer)?;
        if !self.view().credentials.contains_key(name) {
            return Err(AppError::NotFound { what: "credential", name: name.to_owned(), near: Vec::new() });
        }
        self.append(vec![NewFact::by(caller, kind::CREDENTIAL, name, None)]).await?;
        for file in [name.to_owned(), format!("{name}.webhook")] {
            // It may never have been stored here.
            let _ = tokio::fs::remove_file(self.secret_path(&file)).await;
        }
        Ok(())
    }

    /// The credential that fits a host and a path there best.
    pub(crate) fn credential_for(&self, host: &str, path: &str) -> Option<std::sync::Arc<Credential>> {
        let view = self.view();
        let fitting = view.credentials.values().filter_map(|it| Some((it.fit(host, path)?, it)));
        fitting.max_by_key(|(fit, _)| *fit).map(|(_, credential)| std::sync::Arc::clone(credential))
    }

    /// The credential for the host and path of an address of git.
    pub(crate) fn credential_named_for_url(&self, url: &str) -> Option<std::sync::Arc<Credential>> {
        let (_, host, path) = parts(url)?;
        self.credential_for(&host, &path)
    }

    /// The name of the credential for an address of git.
    pub(crate) fn credential_of_url(&self, url: &str) -> Option<String> {
        self.credential_named_for_url(url).map(|credential| credential.name.clone())
    }

    /// The token for a host and a path there, with the credential's name.
    pub(crate) async fn token_for(
        &self,
        host: &str,
        path: &str,
    ) -> Result<Option<(String, Secret<String>)>, AppError> {
        let Some(credential) = self.credential_for(host, path) else { return Ok(None) };
        if !matches!(credential.form, CredentialForm::Token { .. }) {
            return Ok(None);
        }
        let secret = self.open_secret(&credential.secret, &credential.name).await?;
        Ok(Some((credential.name.clone(), secret)))
    }

    /// What to show to the host of a Git repository.
    pub(crate) async fn git_credential(&self, url: &str) -> Result<Option<GitCredential>, AppError> {
        let Some((scheme, host, path)) = parts(url) else { return Ok(None) };
        let Some(credential) = self.credential_for(&host, &path) else { return Ok(None) };
        let secret = self.open_secret(&credential.secret, &credential.name).await?;
        Ok(match &credential.form {
            CredentialForm::Token { user } if scheme.starts_with("http") => {
                let user = user.clone().unwrap_or_else(|| "oauth2".to_owned());
                Some(GitCredential::Password { user, password: secret })
            }
            CredentialForm::SshKey { known_hosts } if scheme == "ssh" => {
                Some(GitCredential::SshKey { key: secret, known_hosts: known_hosts.clone() })
            }
            // A token is no key; the other way round neither.
            _ => None,
        })
    }

    /// The secret that webhooks of a credential's places are signed with.
    pub(crate) async fn webhook_secret(
        &self,
        credential: &Credential,
    ) -> Result<Option<Secret<String>>, AppError> {
        let Some(handle) = &credential.webhook else { return Ok(None) };
        self.open_secret(handle, &format!("{}.webhook", credential.name)).await.map(Some)
    }

    fn secret_path(&self, file: &str) -> PathBuf {
        self.inner.config.data.join("secrets").join(file)
    }

    async fn open_secret(&self, handle: &SecretHandle, file: &str) -> Result<Secret<String>, AppError> {
        let lost = |why: String| AppError::Invalid {
            message: format!("the secret of the credential \"{}\" {why}", file.trim_end_matches(".webhook")),
            hint: Some("set it, or make the credential anew".to_owned()),
        };
        let path = match handle {
            SecretHandle::Environment(name) => {
                let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
                let value = value.ok_or_else(|| lost(format!("is not in the variable {name}")))?;
                return Ok(Secret::new(value.trim().to_owned()));
            }
            SecretHandle::File(path) => path.clone(),
            SecretHandle::Stored => self.secret_path(file),
        };
        let place = path.clone();
        let read = tokio::task::spawn_blocking(move || {
            use std::io::Read as _;
            let mut text = String::new();
            std::fs::File::open(&path)?.take(SECRET_BYTES as u64 + 1).read_to_string(&mut text)?;
            Ok::<_, std::io::Error>(text)
        });
        let read = read.await.map_err(|error| AppError::Internal(error.to_string()))?;
        let text = read.map_err(|error| lost(format!("cannot be read from {}: {error}", place.display())))?;
        if text.trim().is_empty() || text.len() > SECRET_BYTES {
            return Err(lost(format!("in {} is empty or too large", place.display())));
        }
        Ok(Secret::new(text.trim().to_owned()))
    }

    async fn store_secret(&self, file: &str, value: &Secret<String>) -> Result<(), AppError> {
        let text = value.expose().trim().to_owned();
        if text.is_empty() || text.len() > SECRET_BYTES {
            return Err(AppError::invalid("the secret is empty or too large"));
        }
        let path = self.secret_path(file);
        let written = tokio::task::spawn_blocking(move || write_private(&path, text.as_bytes())).await;
        let written = written.map_err(|error| AppError::Internal(error.to_string()))?;
        written.map_err(|error| AppError::Internal(format!("the secret could not be stored: {error}")))
    }
}

/// Scheme, host with an unusual port, and path of an address of git.
fn parts(url: &str) -> Option<(String, String, String)> {
    let parsed = url::Url::parse(url).ok()?;
    let host = parsed.host_str()?.to_ascii_lowercase();
    let host = match parsed.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let path = parsed.path().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).to_owned();
    Some((parsed.scheme().to_owned(), host, path))
}

/// Writes a file that only its owner may read; a reader sees the old one or the new one, never a part.
fn write_private(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(path);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::{EntityRef, Timestamp};

    use super::{Credential, CredentialForm, SecretHandle, place};

    fn credential(places: &[&str]) -> Credential {
        Credential {
            name: "c".to_owned(),
            secret: SecretHandle::Stored,
            form: CredentialForm::Token { user: None },
            places: places.iter().map(|text| place(text).unwrap()).collect(),
            webhook: None,
            created_by: EntityRef::new("user", "default", "ada"),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_secret_is_shown_to_its_places_only() {
        let acme = credential(&["https://github.com/acme/", "git.example:3000"]);
        for (host, path) in
            [("github.com", "acme"), ("GitHub.com", "Acme/shop"), ("git.example:3000", "any/thing")]
        {
            assert!(acme.fit(host, path).is_some(), "{host}/{path}");
        }
        for (host, path) in [
            ("github.com", ""),
            ("github.com", "acme-evil/shop"),
            ("github.com.evil.example", "acme/shop"),
            ("git.example", "any/thing"),
            ("evil.example", "github.com/acme"),
        ] {
            assert!(acme.fit(host, path).is_none(), "{host}/{path}");
        }
        assert!(
            credential(&["github.com/acme"]).fit("github.com", "acme/x")
                > credential(&["github.com"]).fit("github.com", "acme/x")
        );
    }

    #[test]
    fn handles_name_a_place_and_never_fairways_own_settings() {
        for text in ["env:GITHUB_TOKEN", "file:/run/secrets/github", "stored"] {
            assert_eq!(text.parse::<SecretHandle>().unwrap().to_string(), text);
        }
        for text in ["env:FAIRWAY_DATABASE", "env:", "env:A B", "file:secret", "ghp_abc", ""] {
            assert!(text.parse::<SecretHandle>().is_err(), "{text}");
        }
        for text in ["", "a b", "github.com/../x", "https://u:p@host"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
