//! Reading a JSON body, collecting what is wrong field by field as Shippo does.

use serde_json::{Map, Value, json};

use crate::arithmetic;
use crate::shippo::{Outcome, Refusal};

/// Longest text that can be attached to an object.
const LONGEST_METADATA: usize = 100;

/// Decimal places of weights, lengths and values.
pub(super) const PLACES: usize = 4;

/// Largest number with six digits before the point, in units of [`PLACES`].
const LARGEST: i64 = 9_999_999_999;

/// An object that is being read.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    body: &'a Value,
    problems: Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The fields of `body`; of anything but an object there are none.
    pub(super) fn of(body: &'a Value) -> Self {
        Self { body, problems: Map::new() }
    }

    /// The value, unless it is absent or null.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.body.get(key).filter(|value| !value.is_null())
    }

    /// Notes what is wrong with a field.
    pub(super) fn blame(&mut self, key: &str, text: &str) {
        self.problems.insert(key.to_owned(), json!([text]));
    }

    /// A text; empty when absent.
    pub(super) fn text(&mut self, key: &str) -> &'a str {
        match self.raw(key) {
            None => "",
            Some(Value::String(text)) => text,
            Some(_) => {
                self.blame(key, "Not a valid string.");
                ""
            }
        }
    }

    /// A text that must be there and not be blank.
    pub(super) fn required(&mut self, key: &str) -> &'a str {
        let text = self.text(key);
        if self.raw(key).is_none() {
            self.blame(key, "This field is required.");
        } else if text.trim().is_empty() && !self.problems.contains_key(key) {
            self.blame(key, "This field may not be blank.");
        }
        text
    }

    /// A required text of a fixed set.
    pub(super) fn choice(&mut self, key: &str, choices: &[&str]) -> &'a str {
        let text = self.required(key);
        if !self.problems.contains_key(key) && !choices.contains(&text) {
            self.blame(key, &format!("\"{text}\" is not a valid choice."));
        }
        text
    }

    /// A required decimal text above zero with at most six digits before and four after the point.
    pub(super) fn decimal(&mut self, key: &str) -> &'a str {
        let text = self.required(key);
        if self.problems.contains_key(key) {
            return text;
        }
        match arithmetic::scaled(text, PLACES) {
            None => self.blame(key, "A valid number is required."),
            Some(0) => self.blame(key, "Ensure this value is greater than 0."),
            Some(number) if number > LARGEST => {
                self.blame(key, "Ensure that there are no more than 10 digits in total.")
            }
            Some(_) => {}
        }
        text
    }

    /// A required two-letter country, in capitals.
    pub(super) fn country(&mut self, key: &str) -> String {
        let country = self.required(key).trim().to_uppercase();
        if !self.problems.contains_key(key) && !crate::countries::is_code(&country) {
            self.blame(key, &format!("Invalid value specified for {key} '{country}'."));
        }
        country
    }

    /// `metadata`, empty when absent.
    pub(super) fn metadata(&mut self) -> &'a str {
        let text = self.text("metadata");
        if text.chars().count() > LONGEST_METADATA {
            self.blame("metadata", "Ensure this field has no more than 100 characters.");
        }
        text
    }

    /// A required object or id that `make` turns into an object.
    pub(super) fn nested(&mut self, key: &str, make: impl FnOnce(&Value) -> Outcome) -> Value {
        match self.raw(key).map(make) {
            Some(Ok(object)) => return object,
            Some(Err(refusal)) => {
                self.problems.insert(key.to_owned(), Value::Array(vec![refusal.body]));
            }
            None => self.blame(key, "This field is required."),
        }
        Value::Null
    }

    /// A required list, not empty, of objects or ids that `make` turns into objects.
    pub(super) fn nested_list(&mut self, key: &str, mut make: impl FnMut(&Value) -> Outcome) -> Vec<Value> {
        let Some(sent) = self.raw(key) else {
            self.blame(key, "This field is required.");
            return Vec::new();
        };
        let Some(sent) = sent.as_array().filter(|sent| !sent.is_empty()) else {
            self.blame(key, "Expected a list that is not empty.");
            return Vec::new();
        };
        match sent.iter().map(&mut make).collect::<Result<Vec<Value>, Refusal>>() {
            Ok(objects) => objects,
            Err(Refusal { body, .. }) => {
                self.problems.insert(key.to_owned(), Value::Array(vec![body]));
                Vec::new()
            }
        }
    }

    /// All that is wrong, or nothing.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Refusal { status: 400, body: Value::Object(self.problems) })
    }
}
