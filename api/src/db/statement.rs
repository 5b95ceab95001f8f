//! SQL that is put together from parts, with its values bound in order.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Connection;
use crate::error::Result;

/// A value of a statement.
#[derive(Debug, Clone)]
pub enum Bind {
    /// `text`
    Text(String),
    /// `text[]`
    Texts(Vec<String>),
    /// `uuid`
    Uuid(Uuid),
    /// `uuid[]`
    Uuids(Vec<Uuid>),
    /// `bigint`
    Int(i64),
    /// `timestamptz`
    Time(DateTime<Utc>),
}

/// A statement being put together. Only constant text is pushed; whatever came from outside is bound.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    text: String,
    binds: Vec<Bind>,
}

impl Statement {
    /// Adds constant text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }

    /// Adds another statement's text and values.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        let mut parts = other.text.split('$');
        self.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number = number.parse::<usize>().unwrap_or_default();
            if let Some(value) = number.checked_sub(1).and_then(|index| other.binds.get(index)) {
                self.bind(value.clone());
            }
            self.text.push_str(rest);
        }
        self
    }

    fn query(self) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        self.binds.into_iter().fold(diesel::sql_query(self.text).into_boxed(), |query, bind| match bind {
            Bind::Text(value) => query.bind::<Text, _>(value),
            Bind::Texts(value) => query.bind::<Array<Text>, _>(value),
            Bind::Uuid(value) => query.bind::<SqlUuid, _>(value),
            Bind::Uuids(value) => query.bind::<Array<SqlUuid>, _>(value),
            Bind::Int(value) => query.bind::<BigInt, _>(value),
            Bind::Time(value) => query.bind::<Timestamptz, _>(value),
        })
    }

    /// Runs it and answers its rows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load<T>(self, conn: &mut Connection) -> Result<Vec<T>>
    where
        T: diesel::QueryableByName<Pg> + Send + 'static,
    {
        Ok(self.query().load(conn).await?)
    }

    /// Runs it and answers how many rows it touched.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(self, conn: &mut Connection) -> Result<usize> {
        Ok(self.query().execute(conn).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appended_values_keep_their_places() {
        let mut inner = Statement::default();
        inner.push("b = ").bind(Bind::Int(2)).push(" AND c = ").bind(Bind::Int(3));
        let mut outer = Statement::default();
        outer.push("a = ").bind(Bind::Int(1)).push(" AND ").append(&inner);
        assert_eq!(outer.text, "a = $1 AND b = $2 AND c = $3");
        assert_eq!(outer.binds.len(), 3);
    }
}
