//! Vendors' objects as JSON: fresh ids, typed reads and small writes.

use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// An id as Stripe forms them: `prefix_` and 24 random letters and digits.
pub(crate) fn fresh_id(prefix: &str) -> String {
    format!("{prefix}_{}", random_text(24))
}

/// An id as Shippo forms them: 32 hexadecimal digits.
pub(crate) fn fresh_hex_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// `length` random letters and digits.
pub(crate) fn random_text(length: usize) -> String {
    rand::rng().sample_iter(&Alphanumeric).take(length).map(char::from).collect()
}

/// The string under `key`.
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// A value as text, which takes far less room.
pub(crate) fn to_text(value: &Value) -> Box<RawValue> {
    // A value is always JSON.
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The string under `key`, owned, or an empty one.
pub(crate) fn owned(object: &Value, key: &str) -> String {
    text(object, key).unwrap_or_default().to_owned()
}

/// The integer under `key`, or zero.
pub(crate) fn integer(object: &Value, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or(0)
}

/// Whether the string under `key` is `expected`.
pub(crate) fn is(object: &Value, key: &str, expected: &str) -> bool {
    text(object, key) == Some(expected)
}

/// Writes one field of an object.
pub(crate) fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Takes over every field of `more`, replacing those that exist.
pub(crate) fn merge(object: &mut Value, more: Value) {
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
}

/// An object whose `keys` are all null, as the start of a full Stripe object.
pub(crate) fn nulls(keys: &[&str]) -> Value {
    let fields: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
    Value::Object(fields)
}
