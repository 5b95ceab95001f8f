//! Stored answers by `Idempotency-Key`, as Stripe keeps them for 24 hours.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::StripeError;
use crate::object;

/// How long an answer is kept, in seconds of the movable clock.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// How often what is kept no longer is looked for, in the same seconds.
const SWEEP_SECONDS: i64 = 60;

/// What makes two requests the same: method, path and parameters.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Fingerprint {
    target: String,
    form: Box<RawValue>,
}

impl Fingerprint {
    /// Of HTTP method and path, and the parsed body.
    pub(crate) fn new(target: String, form: &Value) -> Self {
        Self { target, form: object::to_text(form) }
    }

    /// In whichever order the parameters are.
    fn is_of_the_same(&self, other: &Self) -> bool {
        let is_same = |one: &RawValue, other: &RawValue| one.get() == other.get() || parsed(one) == parsed(other);
        self.target == other.target && is_same(&self.form, &other.form)
    }
}

fn parsed(text: &RawValue) -> Value {
    serde_json::from_str(text.get()).unwrap_or_default()
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Entry {
    fingerprint: Fingerprint,
    at: i64,
    answer: Option<(u16, Box<RawValue>)>,
}

/// What a request that carries a key may do.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Nobody had this key: execute, then [`Idempotency::finish`].
    Fresh,
    /// It was executed before: answer this again.
    Replay(u16, Value),
    /// Another request has the key, or had it with other parameters.
    Refused(StripeError),
}

/// The store of keys.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Idempotency {
    entries: HashMap<String, Entry>,
    /// When it was looked for what is kept no longer.
    #[serde(skip)]
    swept_at: i64,
}

impl Idempotency {
    /// Takes the key for a request that is about to execute.
    pub(crate) fn claim(&mut self, key: &str, fingerprint: &Fingerprint, now: i64) -> Claim {
        let is_kept = |entry: &Entry| now < entry.at.saturating_add(KEPT_SECONDS);
        // Not at each request, as each looks at every key of the day.
        if now.abs_diff(self.swept_at) >= SWEEP_SECONDS.unsigned_abs() {
            self.entries.retain(|_, entry| is_kept(entry));
            self.swept_at = now;
        }
        let Some(entry) = self.entries.get(key).filter(|entry| is_kept(entry)) else {
            let entry = Entry { fingerprint: fingerprint.clone(), at: now, answer: None };
            self.entries.insert(key.to_owned(), entry);
            return Claim::Fresh;
        };
        if !entry.fingerprint.is_of_the_same(fingerprint) {
            return Claim::Refused(StripeError::new(
                400,
                "idempotency_error",
                format!(
                    "Keys for idempotent requests can only be used with the same parameters they \
                     were first used with. Try using a key other than '{key}' if you meant to \
                     execute a different request."
                ),
            ));
        }
        match &entry.answer {
            Some((status, body)) => Claim::Replay(*status, parsed(body)),
            None => Claim::Refused(
                StripeError::new(
                    409,
                    "idempotency_error",
                    format!(
                        "There is currently another in-progress request using this Idempotent Key \
                         ({key}). Please try again later."
                    ),
                )
                .code("idempotency_key_in_use"),
            ),
        }
    }

    /// Stores the answer of an executed request, or frees the key when it must not be kept.
    pub(crate) fn finish(&mut self, key: &str, status: u16, body: &Value) {
        if matches!(status, 401 | 409 | 429) {
            self.entries.remove(key);
        } else if let Some(entry) = self.entries.get_mut(key) {
            entry.answer = Some((status, object::to_text(body)));
        }
    }

    /// How many keys are kept.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_in_whichever_order_its_parameters_are() {
        let of = |form: Value| Fingerprint::new("POST /v1/refunds".to_owned(), &form);
        let first = of(serde_json::json!({"amount": "5", "charge": "ch_1"}));
        assert!(first.is_of_the_same(&of(serde_json::json!({"charge": "ch_1", "amount": "5"}))));
        assert!(!first.is_of_the_same(&of(serde_json::json!({"charge": "ch_1", "amount": "6"}))));
    }

    #[test]
    fn a_key_of_yesterday_is_fresh_whether_it_was_swept_or_not() {
        let mut keys = Idempotency::default();
        let fingerprint = Fingerprint::new("POST /v1/refunds".to_owned(), &Value::Null);
        let mut claim = |key: &str, now| keys.claim(key, &fingerprint, now);
        let start = 1_000_000;
        assert!(matches!(claim("a", start), Claim::Fresh));
        assert!(matches!(claim("b", start + SWEEP_SECONDS - 1), Claim::Fresh));
        // The last second of the first key: it is looked for what is old, and none is.
        assert!(matches!(claim("a", start + KEPT_SECONDS - 1), Claim::Refused(_)));
        assert!(matches!(claim("a", start + KEPT_SECONDS), Claim::Fresh));
        assert!(matches!(claim("c", start + KEPT_SECONDS + SWEEP_SECONDS), Claim::Fresh));
        assert_eq!(keys.len(), 2, "the second key was swept");
    }
}
