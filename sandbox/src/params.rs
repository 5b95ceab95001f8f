//! Typed reading of request parameters, with the errors Stripe gives for bad ones.

use serde_json::{Map, Value};

use crate::error::StripeError;

/// A group of parameters and the name it has in the request.
#[derive(Debug, Clone)]
pub(crate) struct Params<'a> {
    value: &'a Value,
    prefix: String,
}

impl<'a> Params<'a> {
    /// The top level of a request.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, prefix: String::new() }
    }

    /// The full bracketed name of `key` in this group.
    pub(crate) fn name(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}[{key}]", self.prefix) }
    }

    /// The whole group, untyped.
    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// The untyped value.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// Whether the parameter was sent at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// Refuses parameters that are not in `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), StripeError> {
        let unknown =
            self.value.as_object().and_then(|fields| fields.keys().find(|key| !known.contains(&key.as_str())));
        match unknown {
            Some(key) => {
                let name = self.name(key);
                Err(StripeError::invalid(format!("Received unknown parameter: {name}"))
                    .code("parameter_unknown")
                    .param(&name))
            }
            None => Ok(()),
        }
    }

    /// A string; sent empty it is an error.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, StripeError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let name = self.name(key);
        match value.as_str() {
            Some("") => Err(StripeError::invalid(format!(
                "You passed an empty string for '{name}'. We assume empty values are an attempt to \
                 unset a parameter; however '{name}' cannot be unset. You should remove '{name}' \
                 from your request or supply a non-empty value."
            ))
            .code("parameter_invalid_empty")
            .param(&name)),
            Some(text) => Ok(Some(text)),
            None => Err(StripeError::invalid(format!("Invalid string: {name}")).param(&name)),
        }
    }

    /// A string that must be there.
    pub(crate) fn required_text(&self, key: &str) -> Result<&'a str, StripeError> {
        self.text(key)?.ok_or_else(|| StripeError::missing(&self.name(key)))
    }

    /// A whole number.
    pub(crate) fn integer(&self, key: &str) -> Result<Option<i64>, StripeError> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_error| {
            let name = self.name(key);
            StripeError::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(&name)
        })
    }

    /// A whole number not below `least`.
    pub(crate) fn at_least(&self, key: &str, least: i64) -> Result<Option<i64>, StripeError> {
        match self.integer(key)? {
            Some(number) if number < least => {
                let name = self.name(key);
                Err(StripeError::invalid(format!("This value must be greater than or equal to {least}."))
                    .code("parameter_invalid_integer")
                    .param(&name))
            }
            number => Ok(number),
        }
    }

    /// A number that must be there and not below `least`.
    pub(crate) fn required_at_least(&self, key: &str, least: i64) -> Result<i64, StripeError> {
        self.at_least(key, least)?.ok_or_else(|| StripeError::missing(&self.name(key)))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, StripeError> {
        match self.text(key)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                let name = self.name(key);
                Err(StripeError::invalid(format!("Invalid boolean: {other}")).param(&name))
            }
        }
    }

    /// One of a fixed set of words.
    pub(crate) fn choice(&self, key: &str, choices: &[&str]) -> Result<Option<&'a str>, StripeError> {
        match self.text(key)? {
            Some(text) if !choices.contains(&text) => {
                let name = self.name(key);
                Err(StripeError::invalid(format!("Invalid {name}: must be one of {}", choices.join(", "))).param(&name))
            }
            text => Ok(text),
        }
    }

    /// A group of parameters.
    pub(crate) fn child(&self, key: &str) -> Result<Option<Params<'a>>, StripeError> {
        match self.raw(key) {
            None => Ok(None),
            Some(value) if value.is_object() => Ok(Some(Params { value, prefix: self.name(key) })),
            Some(_) => {
                let name = self.name(key);
                Err(StripeError::invalid(format!("Invalid object: {name}")).param(&name))
            }
        }
    }

    /// A list of groups; absent or sent empty it has no elements.
    pub(crate) fn children(&self, key: &str) -> Result<Vec<Params<'a>>, StripeError> {
        let name = self.name(key);
        match self.raw(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, value)| Params { value, prefix: format!("{name}[{index}]") })
                .collect()),
            Some(_) => Err(StripeError::invalid(format!("Invalid array: {name}")).param(&name)),
        }
    }

    /// A list of words.
    pub(crate) fn words(&self, key: &str) -> Vec<String> {
        match self.raw(key) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// `metadata` within Stripe's limits: 50 keys, 40 characters a key, 500 a value.
    pub(crate) fn metadata(&self) -> Result<Value, StripeError> {
        let mut kept = Map::new();
        let name = self.name("metadata");
        let Some(value) = self.raw("metadata") else {
            return Ok(Value::Object(kept));
        };
        if let Some(fields) = value.as_object() {
            for (key, value) in fields {
                let text = value
                    .as_str()
                    .ok_or_else(|| StripeError::invalid("Metadata values must be strings.").param(&name))?;
                check_metadata(key, text, &name)?;
                if !text.is_empty() {
                    kept.insert(key.clone(), Value::String(text.to_owned()));
                }
            }
        } else if value.as_str() != Some("") {
            return Err(StripeError::invalid("Metadata must be a hash.").param(&name));
        }
        if kept.len() > 50 {
            return Err(StripeError::invalid("Metadata can have up to 50 keys.").param(&name));
        }
        Ok(Value::Object(kept))
    }
}

fn check_metadata(key: &str, value: &str, name: &str) -> Result<(), StripeError> {
    if key.chars().count() > 40 {
        return Err(StripeError::invalid(format!(
            "Metadata keys can be at most 40 characters long; '{key}' is longer."
        ))
        .param(name));
    }
    if value.chars().count() > 500 {
        return Err(StripeError::invalid(format!(
            "Metadata values can have up to 500 characters; the value of '{key}' is longer."
        ))
        .param(name));
    }
    Ok(())
}
