//! Reading customers.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::Customer;
use crate::carts::model::CartStatus;
use crate::db::Connection;
pub use crate::db::lower;
use crate::db::schema::{carts, customers};
use crate::error::{Error, Result};
use crate::ids::{CartId, CustomerId};
use crate::metadata::Metadata;

/// A row of `customers`.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = customers)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct CustomerRow {
    /// The customer's id.
    pub id: CustomerId,
    /// The verified e-mail address, as it was written.
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// The language of e-mails.
    pub locale: Option<String>,
    /// argon2id.
    pub password_hash: String,
    /// The shop's own data.
    pub metadata: Value,
    /// Raised by each change.
    pub version: i64,
    /// When the e-mail address was verified.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// The customer's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: CustomerId, lock: bool) -> Result<CustomerRow> {
    let query = customers::table.find(id).select(CustomerRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("customer"))
}

/// The customer with an e-mail address, however it is written.
///
/// # Errors
/// Those of the database.
pub async fn by_email(conn: &mut Connection, email: &str) -> Result<Option<CustomerRow>> {
    let found = customers::table.filter(lower(customers::email).eq(lower(email))).select(CustomerRow::as_select());
    Ok(found.first(conn).await.optional()?)
}

/// The customer as they see themselves.
///
/// # Errors
/// Those of the database.
pub async fn shape(conn: &mut Connection, row: CustomerRow) -> Result<Customer> {
    let open_cart_id: Option<CartId> = carts::table
        .filter(carts::customer_id.eq(row.id))
        .filter(carts::status.eq(CartStatus::Open))
        .order((carts::updated_at.desc(), carts::id.desc()))
        .select(carts::id)
        .first(conn)
        .await
        .optional()?;
    Ok(Customer {
        id: row.id,
        email: row.email,
        name: row.name,
        phone: row.phone,
        locale: row.locale.as_deref().and_then(|locale| locale.parse().ok()),
        metadata: Metadata::from_json(&row.metadata),
        open_cart_id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
