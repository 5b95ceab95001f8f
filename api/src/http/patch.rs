//! [`Patch`]: a member of an RFC 7396 merge patch, where absent keeps, `null` clears and a value replaces.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// One member of a merge patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not given: the present value stays.
    #[default]
    Absent,
    /// Given as `null`: the value is cleared.
    Null,
    /// A new value.
    Value(T),
}

impl<T> Patch<T> {
    /// The value after the patch.
    pub fn apply_to(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Absent => present,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether it is given at all, be it as `null`.
    pub const fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The new value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// What to write into a column that may be empty: nothing, NULL, or the value.
    pub fn column(&self) -> Option<Option<&T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// What to write into a column that is never empty.
    ///
    /// # Errors
    /// `validation_failed` for `null`.
    pub fn required(&self, pointer: &str) -> Result<Option<&T>> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(Error::invalid(pointer, "required", "cannot be cleared; leave it out to keep it")),
            Self::Value(value) => Ok(Some(value)),
        }
    }
}

/// For the parameters of broken rules; absent and null are not told apart.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: validator::Validate> validator::Validate for Patch<T> {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        self.value().map_or(Ok(()), validator::Validate::validate)
    }
}

impl<T: validator::ValidateLength<u64>> validator::ValidateLength<u64> for Patch<T> {
    fn length(&self) -> Option<u64> {
        self.value().and_then(validator::ValidateLength::length)
    }
}

impl validator::ValidateRange<i64> for Patch<i64> {
    fn greater_than(&self, most: i64) -> Option<bool> {
        self.value().map(|value| *value > most)
    }

    fn less_than(&self, least: i64) -> Option<bool> {
        self.value().map(|value| *value < least)
    }
}
