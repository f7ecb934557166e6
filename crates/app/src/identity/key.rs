//! The key that identities are signed with: ECDSA on P-256 with SHA-256, which JSON Web Tokens call ES256.
//!
//! Only tokens of this platform are read, so there is one algorithm, one key, and nothing that a token itself
//! could choose.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fairway_domain::Secret;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// Longer texts are no token of ours.
const TOKEN_LIMIT: usize = 8 * 1024;

/// A private key with what is published of it.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    id: String,
    x: String,
    y: String,
}

impl SigningKey {
    /// A new private key, as PKCS #8.
    pub(crate) fn generate() -> Option<Secret<Vec<u8>>> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).ok()?;
        Some(Secret::new(document.as_ref().to_vec()))
    }

    /// Reads a private key.
    pub(crate) fn read(private: &Secret<Vec<u8>>) -> Option<Self> {
        let random = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.expose(), &random).ok()?;
        // An uncompressed point: 4, then x and y with 32 bytes each.
        let (x, y) = pair.public_key().as_ref().get(1..65)?.split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The thumbprint of RFC 7638: these members, in this order, without spaces.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
        let id = URL_SAFE_NO_PAD.encode(thumbprint);
        Some(Self { pair, random, id, x, y })
    }

    /// The public half as a JSON Web Key.
    pub(crate) fn published(&self) -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "use": "sig", "alg": "ES256", "kid": self.id})
    }

    /// The signature of header and claims, as the third part of a token; `None` when the system gives no random
    /// numbers.
    pub(crate) fn signature(&self, token_type: &str, claims: &Value) -> Option<String> {
        let signature = self.pair.sign(&self.random, self.message(token_type, claims).as_bytes()).ok()?;
        Some(URL_SAFE_NO_PAD.encode(signature))
    }

    /// A whole token.
    pub(crate) fn sign(&self, token_type: &str, claims: &Value) -> Option<Secret<String>> {
        let signature = self.signature(token_type, claims)?;
        Some(Secret::new(format!("{}.{signature}", self.message(token_type, claims))))
    }

    fn message(&self, token_type: &str, claims: &Value) -> String {
        let header = json!({"typ": token_type, "alg": "ES256", "kid": self.id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&header), part(claims))
    }

    /// The claims of a token of this type that this key signed. Whether it still holds is not looked at.
    pub(crate) fn verify(&self, token_type: &str, token: &str) -> Option<Value> {
        if token.len() > TOKEN_LIMIT {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let header = read(header)?;
        let says = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
        if !says("alg", "ES256") || !says("typ", token_type) || !says("kid", &self.id) {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref());
        public.verify(message.as_bytes(), &signature).ok()?;
        read(claims)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::SigningKey;

    #[test]
    fn a_token_is_good_only_as_it_was_signed() {
        let key = SigningKey::read(&SigningKey::generate().unwrap()).unwrap();
        let claims = json!({"sub": "user:default/ada"});
        let token = key.sign("a", &claims).unwrap().expose().clone();
        assert_eq!(key.verify("a", &token).unwrap(), claims);
        assert_eq!(key.verify("b", &token), None, "another type of token");

        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = URL_SAFE_NO_PAD.encode(json!({"sub": "user:default/root"}).to_string());
        assert_eq!(key.verify("a", &parts.join(".")), None, "other claims");
        let unsigned = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "a"}).to_string());
        assert_eq!(key.verify("a", &format!("{unsigned}.{}.", parts[1])), None, "no signature");

        let other = SigningKey::read(&SigningKey::generate().unwrap()).unwrap();
        assert_eq!(other.verify("a", &token), None, "another key");
        for nonsense in ["", ".", "..", "a.b.c", "💥.💥.💥"] {
            assert_eq!(key.verify("a", nonsense), None, "{nonsense}");
        }
    }
}
