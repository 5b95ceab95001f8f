//! The database: pool, transactions, error mapping. Domain functions take a connection; handlers and jobs take it
//! from the [`pool`].

pub mod group;
pub mod json;
pub mod pool;
mod prepared;
pub mod replica;
pub mod roles;
pub mod schema;
pub mod statement;
mod text_enum;

pub use prepared::Prepare;
pub(crate) use text_enum::{text_enum, text_value};

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use scoped_futures::ScopedBoxFuture;

use crate::error::{Error, Result};

mod functions {
    use diesel::sql_types::{Nullable, Text};

    diesel::define_sql_function! {
        /// PostgreSQL's `lower`: e-mail addresses are compared by it on both sides, so that its idea of case holds for
        /// both.
        fn lower(text: Text) -> Text;
    }

    diesel::define_sql_function! {
        /// PostgreSQL's `random`. As an order: by lot, so that rows which stay in a queue keep no other from its turn.
        fn random() -> Double;
    }

    diesel::define_sql_function! {
        /// PostgreSQL's `COALESCE` of two.
        #[sql_name = "COALESCE"]
        fn coalesce<T: diesel::sql_types::SqlType + diesel::sql_types::SingleValue>(
            first: Nullable<T>, second: Nullable<T>
        ) -> Nullable<T>;
    }
}
pub use functions::{coalesce, lower, random};

/// A connection, as domain functions take it.
pub type Connection = AsyncPgConnection;

/// What runs in a transaction: `|conn| async move { … }.scope_boxed()`.
///
/// A boxed future rather than an `AsyncFn`, as the compiler cannot yet prove those to be `Send` (rust-lang/rust#110338).
pub type Work<'work, 'conn, R> = ScopedBoxFuture<'work, 'conn, Result<R>>;

/// How often a transaction is run again after a serialization failure or a deadlock.
const RETRIES: u32 = 5;

/// Runs `work` in one READ COMMITTED transaction: committed when it answers `Ok`, else rolled back.
///
/// It is run again after a serialization failure (40001) or a deadlock (40P01), so it must have no effect
/// outside the transaction. No provider is called inside.
///
/// # Errors
/// What `work` or the database answered.
pub async fn transaction<'work, R, F>(conn: &mut Connection, work: F) -> Result<R>
where
    F: for<'conn> Fn(&'conn mut Connection) -> Work<'work, 'conn, R>,
{
    let mut tries = 0;
    loop {
        AnsiTransactionManager::begin_transaction(conn).await?;
        let outcome = match work(conn).await {
            Ok(value) => AnsiTransactionManager::commit_transaction(conn).await.map(|()| value).map_err(Error::from),
            Err(error) => {
                AnsiTransactionManager::rollback_transaction(conn).await?;
                Err(error)
            }
        };
        match outcome {
            Err(Error::Database(error)) if tries < RETRIES && is_transient(&error) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(rand::random_range(1..10 << tries))).await;
            }
            finished => return finished,
        }
    }
}

/// Runs `work` in a transaction that is rolled back whatever it answers: a dry run.
///
/// # Errors
/// What `work` or the database answered.
pub async fn rehearse<'work, R, F>(conn: &mut Connection, work: F) -> Result<R>
where
    F: for<'conn> Fn(&'conn mut Connection) -> Work<'work, 'conn, R>,
{
    AnsiTransactionManager::begin_transaction(conn).await?;
    let outcome = work(conn).await;
    AnsiTransactionManager::rollback_transaction(conn).await?;
    outcome
}

/// Whether the database refused the data itself, so that another try would be refused as well.
#[must_use]
pub fn is_about_the_data(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, info) = error else { return false };
    let message = info.message();
    let is_passing = is_outdated(error)
        || matches!(
            kind,
            DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction
        );
    let waits = [
        "deadlock",
        "canceling statement",
        "terminating connection",
        "connection",
        "too many clients",
        "shutting down",
    ];
    !is_passing && !waits.iter().any(|word| message.contains(word))
}

/// How PostgreSQL and PgBouncer say that a connection ends, or leads nowhere at present; Diesel gives no SQLSTATE.
const ENDINGS: [&str; 6] = [
    "terminating connection",
    "server conn crashed?",
    "server login ",
    "server shutting down",
    "query_wait_timeout",
    "pooler is shutting down",
];

/// How PostgreSQL says that a connection prepared a statement before a migration changed the type of what it answers.
const OUTDATED: &str = "cached plan must not change result type";

/// Whether the connection knows a statement as it was before a migration, and would never run it again.
#[must_use]
pub fn is_outdated(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message() == OUTDATED)
}

/// Whether the connection was lost, so that what became of the statement is not known, or leads to a server that does not
/// take writes yet, or is of no use since a migration. Another connection may do.
#[must_use]
pub fn is_cut_off(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, info) = error else { return false };
    matches!(
        kind,
        DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction
    ) || is_outdated(error)
        || ENDINGS.iter().any(|ending| info.message().starts_with(ending))
}

/// Serialization failures by kind; deadlocks only by message, as Diesel gives no SQLSTATE.
fn is_transient(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, info) = error else { return false };
    matches!(kind, DatabaseErrorKind::SerializationFailure) || info.message().contains("deadlock detected")
}

/// Maps the violation of a named constraint to an error the client understands.
pub trait OnConstraint<T> {
    /// `error()` when exactly this constraint was violated.
    ///
    /// # Errors
    /// `error()`, or the database's own.
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> OnConstraint<T> for diesel::QueryResult<T> {
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|cause| {
            if let DieselError::DatabaseError(_, info) = &cause
                && info.constraint_name() == Some(name)
            {
                return error();
            }
            cause.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pool_before_the_database_says_of_its_loss_is_told_from_defects() {
        let of = |text: &str| DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()));
        for lost in [
            "terminating connection due to administrator command",
            "server login has been failing, cached error: connect failed (server_login_retry)",
            "server conn crashed?",
            "query_wait_timeout",
        ] {
            assert!(is_cut_off(&of(lost)), "{lost}");
        }
        assert!(!is_cut_off(&of("relation \"server\" does not exist")));
    }

    #[test]
    fn what_a_migration_changed_says_nothing_of_the_data() {
        let outdated = DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(OUTDATED.to_owned()));
        assert!(is_cut_off(&outdated) && !is_about_the_data(&outdated));
    }
}
