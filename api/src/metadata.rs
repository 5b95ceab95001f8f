//! Metadata: the shop's own keys and values on a resource, with Stripe's limits.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use validator::{Validate, ValidationError, ValidationErrors};

/// Up to 50 keys of at most 40 characters with values of at most 500. A key given twice is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, String>, example = json!({"source": "app"}))]
pub struct Metadata(pub BTreeMap<String, String>);

impl Metadata {
    /// As the database keeps it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<serde_json::Map<_, _>>().into()
    }

    /// From the database; what is not text is left out.
    #[must_use]
    pub fn from_json(value: &serde_json::Value) -> Self {
        let members = value.as_object().into_iter().flatten();
        Self(members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, String>()? {
                    if members.insert(key.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format_args!("duplicate field `{key}`")));
                    }
                }
                Ok(Metadata(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Validate for Metadata {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let fits = |text: &str, most: usize| text.chars().count() <= most && !text.contains('\0');
        let lawful = self.0.len() <= 50
            && self.0.iter().all(|(key, value)| !key.is_empty() && fits(key, 40) && fits(value, 500));
        if lawful {
            return Ok(());
        }
        let mut errors = ValidationErrors::new();
        let message = "may have at most 50 keys of 1 to 40 characters with values of at most 500";
        errors.add("__all__", ValidationError::new("length").with_message(message.into()));
        Err(errors)
    }
}
