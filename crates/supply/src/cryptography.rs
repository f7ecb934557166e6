//! The house's one cryptography, ring, for the verification of signatures.

use std::cell::RefCell;
use std::sync::Once;

use ring::digest::{Algorithm, Context, SHA256, SHA384, SHA512, digest};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sigstore_verify::crypto::error::{Error, Result};
use sigstore_verify::crypto::{CryptoProvider, HashContext, SigningScheme, install_default_provider};
use sigstore_verify::types::HashAlgorithm;

thread_local! {
    /// The artefact that is being verified on this thread. ring verifies a signature over a message and not over its
    /// digest, so the message has to be at hand when the signature over its digest is asked for.
    static MESSAGE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs a verification with the artefact at hand.
pub(crate) fn with_message<T>(message: &[u8], verify: impl FnOnce() -> T) -> T {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            MESSAGE.with(|slot| slot.borrow_mut().take());
        }
    }
    let _forget = Forget;
    MESSAGE.with(|slot| slot.replace(Some(message.to_vec())));
    verify()
}

/// Makes ring what signatures are verified with. To be called before any verification; more than once does no harm.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    // Another provider that is there already is as good: signatures mean the same everywhere.
    INSTALLED.call_once(|| {
        let _ = install_default_provider(&Ring);
    });
}

#[derive(Debug)]
struct Ring;

struct Hash(Context);

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

fn hash_algorithm(algorithm: HashAlgorithm) -> Result<&'static Algorithm> {
    match algorithm {
        HashAlgorithm::Sha2256 => Ok(&SHA256),
        HashAlgorithm::Sha2384 => Ok(&SHA384),
        HashAlgorithm::Sha2512 => Ok(&SHA512),
        other => Err(Error::UnsupportedAlgorithm(format!("{other} is no digest that signatures use"))),
    }
}

fn signature_algorithm(scheme: SigningScheme) -> Result<&'static dyn VerificationAlgorithm> {
    Ok(match scheme {
        SigningScheme::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &ED25519,
        SigningScheme::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        SigningScheme::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        other => return Err(Error::UnsupportedAlgorithm(format!("{} is not verified here", other.name()))),
    })
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        Ok(Box::new(Hash(Context::new(hash_algorithm(algorithm)?))))
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
        UnparsedPublicKey::new(signature_algorithm(scheme)?, key)
            .verify(data, signature)
            .map_err(|_| Error::Verification(format!("the {} signature does not fit", scheme.name())))
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        asked: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let none = || Error::UnsupportedAlgorithm(format!("{} signs no digest", scheme.name()));
        let algorithm = hash_algorithm(scheme.hash_algorithm().ok_or_else(none)?)?;
        MESSAGE.with(|slot| {
            let slot = slot.borrow();
            let message = slot.as_deref().filter(|message| digest(algorithm, message).as_ref() == asked);
            let Some(message) = message else {
                let reason = "a signature over a file needs the file itself, its digest is not enough";
                return Err(Error::UnsupportedAlgorithm(reason.to_owned()));
            };
            self.verify_raw(scheme, key, message, signature)
        })
    }
}
