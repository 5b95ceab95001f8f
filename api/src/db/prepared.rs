//! Writes of the query builder that each connection prepares once.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement that is prepared once on each connection, and then found by its text.
#[derive(Debug)]
pub struct Prepared<Q>(Q);

/// Diesel has every `UPDATE`, and every `INSERT` of values, parsed and planned anew at each run, as their texts could be
/// without number. Where they are few, [`Prepare::prepared`] says so: it halves what the database does for a small write.
///
/// Not for a `Vec` of rows, whose text changes with their number.
pub trait Prepare: QueryFragment<Pg> + Sized {
    /// The same statement, prepared once on each connection.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<T, U, V, R> Prepare for diesel::query_builder::UpdateStatement<T, U, V, R>
where
    T: diesel::QuerySource,
    Self: QueryFragment<Pg>,
{
}

impl<T, U, Op, R> Prepare for diesel::query_builder::InsertStatement<T, U, Op, R>
where
    T: diesel::QuerySource,
    Self: QueryFragment<Pg>,
{
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
