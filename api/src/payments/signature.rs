//! `Stripe-Signature: t=…,v1=…`: HMAC-SHA256 over `{t}.{raw body}` (docs.stripe.com/webhooks/signature). Shippo signs its
//! webhooks in the same way.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::tokens::hmac_sha256;

/// How far the timestamp may be from our clock, in seconds: the SDKs' `DEFAULT_TOLERANCE`.
const TOLERANCE: u64 = 300;

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header, or one that cannot be read.
    #[error("the header with the signature is missing or not readable")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature's time is more than 300 seconds away")]
    Stale,
    /// Not signed by a secret of ours.
    #[error("no signature matches a configured secret")]
    Mismatch,
}

/// Checks the header against the raw body: any `v1` by any of the secrets will do, compared in constant time.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(header: &str, body: &[u8], secrets: &[SecretString], now: DateTime<Utc>) -> Result<(), SignatureError> {
    let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let time = parts.iter().find(|(name, _)| *name == "t").map(|(_, time)| *time).ok_or(SignatureError::Malformed)?;
    let seconds: i64 = time.parse().ok().ok_or(SignatureError::Malformed)?;
    let given: Vec<Vec<u8>> =
        parts.iter().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| unhex(hex)).collect();
    if given.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let is_ours = secrets.iter().any(|secret| {
        let expected = hmac_sha256(secret.expose_secret().as_bytes(), &[time.as_bytes(), b".", body]);
        given.iter().any(|signature| bool::from(signature.ct_eq(&expected)))
    });
    if !is_ours {
        return Err(SignatureError::Mismatch);
    }
    if now.timestamp().abs_diff(seconds) > TOLERANCE {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| if let [high, low] = pair { Some(high << 4 | low) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn sign(secret: &str, time: i64, body: &str) -> String {
        let mac = hmac_sha256(secret.as_bytes(), &[time.to_string().as_bytes(), b".", body.as_bytes()]);
        crate::tokens::hex(&mac)
    }

    #[test]
    fn any_signature_by_any_secret_within_the_tolerance_will_do() {
        let secrets: Vec<SecretString> = vec!["whsec_new".to_owned().into(), "whsec_old".to_owned().into()];
        let good = sign("whsec_old", 1000, "{}");
        let header = format!("t=1000,v1={},v1={good},v0=abc", "0".repeat(64));
        assert_eq!(verify(&header, b"{}", &secrets, at(1300)), Ok(()));
        assert_eq!(verify(&header, b"{}", &secrets, at(1301)), Err(SignatureError::Stale));
        assert_eq!(verify(&header, b"{}", &secrets, at(699)), Err(SignatureError::Stale));
        assert_eq!(verify(&header, b"{ }", &secrets, at(1000)), Err(SignatureError::Mismatch));
        assert_eq!(verify(&header, b"{}", &[], at(1000)), Err(SignatureError::Mismatch));
        assert_eq!(verify(&format!("t=1001,v1={good}"), b"{}", &secrets, at(1000)), Err(SignatureError::Mismatch));
        assert_eq!(verify("t=1000", b"{}", &secrets, at(1000)), Err(SignatureError::Malformed));
        assert_eq!(verify("", b"{}", &secrets, at(1000)), Err(SignatureError::Malformed));
    }

    proptest! {
        #[test]
        fn no_header_panics_or_passes(header in "\\PC{0,80}") {
            let secrets: Vec<SecretString> = vec!["whsec".to_owned().into()];
            let verdict = verify(&header, b"{}", &secrets, at(1000));
            prop_assert!(verdict.is_err());
        }
    }
}
