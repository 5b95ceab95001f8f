//! API keys by the command line: each change with its entry in the audit log.

use chrono::{DateTime, Utc};
use scoped_futures::ScopedFutureExt;

use super::api_keys::{self, Scope};
use crate::audit::{self, Action, Author, Entry};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::ApiKeyId;

/// Makes a key and answers its token, which is not kept.
///
/// # Errors
/// Those of the database.
pub async fn issue(conn: &mut Connection, name: &str, scopes: &[Scope], now: DateTime<Utc>) -> Result<String> {
    let author = &Author::command_line();
    db::transaction(conn, |conn| {
        async move {
            let (id, token) = api_keys::create(conn, name, scopes, now).await?;
            let entry = Entry::new(Action::ApiKeyCreated, id).set("/name", name).set("/scopes", scopes);
            audit::record(conn, author, entry, now).await?;
            Ok(token)
        }
        .scope_boxed()
    })
    .await
}

/// Revokes a key; again is no change.
///
/// # Errors
/// `not_found`.
pub async fn withdraw(conn: &mut Connection, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
    let author = &Author::command_line();
    db::transaction(conn, |conn| {
        async move {
            if api_keys::revoke(conn, (id, &Scope::ALL), now).await? {
                audit::record(conn, author, Entry::new(Action::ApiKeyRevoked, id), now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
