//! What is known of an image's signatures, held against what `verifyImages` asks for.

use std::borrow::Cow;

use serde_json::Value;

use super::attestor::{AttestorSet, Keyless, Trust};
use super::condition::Conditions;
use super::context::Scope;
use super::jmespath::{QueryError, weight};
use crate::supply_chain::{Signature, Standing};

/// What the signature over an image says that it is, where it comes as a bundle.
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// `attestations`: something that has to be attested.
#[derive(Clone, Debug)]
pub(crate) struct Attestation {
    predicate_type: String,
    attestors: Vec<AttestorSet>,
    conditions: Option<Conditions>,
}

/// Which signatures count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'w> {
    /// Those over the image itself.
    Signature,
    /// Any bundle about the image.
    Bundle,
    /// Those over an attestation of a type.
    Attestation(&'w str),
}

impl Wanted<'_> {
    fn is(self, signature: &Signature) -> bool {
        match self {
            Self::Signature => signature.predicate_type == SIGNATURE,
            Self::Bundle => true,
            Self::Attestation(wanted) => signature.predicate_type == wanted,
        }
    }
}

impl std::fmt::Display for Wanted<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signature | Self::Bundle => formatter.write_str("signature"),
            Self::Attestation(wanted) => write!(formatter, "attestation {wanted}"),
        }
    }
}

impl Attestation {
    pub(crate) fn list(value: Option<&Value>) -> Result<Vec<Self>, QueryError> {
        match value {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(Self::read).collect(),
            Some(_) => Err(QueryError::Failed("attestations is not a list".to_owned())),
        }
    }

    fn read(value: &Value) -> Result<Self, QueryError> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
        let Some(predicate_type) = text("type").or_else(|| text("predicateType")) else {
            return Err(QueryError::Failed("an attestation needs a type".to_owned()));
        };
        let conditions = value.get("conditions").filter(|it| !it.is_null());
        Ok(Self {
            predicate_type: predicate_type.to_owned(),
            attestors: AttestorSet::list(value.get("attestors"))?,
            conditions: conditions.map(|it| Conditions::read(Some(it))).transpose()?,
        })
    }

    /// Whether it asks for nobody but identities.
    pub(crate) fn is_keyless(&self) -> bool {
        self.attestors.iter().all(AttestorSet::is_keyless)
    }

    /// Whether it is attested by those whom it names, or by `otherwise` where it names nobody.
    pub(crate) fn judge<'s>(
        &'s self,
        signatures: &'s [Signature],
        otherwise: &[AttestorSet],
        scope: &'s Scope<'s>,
    ) -> Trust {
        let wanted = Wanted::Attestation(&self.predicate_type);
        let judge = |keyless: &Keyless| match by(keyless, signatures, wanted) {
            Err(trust) => trust,
            Ok(attested) => self.meets(&attested, scope),
        };
        let sets = if self.attestors.is_empty() { otherwise } else { &self.attestors };
        every(sets, &judge)
    }

    /// Whether each of some attestations meets the conditions.
    fn meets<'s>(&'s self, attested: &[&'s Signature], scope: &'s Scope<'s>) -> Trust {
        let Some(conditions) = &self.conditions else { return Trust::Given };
        let name = &self.predicate_type;
        let mut unknown = None;
        for signature in attested {
            let Some(predicate) = &signature.predicate else {
                unknown = Some(format!("what the attestation {name} says is not kept, as it is too large"));
                continue;
            };
            match holds(conditions, predicate, scope) {
                Ok(true) => {}
                Ok(false) => {
                    let by = &signature.identity;
                    return Trust::Broken(format!(
                        "the attestation {name} by {by} does not meet the conditions"
                    ));
                }
                Err(error) => unknown = Some(format!("the conditions of the attestation {name}: {error}")),
            }
        }
        unknown.map_or(Trust::Given, Trust::Unknown)
    }
}

/// Conditions see the members of the predicate by their names, in front of everything else.
fn holds<'s>(
    conditions: &Conditions,
    predicate: &'s Value,
    scope: &'s Scope<'s>,
) -> Result<bool, QueryError> {
    scope.world().budget.take(weight(predicate))?;
    let mut inner = Scope::within(scope);
    for (name, value) in predicate.as_object().into_iter().flatten() {
        inner.bind(name.as_str(), Cow::Borrowed(value));
    }
    conditions.hold(&inner)
}

/// Whether every set is content.
pub(crate) fn every(sets: &[AttestorSet], judge: &dyn Fn(&Keyless) -> Trust) -> Trust {
    let mut unknown = None;
    for set in sets {
        match set.judge(judge) {
            Trust::Given => {}
            Trust::Broken(reason) => return Trust::Broken(reason),
            Trust::Unknown(reason) => unknown = unknown.or(Some(reason)),
        }
    }
    unknown.map_or(Trust::Given, Trust::Unknown)
}

/// Whether an image is signed by whom every set asks for.
pub(crate) fn signed(sets: &[AttestorSet], signatures: &[Signature], wanted: Wanted<'_>) -> Trust {
    every(sets, &|keyless| by(keyless, signatures, wanted).err().unwrap_or(Trust::Given))
}

/// The signatures that count and are by somebody; else what that means.
fn by<'s>(
    keyless: &Keyless,
    signatures: &'s [Signature],
    wanted: Wanted<'_>,
) -> Result<Vec<&'s Signature>, Trust> {
    let standing = |signature: &&Signature| signature.standing == Standing::Verified && wanted.is(signature);
    let verified: Vec<&Signature> = signatures.iter().filter(standing).collect();
    let fitting: Vec<&Signature> = verified.iter().copied().filter(|it| keyless.fits(it)).collect();
    if !fitting.is_empty() {
        return match keyless.beyond() {
            Some(beyond) => Err(Trust::Unknown(beyond.to_owned())),
            None => Ok(fitting),
        };
    }
    if !verified.is_empty() {
        let mut by: Vec<String> =
            verified.iter().map(|it| format!("{} ({})", it.identity, it.issuer)).collect();
        by.sort();
        by.dedup();
        by.truncate(5);
        return Err(Trust::Broken(format!(
            "{keyless} is asked for, and the {wanted} is by {}",
            by.join(", ")
        )));
    }
    // What does not hold proves nothing of itself, not even what kind of thing it would be.
    let refused = signatures.iter().find_map(|it| match &it.standing {
        Standing::Refused(reason) => Some(reason),
        _ => None,
    });
    if let Some(reason) = refused {
        return Err(Trust::Broken(format!("its {wanted} does not hold: {reason}")));
    }
    let unverified = signatures.iter().find_map(|it| match &it.standing {
        Standing::NotVerified(reason) => Some(reason),
        _ => None,
    });
    Err(Trust::Unknown(match unverified {
        Some(reason) => format!("its {wanted} is not verified: {reason}"),
        None if signatures.is_empty() => format!("no {wanted} is known"),
        None => {
            let mut others: Vec<&str> = signatures.iter().map(|it| it.predicate_type.as_str()).collect();
            others.sort_unstable();
            others.dedup();
            format!("no {wanted} is known, only {}", others.join(", "))
        }
    }))
}
