//! Documents of `jsonb` columns, read at once as what they hold and written as text.

use std::io::Write;

use diesel::deserialize::{FromSql, FromSqlRow, Result};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The version of the format, which has been 1 ever since.
const VERSION: &[u8] = &[1];

/// What a document holds, without a [`serde_json::Value`] made of it first.
#[derive(Debug, Clone, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> Result<Self> {
        let document = value.as_bytes().strip_prefix(VERSION).ok_or("jsonb of an unknown version")?;
        Ok(Self(serde_json::from_slice(document)?))
    }
}

/// A document as it is written.
#[derive(Debug, Clone)]
pub struct JsonText(String);

impl JsonText {
    /// Of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self(value.to_string())
    }

    /// Of what is no value, without making one of it.
    ///
    /// # Errors
    /// When it cannot be JSON, which is a defect.
    pub fn write(document: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(document).map(Self)
    }
}

impl ToSql<Jsonb, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(VERSION)?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
