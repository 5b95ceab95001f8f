//! Two database roles: one owns the tables and migrates, the service is another, which may only add to what must never be
//! rewritten.

use diesel::sql_types::{Bool, Text};
use diesel_async::SimpleAsyncConnection;

use super::Connection;
use super::statement::{Bind, Statement};
use crate::error::Result;

/// The tables that are only ever added to.
pub const APPEND_ONLY: [&str; 2] = ["audit_log", "stock_movements"];

/// Two at once would both change the catalogue's rows, which PostgreSQL refuses.
const GRANTING: i64 = 0x6d65_7278_0000_0002;

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(diesel::QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The role of a database's address.
#[must_use]
pub fn of_url(url: &str) -> Option<String> {
    url.parse::<tokio_postgres::Config>().ok()?.get_user().map(str::to_owned)
}

/// Gives a role what the service needs, as the owner of the tables; answers whether there is such a role.
///
/// # Errors
/// Those of the database.
pub async fn grant(owner: &mut Connection, role: &str) -> Result<bool> {
    let query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS found";
    let found: Option<Found> = Statement::constant(query).with(Bind::Text(role.to_owned())).optional(owner).await?;
    if !found.is_some_and(|row| row.found) {
        return Ok(false);
    }
    let (tables, sequences) = (own(owner, &["r", "p", "v", "m"]).await?, own(owner, &["S"]).await?);
    let (role, kept) = (format!("\"{}\"", role.replace('"', "\"\"")), APPEND_ONLY.join(", "));
    owner
        .batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock({GRANTING}); \
             GRANT USAGE ON SCHEMA public TO {role}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}; \
             GRANT USAGE, SELECT ON SEQUENCE {sequences} TO {role}; \
             REVOKE UPDATE, DELETE, TRUNCATE ON {kept} FROM {role}; \
             REVOKE INSERT, DELETE, TRUNCATE ON audit_head FROM {role}; \
             REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON __diesel_schema_migrations FROM {role}; COMMIT"
        ))
        .await?;
    Ok(true)
}

/// What of these kinds (tables, views, sequences) this role owns: what others own, such as an extension's tables, is not
/// its to give.
async fn own(owner: &mut Connection, kinds: &[&str]) -> Result<String> {
    let query = "SELECT format('%I', relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace \
        AND relkind::text = ANY($1) AND pg_has_role(relowner, 'USAGE') ORDER BY relname";
    let kinds = Bind::Texts(kinds.iter().map(|kind| (*kind).to_owned()).collect());
    let found: Vec<Table> = Statement::constant(query).with(kinds).load(owner).await?;
    Ok(found.into_iter().map(|each| each.name).collect::<Vec<_>>().join(", "))
}

/// The tables that are only to be added to, but could be rewritten by the role of this connection.
///
/// # Errors
/// Those of the database.
pub async fn rewritable(conn: &mut Connection) -> Result<Vec<String>> {
    let query =
        "SELECT name FROM unnest($1) AS name WHERE has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE') ORDER BY name";
    let names = Bind::Texts(APPEND_ONLY.map(str::to_owned).to_vec());
    let tables: Vec<Table> = Statement::constant(query).with(names).load(conn).await?;
    Ok(tables.into_iter().map(|table| table.name).collect())
}
