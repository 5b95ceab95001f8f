//! Documents of `jsonb` columns, read at once as what they hold.

use diesel::deserialize::{FromSql, FromSqlRow, Result};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Jsonb;
use serde::de::DeserializeOwned;

/// What a document holds, without a [`serde_json::Value`] made of it first.
#[derive(Debug, Clone, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> Result<Self> {
        // The version of the format, which has been 1 ever since.
        let document = value.as_bytes().strip_prefix(&[1]).ok_or("jsonb of an unknown version")?;
        Ok(Self(serde_json::from_slice(document)?))
    }
}
