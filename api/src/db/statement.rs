//! SQL as text with its values in order: put together from parts, or constant and prepared once.

use std::borrow::Cow;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bytea, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Connection;
use super::json::JsonText;
use crate::error::Result;

/// A value of a statement.
#[derive(Debug, Clone)]
pub enum Bind {
    /// `text`
    Text(String),
    /// `text` that may be null
    NullableText(Option<String>),
    /// `text[]`
    Texts(Vec<String>),
    /// `uuid`
    Uuid(Uuid),
    /// `uuid` that may be null
    NullableUuid(Option<Uuid>),
    /// `uuid[]`
    Uuids(Vec<Uuid>),
    /// `bigint`
    Int(i64),
    /// `bigint[]`
    Ints(Vec<i64>),
    /// `timestamptz`
    Time(DateTime<Utc>),
    /// `timestamptz[]`
    Times(Vec<DateTime<Utc>>),
    /// `bytea`
    Bytes(Vec<u8>),
    /// `jsonb`
    Json(JsonText),
    /// `jsonb` that may be null
    NullableJson(Option<JsonText>),
}

/// The pattern for `LIKE` of texts that hold a word.
#[must_use]
pub fn holding(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// A statement. Only constant text is pushed; whatever came from outside is bound.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    pieces: Vec<Piece>,
    binds: Vec<Bind>,
    is_prepared: bool,
}

/// Text whose placeholders are of the statement's own values, or a statement with values of its own.
#[derive(Debug, Clone)]
enum Piece {
    Text(Cow<'static, str>),
    Inner(Statement),
}

impl Statement {
    /// One of constant text, with `$1`, `$2`, … for the values that [`Self::with`] adds. Each connection prepares it once,
    /// where `diesel::sql_query` has it parsed and planned anew at every run: a third of the database's work at a purchase.
    ///
    /// Where a row is found by its key, its state is compared with `(SELECT 'held')` and not with `'held'`: by that PostgreSQL
    /// would look for the key among all that a partial index of the state holds, which are few only in a shop at rest.
    #[must_use]
    pub fn constant(text: &'static str) -> Self {
        Self { pieces: vec![Piece::Text(Cow::Borrowed(text))], binds: Vec::new(), is_prepared: true }
    }

    /// The same, prepared once on each connection. Only for texts of which there are few: they are kept.
    #[must_use]
    pub fn prepared(mut self) -> Self {
        self.is_prepared = true;
        self
    }

    /// Several as one, prepared once: one round trip and one plan. Each sees the rows as they were before all of them, and
    /// what refers to a row of another is checked at the end. The last answers; those before it are named for it and for
    /// one another, and must not begin with `WITH` themselves.
    #[must_use]
    pub fn together(named: impl IntoIterator<Item = (&'static str, Self)>, last: Self) -> Self {
        let mut all = Self { is_prepared: true, ..Self::default() };
        for (index, (name, statement)) in named.into_iter().enumerate() {
            for text in [if index == 0 { "WITH " } else { ", " }, name, " AS ("] {
                all.pieces.push(Piece::Text(Cow::Borrowed(text)));
            }
            all.append(statement).pieces.push(Piece::Text(Cow::Borrowed(") ")));
        }
        all.append(last);
        all
    }

    /// Adds the value of the next placeholder.
    #[must_use]
    pub fn with(mut self, value: Bind) -> Self {
        self.binds.push(value);
        self
    }

    /// That a column of texts in lower case holds a word, however that is written.
    #[must_use]
    pub fn contains(column: &str, word: &str) -> Self {
        let mut statement = Self::default();
        statement.push(column).push(" LIKE lower(").bind(Bind::Text(holding(word))).push(")");
        statement
    }

    /// Adds constant text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        match self.pieces.last_mut() {
            Some(Piece::Text(Cow::Owned(last))) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(Cow::Owned(text.to_owned()))),
        }
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        let placeholder = format!("${}", self.binds.len());
        self.push(&placeholder)
    }

    /// Adds another statement's text and values.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.pieces.push(Piece::Inner(other));
        self
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => self.walk_text(text, out)?,
                Piece::Inner(statement) => statement.walk(out)?,
            }
        }
        Ok(())
    }

    /// Text with values at its placeholders.
    fn walk_text<'b>(&'b self, text: &'b str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, part) in text.split('$').enumerate() {
            let digits = if index == 0 { 0 } else { part.bytes().take_while(u8::is_ascii_digit).count() };
            let (number, rest) = part.split_at(digits);
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            if let Some(value) = place.and_then(|place| self.binds.get(place)) {
                value.push(out)?;
            }
            out.push_sql(rest);
        }
        Ok(())
    }

    /// The same, whose rows are read by the places of their columns, of the types `ST`, and not by their names: looking those
    /// up takes longest for many rows of many columns.
    #[must_use]
    pub const fn by_place<ST>(self) -> ByPlace<ST> {
        ByPlace { statement: self, columns: PhantomData }
    }

    /// Runs it and answers its rows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load<T>(self, conn: &mut Connection) -> Result<Vec<T>>
    where
        T: diesel::QueryableByName<Pg> + Send + 'static,
    {
        Ok(RunQueryDsl::load(self, conn).await?)
    }

    /// Runs it and answers its only row, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn optional<T>(self, conn: &mut Connection) -> Result<Option<T>>
    where
        T: diesel::QueryableByName<Pg> + Send + 'static,
    {
        Ok(self.load(conn).await?.pop())
    }

    /// Runs it and answers how many rows it touched.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(self, conn: &mut Connection) -> Result<usize> {
        Ok(RunQueryDsl::execute(self, conn).await?)
    }
}

impl Bind {
    /// `jsonb`, written out at once, so that no copy of the value is made.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Self::Json(JsonText::of(value))
    }

    /// `jsonb` that may be null.
    #[must_use]
    pub fn nullable_json(value: Option<&serde_json::Value>) -> Self {
        Self::NullableJson(value.map(JsonText::of))
    }

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Text(value) => out.push_bind_param::<Text, _>(value),
            Self::NullableText(value) => out.push_bind_param::<Nullable<Text>, _>(value),
            Self::Texts(value) => out.push_bind_param::<Array<Text>, _>(value),
            Self::Uuid(value) => out.push_bind_param::<SqlUuid, _>(value),
            Self::NullableUuid(value) => out.push_bind_param::<Nullable<SqlUuid>, _>(value),
            Self::Uuids(value) => out.push_bind_param::<Array<SqlUuid>, _>(value),
            Self::Int(value) => out.push_bind_param::<BigInt, _>(value),
            Self::Ints(value) => out.push_bind_param::<Array<BigInt>, _>(value),
            Self::Time(value) => out.push_bind_param::<Timestamptz, _>(value),
            Self::Times(value) => out.push_bind_param::<Array<Timestamptz>, _>(value),
            Self::Bytes(value) => out.push_bind_param::<Bytea, _>(value),
            Self::Json(value) => out.push_bind_param::<Jsonb, _>(value),
            Self::NullableJson(value) => out.push_bind_param::<Nullable<Jsonb>, _>(value),
        }
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_prepared {
            out.unsafe_to_cache_prepared();
        }
        self.walk(&mut out)
    }
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl QueryId for Statement {
    type QueryId = ();
    // Prepared statements are found by their text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A statement whose columns have the types `ST`, in this order.
#[derive(Debug, Clone)]
pub struct ByPlace<ST> {
    statement: Statement,
    columns: PhantomData<ST>,
}

impl<ST> QueryFragment<Pg> for ByPlace<ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<ST> Query for ByPlace<ST> {
    type SqlType = ST;
}

impl<ST> QueryId for ByPlace<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appended_values_keep_their_places() {
        let mut inner = Statement::default();
        inner.push("b = ").bind(Bind::Int(2)).push(" AND c = ").bind(Bind::Int(3));
        let mut outer = Statement::default();
        outer.push("a = ").bind(Bind::Int(1)).push(" AND ").append(inner).push(" AND d = ").bind(Bind::Int(4));
        let sql = diesel::debug_query::<Pg, _>(&outer).to_string();
        assert_eq!(sql, "a = $1 AND b = $2 AND c = $3 AND d = $4 -- binds: [1, 2, 3, 4]");
    }

    #[test]
    fn several_are_one_with_their_values_in_order() {
        let insert = |table: &'static str| Statement::constant(table).with(Bind::Int(1)).with(Bind::Int(2));
        let all = Statement::together([("a", insert("x = $2, y = $1"))], insert("p = $1, q = $2, r = $1"));
        let sql = diesel::debug_query::<Pg, _>(&all).to_string();
        assert_eq!(sql, "WITH a AS (x = $1, y = $2) p = $3, q = $4, r = $5 -- binds: [2, 1, 1, 2, 1]");
    }

    #[test]
    fn a_value_may_be_used_twice() {
        let statement =
            Statement::constant("a = $2 OR b = $1 OR c = $2").with(Bind::Int(1)).with(Bind::Text("x".into()));
        let sql = diesel::debug_query::<Pg, _>(&statement).to_string();
        assert_eq!(sql, "a = $1 OR b = $2 OR c = $3 -- binds: [\"x\", 1, \"x\"]");
    }
}
