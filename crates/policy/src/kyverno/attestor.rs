//! Attestors of `verifyImages`: who has to have signed. Only identities that somebody vouches for can be told here; the
//! signatures of keys and certificates are not among what is known.

use regex::Regex;
use serde_json::Value;

use super::jmespath::QueryError;
use super::wildcard;
use crate::cel::compile_pattern;
use crate::supply_chain::Signature;

/// How deep attestors may stand in others.
const MAX_DEPTH: usize = 8;

/// Whether an image has what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Given,
    /// It does not, and why.
    Broken(String),
    /// Nobody can say, and why.
    Unknown(String),
}

/// So many of some attestors.
#[derive(Clone, Debug)]
pub(crate) struct AttestorSet {
    count: usize,
    entries: Vec<Attestor>,
}

#[derive(Clone, Debug)]
enum Attestor {
    Keyless(Keyless),
    Set(AttestorSet),
    /// One that is not evaluated, and why.
    Other(String),
}

/// An identity and who vouches for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyless {
    identity: Vec<Expected>,
    issuer: Vec<Expected>,
    /// What else it asks for, which nobody can say here.
    beyond: Option<String>,
}

#[derive(Clone, Debug)]
enum Expected {
    Wildcard(String),
    Pattern(Regex),
}

impl Expected {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => wildcard::fits(pattern, text),
            Self::Pattern(regex) => regex.is_match(text),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Wildcard(text) => text,
            Self::Pattern(regex) => regex.as_str(),
        }
    }
}

fn is_there(value: Option<&Value>) -> bool {
    value.is_some_and(|it| match it {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    })
}

fn wrong(message: impl Into<String>) -> QueryError {
    QueryError::Failed(message.into())
}

impl AttestorSet {
    /// Reads a list of sets, each of which has to be content.
    pub(crate) fn list(value: Option<&Value>) -> Result<Vec<Self>, QueryError> {
        match value {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| Self::read(item, 0)).collect(),
            Some(_) => Err(wrong("attestors is not a list")),
        }
    }

    /// The attestor that stands in the entry itself, as older policies have it.
    pub(crate) fn shorthand(entry: &Value) -> Result<Option<Self>, QueryError> {
        let has = |key: &str| is_there(entry.get(key));
        let attestor = if has("key") {
            Attestor::Other("a public key is asked for, and only keyless signatures are known".to_owned())
        } else if ["issuer", "subject", "roots", "additionalExtensions"].iter().any(|key| has(key)) {
            Attestor::Keyless(Keyless::read(entry)?)
        } else {
            return Ok(None);
        };
        Ok(Some(Self { count: 1, entries: vec![attestor] }))
    }

    /// Anybody whose signature holds.
    pub(crate) fn anybody() -> Self {
        Self { count: 1, entries: vec![Attestor::Keyless(Keyless::default())] }
    }

    fn read(value: &Value, depth: usize) -> Result<Self, QueryError> {
        if depth > MAX_DEPTH {
            return Err(wrong(format!("attestors stand more than {MAX_DEPTH} deep in others")));
        }
        let entries = value.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if entries.is_empty() {
            let nobody = Attestor::Other("attestors without entries name nobody".to_owned());
            return Ok(Self { count: 1, entries: vec![nobody] });
        }
        let count = match value.get("count") {
            None | Some(Value::Null) => entries.len(),
            Some(count) => {
                let count = count.as_u64().and_then(|it| usize::try_from(it).ok());
                count.filter(|it| (1..=entries.len()).contains(it)).ok_or_else(|| {
                    wrong(format!("the count of attestors has to be between 1 and {}", entries.len()))
                })?
            }
        };
        let entries = entries.iter().map(|entry| Attestor::read(entry, depth)).collect::<Result<_, _>>()?;
        Ok(Self { count, entries })
    }

    /// Whether it asks for nobody but identities.
    pub(crate) fn is_keyless(&self) -> bool {
        self.entries.iter().all(|entry| match entry {
            Attestor::Keyless(keyless) => keyless.beyond.is_none(),
            Attestor::Set(set) => set.is_keyless(),
            Attestor::Other(_) => false,
        })
    }

    /// Whether enough of the entries are content.
    pub(crate) fn judge(&self, judge: &dyn Fn(&Keyless) -> Trust) -> Trust {
        let (mut given, mut broken, mut unknown) = (0, Vec::new(), Vec::new());
        for entry in &self.entries {
            let trust = match entry {
                Attestor::Keyless(keyless) => judge(keyless),
                Attestor::Set(set) => set.judge(judge),
                Attestor::Other(reason) => Trust::Unknown(reason.clone()),
            };
            match trust {
                Trust::Given => given += 1,
                Trust::Broken(reason) => broken.push(reason),
                Trust::Unknown(reason) => unknown.push(reason),
            }
        }
        let told = |mut reasons: Vec<String>| {
            reasons.dedup();
            match self.entries.len() {
                1 => reasons.join("; "),
                all => {
                    format!("{given} of {} wanted attestors, of {all}: {}", self.count, reasons.join("; "))
                }
            }
        };
        if given >= self.count {
            Trust::Given
        } else if given + unknown.len() < self.count {
            Trust::Broken(told(broken))
        } else {
            Trust::Unknown(told(unknown))
        }
    }
}

impl Attestor {
    fn read(value: &Value, depth: usize) -> Result<Self, QueryError> {
        let has = |key: &str| is_there(value.get(key));
        let known = "and only keyless signatures are known";
        if has("annotations") {
            return Ok(Self::Other("annotations of signatures are asked for, and not known".to_owned()));
        }
        Ok(if has("attestor") {
            Self::Set(AttestorSet::read(value.get("attestor").unwrap_or(&Value::Null), depth + 1)?)
        } else if has("keys") {
            Self::Other(format!("a public key is asked for, {known}"))
        } else if has("certificates") {
            Self::Other(format!("a certificate is asked for, {known}"))
        } else if let Some(keyless) = value.get("keyless").filter(|it| it.is_object()) {
            Self::Keyless(Keyless::read(keyless)?)
        } else {
            return Err(wrong("an entry of attestors has none of keyless, keys, certificates and attestor"));
        })
    }
}

impl Keyless {
    fn read(value: &Value) -> Result<Self, QueryError> {
        let mut beyond = None;
        let mut expected = |plain: &str, pattern: &str| -> Result<Vec<Expected>, QueryError> {
            let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
            let mut all = Vec::new();
            for (text, is_pattern) in [(text(plain), false), (text(pattern), true)] {
                let Some(text) = text else { continue };
                if text.contains("{{") {
                    beyond = Some("variables in attestors are not resolved here".to_owned());
                } else if is_pattern {
                    all.push(Expected::Pattern(compile_pattern(text).map_err(wrong)?));
                } else {
                    all.push(Expected::Wildcard(text.to_owned()));
                }
            }
            Ok(all)
        };
        let (identity, issuer) = (expected("subject", "subjectRegExp")?, expected("issuer", "issuerRegExp")?);
        for (key, what) in [
            ("/additionalExtensions", "extensions of the certificate are asked for, and not known"),
            ("/roots", "it names roots of its own, and signatures are verified with those of the platform"),
            (
                "/rekor/pubkey",
                "it names a log of its own, and signatures are verified with those of the platform",
            ),
            (
                "/ctlog/pubkey",
                "it names a log of its own, and signatures are verified with those of the platform",
            ),
        ] {
            if is_there(value.pointer(key)) {
                beyond = Some(what.to_owned());
            }
        }
        Ok(Self { identity, issuer, beyond })
    }

    /// Whether a signature that holds is by who is asked for.
    pub(crate) fn fits(&self, signature: &Signature) -> bool {
        self.identity.iter().all(|it| it.fits(&signature.identity))
            && self.issuer.iter().all(|it| it.fits(&signature.issuer))
    }

    /// What it asks for beyond identity and issuer, which cannot be told.
    pub(crate) fn beyond(&self) -> Option<&str> {
        self.beyond.as_deref()
    }
}

impl std::fmt::Display for Keyless {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |list: &[Expected]| list.iter().map(Expected::as_str).collect::<Vec<_>>().join(" and ");
        match (words(&self.identity).as_str(), words(&self.issuer).as_str()) {
            ("", "") => formatter.write_str("anybody"),
            (identity, "") => formatter.write_str(identity),
            ("", issuer) => write!(formatter, "somebody for whom {issuer} vouches"),
            (identity, issuer) => write!(formatter, "{identity}, for whom {issuer} vouches,"),
        }
    }
}
