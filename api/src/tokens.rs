//! Guest tokens: the secrets that open a cart or an order to somebody without an account, and those in e-mails.
//!
//! They are derived, not stored: `base64url(HMAC-SHA256(key, kind ‖ id ‖ version))`. So a replayed answer, a
//! recovered checkout and an e-mail link can give the token again, and the database holds nothing to steal.
//! Raising the row's `token_version` revokes the token.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
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

/// What a token from an e-mail does, once. It carries the id of its row, which says until when and whether it was used.
#[derive(Debug, Clone, Copy)]
pub enum OneTime {
    /// Verifies an e-mail address; of a registration.
    EmailVerification,
    /// Sets a new password; of a password reset.
    PasswordReset,
    /// Makes somebody a member of staff; of an invitation.
    StaffInvitation,
    /// Sets a new password of a member of staff; of a password reset.
    StaffPasswordReset,
}

impl OneTime {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::EmailVerification => b"email_verification",
            Self::PasswordReset => b"password_reset",
            Self::StaffInvitation => b"staff_invitation",
            Self::StaffPasswordReset => b"staff_password_reset",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::EmailVerification => "ev_",
            Self::PasswordReset => "pr_",
            Self::StaffInvitation => "si_",
            Self::StaffPasswordReset => "sr_",
        }
    }
}

/// What a token from an e-mail opens until an end that it says itself.
#[derive(Debug, Clone, Copy)]
pub enum LinkKind {
    /// An order; sent as `X-Order-Token`.
    Order,
    /// An invoice, under the order's version; part of the address that a browser opens.
    Invoice,
}

impl LinkKind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Order => b"order_link",
            Self::Invoice => b"invoice_link",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Order => "ol_",
            Self::Invoice => "il_",
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

    /// The token that works once for a row: `ev_…`, `pr_…`, `si_…` or `sr_…`, the row's id (26 characters) and 43 more.
    #[must_use]
    pub fn derive_once(&self, kind: OneTime, id: Uuid) -> String {
        self.0.first().map(|key| one_time(key, kind, id)).unwrap_or_default()
    }

    /// The row of a token that works once; `None` when it is none of ours.
    #[must_use]
    pub fn read_once(&self, kind: OneTime, given: &str) -> Option<Uuid> {
        let id = crate::ids::decode(given.strip_prefix(kind.prefix())?.get(..26)?)?;
        self.0.iter().any(|key| one_time(key, kind, id).as_bytes().ct_eq(given.as_bytes()).into()).then_some(id)
    }

    /// The secrets that events for an endpoint are signed with: the newest version under the first key first, then every
    /// other, so that a receiver verifies whichever it was given while keys or secrets are rotated.
    #[must_use]
    pub fn webhook_secrets(&self, endpoint: Uuid, versions: RangeInclusive<i32>) -> Vec<[u8; 32]> {
        let derive = |key: &SecretString, version: i32| {
            let parts: [&[u8]; 3] = [b"webhook_endpoint", endpoint.as_bytes(), &version.to_be_bytes()];
            hmac_sha256(key.expose_secret().as_bytes(), &parts)
        };
        versions.rev().flat_map(|version| self.0.iter().map(move |key| derive(key, version))).collect()
    }

    /// The token for an e-mail: `ol_` or `il_`, its end in seconds, a full stop and 43 characters.
    #[must_use]
    pub fn derive_link(&self, kind: LinkKind, id: Uuid, version: i32, expires_at: DateTime<Utc>) -> String {
        self.0.first().map(|key| link(key, kind, id, version, expires_at.timestamp())).unwrap_or_default()
    }

    /// Whether an e-mail's token opens the resource now.
    #[must_use]
    pub fn verify_link(&self, kind: LinkKind, id: Uuid, version: i32, given: &str, now: DateTime<Utc>) -> bool {
        let end = given.strip_prefix(kind.prefix()).and_then(|rest| rest.split_once('.')).map(|(end, _)| end.parse());
        let Some(Ok(end)) = end else { return false };
        let fits = |key: &SecretString| link(key, kind, id, version, end).as_bytes().ct_eq(given.as_bytes()).into();
        self.0.iter().any(fits) && now.timestamp() < end
    }
}

fn one_time(key: &SecretString, kind: OneTime, id: Uuid) -> String {
    let mac = hmac_sha256(key.expose_secret().as_bytes(), &[kind.label(), id.as_bytes()]);
    format!("{}{}{}", kind.prefix(), crate::ids::encode(id), URL_SAFE_NO_PAD.encode(mac))
}

fn link(key: &SecretString, kind: LinkKind, id: Uuid, version: i32, end: i64) -> String {
    let parts: [&[u8]; 4] = [kind.label(), id.as_bytes(), &version.to_be_bytes(), &end.to_be_bytes()];
    let mac = hmac_sha256(key.expose_secret().as_bytes(), &parts);
    format!("{}{end}.{}", kind.prefix(), URL_SAFE_NO_PAD.encode(mac))
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

/// Bytes in hexadecimal, two lower-case digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    #[test]
    fn a_token_that_works_once_names_its_row_and_nothing_else() {
        let keys = TokenKeys::new(vec!["new".to_owned().into(), "old".to_owned().into()]);
        let (old, id) = (TokenKeys::new(vec!["old".to_owned().into()]), Uuid::now_v7());
        let token = old.derive_once(OneTime::PasswordReset, id);
        assert_eq!((token.len(), token.get(..3)), (72, Some("pr_")));
        assert_eq!(keys.read_once(OneTime::PasswordReset, &token), Some(id));
        assert_eq!(keys.read_once(OneTime::EmailVerification, &token.replacen("pr_", "ev_", 1)), None);
        let foreign = token.replacen(&crate::ids::encode(id), &crate::ids::encode(Uuid::now_v7()), 1);
        for wrong in ["", "pr_", "pr_ä", &token[..71], &format!("{token}A"), &foreign] {
            assert_eq!(keys.read_once(OneTime::PasswordReset, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_key_and_version_has_a_secret_of_its_own() {
        let keys = TokenKeys::new(vec!["new".to_owned().into(), "old".to_owned().into()]);
        let (old, id) = (TokenKeys::new(vec!["old".to_owned().into()]), Uuid::now_v7());
        let all = keys.webhook_secrets(id, 1..=2);
        assert_eq!(all.len(), 4);
        assert_eq!(all[0], keys.webhook_secrets(id, 2..=2)[0]);
        assert_eq!(all[3], old.webhook_secrets(id, 1..=1)[0]);
        assert_ne!(keys.webhook_secrets(Uuid::now_v7(), 2..=2)[0], all[0]);
    }

    #[test]
    fn a_link_opens_its_order_until_the_end_it_names() {
        let keys = TokenKeys::new(vec!["key".to_owned().into()]);
        let (id, end) = (Uuid::now_v7(), DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let token = keys.derive_link(LinkKind::Order, id, 1, end);
        let before = DateTime::from_timestamp(1_799_999_999, 0).unwrap();
        let opens = |id, version, token: &str, now| keys.verify_link(LinkKind::Order, id, version, token, now);
        assert!(token.starts_with("ol_1800000000.") && opens(id, 1, &token, before));
        assert!(!opens(id, 1, &token, end), "it is over at its end");
        assert!(!opens(id, 2, &token, before), "the order's tokens were revoked");
        assert!(!opens(Uuid::now_v7(), 1, &token, before), "another order");
        let invoice = keys.derive_link(LinkKind::Invoice, id, 1, end);
        assert!(keys.verify_link(LinkKind::Invoice, id, 1, &invoice, before) && !opens(id, 1, &invoice, before));
        assert!(!opens(id, 1, &invoice.replacen("il_", "ol_", 1), before), "each kind has its own");
        let longer = token.replacen("1800000000", "1900000000", 1);
        for wrong in [longer.as_str(), "ol_", "ol_1900000000", "ol_x.y", &keys.derive(TokenKind::Order, id, 1)] {
            assert!(!opens(id, 1, wrong, before), "{wrong}");
        }
    }
}
