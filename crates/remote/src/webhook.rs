//! What forges send when something happens: is it genuine, and what is it about.
//!
//! Nothing of an event is believed but *where* something happened; what happened is then read from the forge.

use fairway_domain::{Digest, Secret};
use serde_json::Value;

use crate::Provider;

/// The block length of SHA-256 in bytes.
const BLOCK: usize = 64;

/// The headers of an event that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookHeaders {
    /// The event's name.
    pub event: String,
    /// The signature, or at GitLab the secret itself.
    pub signature: String,
    /// The form of the body.
    pub content_type: String,
}

impl WebhookHeaders {
    /// Picks the headers out that a provider sends; `header` gives one by its lower-case name.
    pub fn of<'a>(provider: Provider, header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let (event, signature) = match provider {
            Provider::GitHub => ("x-github-event", "x-hub-signature-256"),
            Provider::GitLab => ("x-gitlab-event", "x-gitlab-token"),
            Provider::Gitea => ("x-gitea-event", "x-gitea-signature"),
        };
        let text = |name: &str| header(name).unwrap_or_default().to_owned();
        Self { event: text(event), signature: text(signature), content_type: text("content-type") }
    }
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookEvent {
    /// The forge says that it will send events.
    Ping,
    /// A branch moved.
    Push {
        /// The repository's full name.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// A repository came, went, moved or changed its settings.
    Repository {
        /// Its full name now.
        repository: String,
    },
    /// People or teams changed.
    People {
        /// The organisation.
        organisation: String,
    },
    /// Something that the catalog does not depend on.
    Other,
}

impl WebhookEvent {
    /// The organisation, group or user that it happened in.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Push { repository, .. } | Self::Repository { repository } => {
                repository.rsplit_once('/').map(|(owner, _)| owner)
            }
            Self::People { organisation } => Some(organisation),
            Self::Ping | Self::Other => None,
        }
    }
}

/// Whether whoever sent this knows the secret. GitHub and Gitea sign the body (HMAC-SHA256, RFC 2104); GitLab sends
/// the secret along.
pub fn is_authentic(
    provider: Provider,
    headers: &WebhookHeaders,
    body: &[u8],
    secret: &Secret<String>,
) -> bool {
    if secret.expose().is_empty() {
        return false;
    }
    let given = headers.signature.as_bytes();
    match provider {
        Provider::GitHub => {
            let expected = format!("sha256={}", hmac(secret.expose().as_bytes(), body).hex());
            same(given, expected.as_bytes())
        }
        Provider::Gitea => same(given, hmac(secret.expose().as_bytes(), body).hex().as_bytes()),
        Provider::GitLab => same(given, secret.expose().as_bytes()),
    }
}

/// Reads an event; `None` when the body is not what the provider sends.
pub fn parse(provider: Provider, headers: &WebhookHeaders, body: &[u8]) -> Option<WebhookEvent> {
    let body: Value = if headers.content_type.starts_with("application/x-www-form-urlencoded") {
        let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload")?.1;
        serde_json::from_str(&payload).ok()?
    } else {
        serde_json::from_slice(body).ok()?
    };
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let branch = || text("/ref").and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned));
    match provider {
        Provider::GitHub | Provider::Gitea => {
            let repository = text("/repository/full_name");
            let organisation = text("/organization/login").or_else(|| text("/organization/username"));
            Some(match headers.event.as_str() {
                "ping" => WebhookEvent::Ping,
                "push" => match branch() {
                    Some(branch) => WebhookEvent::Push { repository: repository?, branch },
                    None => WebhookEvent::Other,
                },
                "repository" | "create" | "delete" => match repository {
                    Some(repository) => WebhookEvent::Repository { repository },
                    None => WebhookEvent::Other,
                },
                "member" | "membership" | "organization" | "team" | "team_add" => match organisation {
                    Some(organisation) => WebhookEvent::People { organisation },
                    None => WebhookEvent::Other,
                },
                _ => WebhookEvent::Other,
            })
        }
        Provider::GitLab => {
            let name = text("/event_name").or_else(|| text("/object_kind")).unwrap_or_default();
            Some(match name.as_str() {
                "push" => match branch() {
                    Some(branch) => {
                        WebhookEvent::Push { repository: text("/project/path_with_namespace")?, branch }
                    }
                    None => WebhookEvent::Other,
                },
                "project_create" | "project_destroy" | "project_rename" | "project_transfer"
                | "project_update" => WebhookEvent::Repository { repository: text("/path_with_namespace")? },
                "user_add_to_group" | "user_remove_from_group" | "user_update_for_group" => {
                    WebhookEvent::People { organisation: text("/group_path")? }
                }
                "subgroup_create" | "subgroup_destroy" => {
                    let path = text("/parent_full_path").or_else(|| text("/full_path"))?;
                    WebhookEvent::People { organisation: path }
                }
                _ => WebhookEvent::Other,
            })
        }
    }
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Digest {
    let mut block = [0_u8; BLOCK];
    let hashed;
    let key = if key.len() > BLOCK {
        hashed = Digest::of(key);
        hashed.as_bytes().as_slice()
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let padded = |pad: u8, rest: &[u8]| {
        let mut bytes: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        bytes.extend_from_slice(rest);
        Digest::of(&bytes)
    };
    padded(0x5c, padded(0x36, message).as_bytes())
}

/// Compares without telling by the time it takes where the difference is.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let (given, expected) = (Digest::of(given), Digest::of(expected));
    given.as_bytes().iter().zip(expected.as_bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::Secret;

    use super::{WebhookEvent, WebhookHeaders, hmac, is_authentic, parse};
    use crate::Provider;

    fn headers(event: &str, signature: &str) -> WebhookHeaders {
        WebhookHeaders {
            event: event.to_owned(),
            signature: signature.to_owned(),
            content_type: "application/json".to_owned(),
        }
    }

    /// Test cases 1, 2 and 6 of RFC 4231.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in cases {
            assert_eq!(hmac(key, message).hex(), expected);
        }
    }

    #[test]
    fn only_who_knows_the_secret_is_believed() {
        let secret = Secret::new("s3cret".to_owned());
        let body = br#"{"ref":"refs/heads/main"}"#;
        let hex = hmac(b"s3cret", body).hex();
        let genuine =
            |provider, signature: &str| is_authentic(provider, &headers("push", signature), body, &secret);
        assert!(genuine(Provider::GitHub, &format!("sha256={hex}")));
        assert!(genuine(Provider::Gitea, &hex));
        assert!(genuine(Provider::GitLab, "s3cret"));
        for provider in Provider::ALL {
            for wrong in ["", "sha256=", "s3cres", "sha1=00", &format!("sha256={}", "0".repeat(64))] {
                assert!(!genuine(provider, wrong), "{provider:?} {wrong}");
            }
        }
        let nothing = Secret::new(String::new());
        assert!(!is_authentic(Provider::GitLab, &headers("push", ""), body, &nothing), "no secret, no trust");
    }

    #[test]
    fn events_say_where_something_happened() {
        let read = |provider, event: &str, body: &str| parse(provider, &headers(event, ""), body.as_bytes());
        let push = |repository: &str, branch: &str| {
            Some(WebhookEvent::Push { repository: repository.to_owned(), branch: branch.to_owned() })
        };
        let body = r#"{"ref":"refs/heads/feature/x","repository":{"full_name":"acme/shop"}}"#;
        assert_eq!(read(Provider::GitHub, "push", body), push("acme/shop", "feature/x"));
        assert_eq!(read(Provider::Gitea, "push", body), push("acme/shop", "feature/x"));
        let body =
            r#"{"object_kind":"push","ref":"refs/heads/main","project":{"path_with_namespace":"a/b/shop"}}"#;
        let found = read(Provider::GitLab, "Push Hook", body);
        assert_eq!(found, push("a/b/shop", "main"));
        assert_eq!(found.unwrap().owner(), Some("a/b"));
        let body = r#"{"ref":"refs/tags/v1","repository":{"full_name":"acme/shop"}}"#;
        assert_eq!(read(Provider::GitHub, "push", body), Some(WebhookEvent::Other));
        let body = r#"{"action":"added","organization":{"login":"acme"}}"#;
        let people = WebhookEvent::People { organisation: "acme".to_owned() };
        assert_eq!(read(Provider::GitHub, "membership", body), Some(people));
        assert_eq!(read(Provider::GitHub, "push", "<html>"), None);
        let form = WebhookHeaders {
            content_type: "application/x-www-form-urlencoded".to_owned(),
            ..headers("ping", "")
        };
        assert_eq!(parse(Provider::GitHub, &form, b"payload=%7B%7D"), Some(WebhookEvent::Ping));
    }
}
