//! What the law asks of a shop that keeps personal data (GDPR, articles 15 and 17): giving it out, and erasing it.
//!
//! Erasing keeps what is no longer about a person: orders with their amounts, goods and countries. Invoices stay as they
//! were issued, as the law wants them kept (article 17, 3 b).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

use super::directory::{self, StaffCustomer};
use super::read;
use crate::db::schema::{
    account_requests, carts, customer_addresses, customer_registrations, customer_sessions, customers, emails, orders,
    password_resets,
};
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, lower};
use crate::error::{Code, Error, Result};
use crate::ids::{CustomerId, OrderId};
use crate::orders::list::{DISPUTED, TO_FULFILL};
use crate::orders::model::Order;
use crate::orders::read as orders_read;
use crate::orders::timeline::{self, EventKind};

/// Why a customer's data is erased.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// For whoever asks later; without personal data.
    #[schema(min_length = 1, max_length = 500, example = "asked for by letter")]
    #[validate(length(min = 1, max = 500))]
    pub reason: String,
}

/// All that the shop keeps about a customer.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CustomerExport {
    /// When it was put together.
    pub exported_at: DateTime<Utc>,
    /// The customer, with their addresses.
    pub customer: StaffCustomer,
    /// Their orders, newest first, those included that were placed as a guest under the verified address.
    pub orders: Vec<Order>,
    /// E-mails of the last 90 days, newest first.
    pub emails: Vec<ExportedEmail>,
    /// Devices that are or were logged in.
    pub sessions: Vec<ExportedSession>,
    /// Carts with an address of theirs, newest first.
    pub carts: Vec<ExportedCart>,
}

/// An e-mail that was sent to a customer.
#[derive(Queryable, Serialize, utoipa::ToSchema)]
pub struct ExportedEmail {
    /// What it said.
    pub kind: String,
    /// Where it went.
    pub recipient: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A device that is or was logged in.
#[derive(Queryable, Serialize, utoipa::ToSchema)]
pub struct ExportedSession {
    /// The program, by its own word.
    pub user_agent: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed.
    pub last_used_at: DateTime<Utc>,
}

/// A cart of a customer.
#[derive(Queryable, Serialize, utoipa::ToSchema)]
pub struct ExportedCart {
    /// The e-mail address in it.
    pub email: Option<String>,
    /// Where its goods would go.
    #[schema(value_type = Option<Object>)]
    pub shipping_address: Option<Value>,
    /// Who would pay.
    #[schema(value_type = Option<Object>)]
    pub billing_address: Option<Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Refuses a customer whose data was erased.
///
/// # Errors
/// `not_found`; `wrong_status`.
pub async fn require_present(conn: &mut Connection, id: CustomerId) -> Result<()> {
    let erased: Option<Option<DateTime<Utc>>> =
        customers::table.find(id).select(customers::erased_at).first(conn).await.optional()?;
    match erased.ok_or_else(|| Error::not_found("customer"))? {
        Some(_) => {
            Err(Error::problem(Code::WrongStatus, "This customer's data was erased; nothing is left to change."))
        }
        None => Ok(()),
    }
}

/// The orders of a customer, and those under their address that are nobody's, by id.
async fn orders_of(conn: &mut Connection, id: CustomerId, email: &str) -> Result<Vec<OrderId>> {
    let of_guest = orders::customer_id.is_null().and(lower(orders::email).eq(lower(email)));
    let theirs = orders::table.filter(orders::customer_id.eq(id).or(of_guest.nullable()));
    Ok(theirs.order(orders::id).select(orders::id).load(conn).await?)
}

/// All that the shop keeps about a customer.
///
/// # Errors
/// `not_found`.
pub async fn export(conn: &mut Connection, id: CustomerId, now: DateTime<Utc>) -> Result<CustomerExport> {
    let customer = directory::find(conn, id, now).await?;
    let theirs = orders_of(conn, id, &customer.email).await?;
    let mut found = Vec::new();
    for some in theirs.rchunks(100) {
        found.extend(orders_read::find_many(conn, some).await?.into_iter().rev());
    }
    // Anybody can begin to buy under somebody else's address.
    found.retain(|order| order.customer_id.is_some() || order.paid_at.is_some());
    let sent: Vec<ExportedEmail> = emails::table
        .filter(lower(emails::recipient).eq(lower(&customer.email)))
        .order(emails::created_at.desc())
        .select((emails::kind, emails::recipient, emails::created_at))
        .load(conn)
        .await?;
    let sessions: Vec<ExportedSession> = customer_sessions::table
        .filter(customer_sessions::customer_id.eq(id))
        .order(customer_sessions::created_at.desc())
        .select((customer_sessions::user_agent, customer_sessions::created_at, customer_sessions::last_used_at))
        .load(conn)
        .await?;
    let carts: Vec<ExportedCart> = carts::table
        .filter(carts::customer_id.eq(id))
        .order(carts::updated_at.desc())
        .select((carts::email, carts::shipping_address, carts::billing_address, carts::created_at))
        .load(conn)
        .await?;
    Ok(CustomerExport { exported_at: now, customer, orders: found, emails: sent, sessions, carts })
}

#[derive(diesel::QueryableByName)]
struct Unfinished {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: OrderId,
}

/// Refuses while an order still needs to know whom it is for.
async fn require_finished(conn: &mut Connection, theirs: &[OrderId]) -> Result<()> {
    let mut statement = Statement::default();
    statement.push("SELECT id FROM orders WHERE id = ANY(").bind(Bind::Uuids(theirs.iter().map(|id| id.0).collect()));
    statement.push(&format!(
        ") AND (status = 'pending' OR {DISPUTED} OR {TO_FULFILL} \
         OR EXISTS (SELECT FROM refunds WHERE order_id = orders.id AND refunds.status = 'pending')) ORDER BY id LIMIT 10"
    ));
    let open: Vec<Unfinished> = statement.load(conn).await?;
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = open.iter().map(|order| order.id.to_string()).collect();
    let detail = format!(
        "Orders are still to be paid, sent, refunded or decided: {}. Finish or cancel them, then erase.",
        ids.join(", ")
    );
    Err(Error::problem(Code::WrongStatus, detail).with("order_ids", ids))
}

/// Erases a customer: the account cannot be used any more, and nothing tells whose the orders were. In a transaction. Again
/// is no change; answers whether it was one.
///
/// # Errors
/// `not_found`; `wrong_status` while an order is not finished.
pub async fn erase(
    conn: &mut Connection,
    id: CustomerId,
    erasure: &Erasure,
    (actor, now): (&str, DateTime<Utc>),
) -> Result<bool> {
    let customer = read::row(conn, id, true).await?;
    let erased: Option<DateTime<Utc>> = customers::table.find(id).select(customers::erased_at).first(conn).await?;
    if erased.is_some() {
        return Ok(false);
    }
    let theirs = orders_of(conn, id, &customer.email).await?;
    lock(conn, (id, &customer.email), &theirs).await?;
    require_finished(conn, &theirs).await?;
    forget_account(conn, id, &customer.email).await?;
    forget_orders(conn, &theirs, now).await?;
    forget_carts(conn, (id, &customer.email)).await?;
    for order in &theirs {
        timeline::record(conn, *order, EventKind::Erased, json!({"by": actor}), now).await?;
    }
    diesel::update(customers::table.find(id))
        .set((
            customers::email.eq(format!("{id}@erased.invalid")),
            customers::name.eq(None::<String>),
            customers::phone.eq(None::<String>),
            customers::locale.eq(None::<String>),
            customers::password_hash.eq(super::password::NOBODY),
            customers::metadata.eq(json!({})),
            customers::note.eq(None::<String>),
            // Neither is told of it: what Stripe keeps is deleted there.
            customers::stripe_refused_at.eq(now),
            customers::erased_at.eq(now),
            customers::erase_reason.eq(&erasure.reason),
            customers::version.eq(customers::version + 1),
            customers::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}

/// Carts of the account, and those that a guest left under its address (`$2`) without ordering.
macro_rules! their_carts {
    () => {
        "(customer_id = $1 OR customer_id IS NULL AND lower(email) = lower($2) \
         AND NOT EXISTS (SELECT FROM orders WHERE orders.cart_id = carts.id))"
    };
}

/// Carts, then orders, by id, as everybody locks them.
async fn lock(conn: &mut Connection, (id, email): (CustomerId, &str), theirs: &[OrderId]) -> Result<()> {
    Statement::constant(concat!("SELECT FROM carts WHERE ", their_carts!(), " ORDER BY id FOR NO KEY UPDATE"))
        .with(Bind::Uuid(id.0))
        .with(Bind::Text(email.to_owned()))
        .execute(conn)
        .await?;
    let by_id = orders::table.filter(orders::id.eq_any(theirs)).order(orders::id).select(orders::id);
    by_id.for_no_key_update().load::<OrderId>(conn).await?;
    Ok(())
}

/// Sessions, addresses, links, mails: whatever is there for the account alone.
async fn forget_account(conn: &mut Connection, id: CustomerId, email: &str) -> Result<()> {
    diesel::delete(customer_sessions::table.filter(customer_sessions::customer_id.eq(id))).execute(conn).await?;
    diesel::delete(customer_addresses::table.filter(customer_addresses::customer_id.eq(id))).execute(conn).await?;
    diesel::delete(password_resets::table.filter(password_resets::customer_id.eq(id))).execute(conn).await?;
    let requests = account_requests::table.filter(lower(account_requests::email).eq(lower(email)));
    diesel::delete(requests).execute(conn).await?;
    let registrations = customer_registrations::table.filter(lower(customer_registrations::email).eq(lower(email)));
    diesel::delete(registrations).execute(conn).await?;
    diesel::delete(emails::table.filter(lower(emails::recipient).eq(lower(email)))).execute(conn).await?;
    Ok(())
}

/// Who bought, where they live, what was said about them; never what was bought and paid.
async fn forget_orders(conn: &mut Connection, theirs: &[OrderId], now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<uuid::Uuid> = theirs.iter().map(|id| id.0).collect();
    let country = |column: &str| {
        format!(
            "CASE WHEN {column} IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('country', {column} -> 'country')) END"
        )
    };
    let mut statement = Statement::default();
    statement.push(&format!(
        "UPDATE orders SET email = 'erased@erased.invalid', shipping_address = {}, billing_address = {}, metadata = '{{}}', \
             tax = jsonb_set(tax, '{{tax_ids}}', '[]'), cancel_note = NULL, token_version = token_version + 1, \
             version = version + 1, updated_at = ",
        country("shipping_address"),
        country("billing_address"),
    ));
    statement.bind(Bind::Time(now)).push(" WHERE id = ANY(").bind(Bind::Uuids(ids.clone())).push(")");
    statement.execute(conn).await?;
    for text in [
        "DELETE FROM emails WHERE order_id = ANY($1)",
        "DELETE FROM order_notes WHERE order_id = ANY($1)",
        "UPDATE refunds SET note = NULL WHERE order_id = ANY($1) AND note IS NOT NULL",
        "UPDATE shipping_labels SET label_url = NULL, invoice_url = NULL WHERE order_id = ANY($1)",
        "UPDATE discount_uses SET customer = 'erased' WHERE order_id = ANY($1)",
        "UPDATE checkouts SET buyer_email = NULL, buyer_address = NULL, request_body = '' WHERE order_id = ANY($1)",
        "UPDATE carts SET email = NULL, shipping_address = NULL, billing_address = NULL, metadata = '{}', tax_ids = '[]', \
             token_version = token_version + 1, version = version + 1 \
         WHERE id IN (SELECT cart_id FROM orders WHERE id = ANY($1))",
    ] {
        Statement::constant(text).with(Bind::Uuids(ids.clone())).execute(conn).await?;
    }
    Ok(())
}

/// Who a cart was for; it is given up.
async fn forget_carts(conn: &mut Connection, (id, email): (CustomerId, &str)) -> Result<()> {
    let forget = concat!(
        "UPDATE carts SET email = NULL, shipping_address = NULL, billing_address = NULL, metadata = '{}', tax_ids = '[]', \
         status = CASE WHEN status = 'open' THEN 'abandoned' ELSE status END, token_version = token_version + 1, \
         version = version + 1 WHERE ",
        their_carts!()
    );
    Statement::constant(forget).with(Bind::Uuid(id.0)).with(Bind::Text(email.to_owned())).execute(conn).await?;
    Ok(())
}
