//! Guest tokens: the secrets that open a cart or an order to somebody without an account.
//!
//! They are derived, not stored: `base64url(HMAC-SHA256(key, kind ‖ id ‖ version))`. So a replayed answer, a
//! recovered checkout and an e-mail link can give the token again, and the database holds nothing to steal.
//! Raising the row's `token_version` revokes the token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What a token opens.
#[derive(Debug, Clone, Copy)]
pub enum TokenKind {
    /// `X-Cart-Token`
    Cart,
    /// `X-Order-Token`
    Order,
}

impl TokenKind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Cart => b"cart",
            Self::Order => b"order",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Cart => "ct_",
            Self::Order => "ot_",
        }
    }
}

/// The keys that guest tokens are derived with: the first signs, all verify.
#[derive(Debug, Clone)]
pub struct TokenKeys(Vec<SecretString>);

impl TokenKeys {
    /// Takes `MERX_TOKEN_KEYS`, in order.
    #[must_use]
    pub fn new(keys: Vec<SecretString>) -> Self {
        Self(keys)
    }

    /// The token for a resource, as the client gets it: `ct_…` or `ot_…` and 43 characters.
    #[must_use]
    pub fn derive(&self, kind: TokenKind, id: Uuid, version: i32) -> String {
        self.0.first().map(|key| token(key, kind, id, version)).unwrap_or_default()
    }

    /// Whether the token opens the resource, in constant time.
    #[must_use]
    pub fn verify(&self, kind: TokenKind, id: Uuid, version: i32, given: &str) -> bool {
        self.0.iter().any(|key| token(key, kind, id, version).as_bytes().ct_eq(given.as_bytes()).into())
    }
}

fn token(key: &SecretString, kind: TokenKind, id: Uuid, version: i32) -> String {
    let mac = hmac_sha256(key.expose_secret().as_bytes(), &[kind.label(), id.as_bytes(), &version.to_be_bytes()]);
    format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(mac))
}

/// HMAC-SHA256 (RFC 2104) over the concatenated parts.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so this is `Ok` for every input.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SHA-256 of a random secret, for keeping it at rest.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// A new random secret of 256 bits with a readable prefix, such as `sk_`.
#[must_use]
pub fn random_secret(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_one_resource_in_one_version_under_any_key() {
        let keys = TokenKeys::new(vec!["new".to_owned().into(), "old".to_owned().into()]);
        let old = TokenKeys::new(vec!["old".to_owned().into()]);
        let id = Uuid::now_v7();
        let token = old.derive(TokenKind::Cart, id, 1);
        assert!(keys.verify(TokenKind::Cart, id, 1, &token));
        assert!(!keys.verify(TokenKind::Cart, id, 2, &token));
        assert!(!keys.verify(TokenKind::Order, id, 1, &token));
        assert!(!keys.verify(TokenKind::Cart, Uuid::now_v7(), 1, &token));
        assert_ne!(keys.derive(TokenKind::Cart, id, 1), token);
    }
}
