//! API keys: `sk_` for staff, `sf_` for storefronts, and 256 random bits; shown once, kept as SHA-256.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::grants;
use crate::db::schema::api_keys;
use crate::db::{Connection, text_enum};
use crate::error::{Code, Error, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::ApiKeyId;
use crate::tokens;

/// How often at most it is written down that a key is used.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

text_enum! {
    /// What an API key may do.
    Scope {
        /// Read products, drafts and stock included.
        ProductsRead => "products:read",
        /// Create and change products.
        ProductsWrite => "products:write",
        /// Adjust stock.
        InventoryWrite => "inventory:write",
        /// Read discounts and their codes.
        DiscountsRead => "discounts:read",
        /// Create and change discounts and their codes.
        DiscountsWrite => "discounts:write",
        /// Read carts.
        CartsRead => "carts:read",
        /// Change carts for shoppers.
        CartsWrite => "carts:write",
        /// Read orders.
        OrdersRead => "orders:read",
        /// Cancel orders, release holds, decide about odd payments.
        OrdersWrite => "orders:write",
        /// Send orders' goods.
        FulfillmentsWrite => "fulfillments:write",
        /// Give money back.
        RefundsWrite => "refunds:write",
        /// Read webhook endpoints, without their secrets, and what was sent to them.
        WebhooksRead => "webhooks:read",
        /// Create and change webhook endpoints, rotate their secrets, send events once more.
        WebhooksWrite => "webhooks:write",
        /// Read which e-mails were sent, without their links.
        EmailsRead => "emails:read",
        /// Read what providers delivered, personal data masked.
        InboxRead => "inbox:read",
        /// Process providers' events again, or discard them.
        InboxWrite => "inbox:write",
        /// Read background jobs.
        JobsRead => "jobs:read",
        /// Run background jobs again, discard them, pause their kinds.
        JobsWrite => "jobs:write",
        /// See the personal data in providers' events.
        PiiRead => "pii:read",
        /// Send e-mails again, and samples of them to an address.
        EmailsWrite => "emails:write",
        /// Read alerts.
        AlertsRead => "alerts:read",
        /// Acknowledge alerts.
        AlertsWrite => "alerts:write",
        /// Read measurements.
        MetricsRead => "metrics:read",
        /// Call the open endpoints for many shoppers, from a storefront's server; for keys `sf_…` only.
        Storefront => "storefront",
        /// Read the shop's settings, such as shipping zones.
        SettingsRead => "settings:read",
        /// Change the shop's settings.
        SettingsWrite => "settings:write",
        /// Read members of staff, their sessions, and roles.
        StaffRead => "staff:read",
        /// Invite members of staff, change and deactivate them, end their sessions, make roles.
        StaffWrite => "staff:write",
        /// Read API keys, without their tokens.
        ApiKeysRead => "api_keys:read",
        /// Make, change, rotate and revoke API keys.
        ApiKeysWrite => "api_keys:write",
        /// Read who changed what.
        AuditRead => "audit:read",
        /// Read sums of sales, customers and stock.
        AnalyticsRead => "analytics:read",
        /// Read customers, their addresses and what they bought; export their data.
        CustomersRead => "customers:read",
        /// Change customers, log them out, erase their data.
        CustomersWrite => "customers:write",
    }
}

/// How a storefront's key begins; it opens nothing that a shopper could not.
pub const STOREFRONT_PREFIX: &str = "sf_";

impl Scope {
    /// Every scope of staff.
    pub const ALL: [Self; 33] = [
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::InventoryWrite,
        Self::DiscountsRead,
        Self::DiscountsWrite,
        Self::CartsRead,
        Self::CartsWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::FulfillmentsWrite,
        Self::RefundsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::EmailsRead,
        Self::InboxRead,
        Self::InboxWrite,
        Self::JobsRead,
        Self::JobsWrite,
        Self::PiiRead,
        Self::EmailsWrite,
        Self::AlertsRead,
        Self::AlertsWrite,
        Self::MetricsRead,
        Self::SettingsRead,
        Self::SettingsWrite,
        Self::StaffRead,
        Self::StaffWrite,
        Self::ApiKeysRead,
        Self::ApiKeysWrite,
        Self::AuditRead,
        Self::AnalyticsRead,
        Self::CustomersRead,
        Self::CustomersWrite,
    ];

    /// The scopes that a row names. One that this version does not know opens nothing.
    #[must_use]
    pub fn known(texts: &[String]) -> Vec<Self> {
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// A key to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it may do: those of staff, or `storefront` alone.
    pub scopes: &'a [Scope],
    /// When it stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who makes it; `None` from the command line.
    pub created_by: Option<&'a str>,
}

/// A key as staff see it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct KeyRow {
    /// The key's id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// The last four characters of its token.
    pub token_hint: String,
    /// What it may do, in the words of the row.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Raised by each change.
    pub version: i64,
    /// Until when the token before the last rotation works.
    pub former_token_until: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: Option<String>,
}

impl KeyRow {
    /// How its token begins.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        prefix(&Scope::known(&self.scopes))
    }
}

fn prefix(scopes: &[Scope]) -> &'static str {
    if scopes == [Scope::Storefront] { STOREFRONT_PREFIX } else { "sk_" }
}

/// The last four characters of a token.
fn hint(token: &str) -> String {
    token.chars().skip(token.chars().count().saturating_sub(4)).collect()
}

/// Makes a key from the command line and answers its token, which is not kept.
///
/// # Errors
/// Those of the database.
pub async fn create(
    conn: &mut Connection,
    name: &str,
    scopes: &[Scope],
    now: DateTime<Utc>,
) -> Result<(ApiKeyId, String)> {
    let (row, token) = insert(conn, &NewKey { name, scopes, expires_at: None, created_by: None }, now).await?;
    Ok((row.id, token))
}

/// Makes a key and answers it with its token, which is not kept.
///
/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut Connection, new: &NewKey<'_>, now: DateTime<Utc>) -> Result<(KeyRow, String)> {
    let token = tokens::random_secret(prefix(new.scopes));
    let row = diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(ApiKeyId::new()),
            api_keys::name.eq(new.name),
            api_keys::token_hash.eq(tokens::sha256(token.as_bytes())),
            api_keys::token_hint.eq(hint(&token)),
            api_keys::scopes.eq(new.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>()),
            api_keys::created_at.eq(now),
            api_keys::expires_at.eq(new.expires_at),
            api_keys::created_by.eq(new.created_by),
        ))
        .returning(KeyRow::as_returning())
        .get_result(conn)
        .await?;
    Ok((row, token))
}

/// A living key, its name and its scopes; `None` when there is none with this token. Notes that it is used.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut Connection,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Option<(ApiKeyId, String, Vec<Scope>)>> {
    let hash = tokens::sha256(token.as_bytes());
    let former = api_keys::former_token_hash.eq(&hash).and(api_keys::former_token_until.gt(now)).assume_not_null();
    type Columns = (ApiKeyId, String, Vec<String>, Option<DateTime<Utc>>);
    let found: Option<Columns> = api_keys::table
        .filter(api_keys::token_hash.eq(&hash).or(former))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .select((api_keys::id, api_keys::name, api_keys::scopes, api_keys::last_used_at))
        .first(conn)
        .await
        .optional()?;
    let Some((id, name, scopes, last_used_at)) = found else { return Ok(None) };
    if last_used_at.is_none_or(|at| at <= now - USE_NOTED) {
        diesel::update(api_keys::table.find(id)).set(api_keys::last_used_at.eq(now)).execute(conn).await?;
    }
    Ok(Some((id, name, Scope::known(&scopes))))
}

/// All keys, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<KeyRow>> {
    let by_age = api_keys::table.order((api_keys::created_at, api_keys::id));
    Ok(by_age.select(KeyRow::as_select()).load(conn).await?)
}

/// Where a page starts: after this key, newest first.
pub type After = (DateTime<Utc>, ApiKeyId);

/// One page of keys and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn page(conn: &mut Connection, after: Option<After>, limit: i64) -> Result<Vec<KeyRow>> {
    let mut query = api_keys::table.select(KeyRow::as_select()).into_boxed();
    if let Some((created_at, id)) = after {
        let same_time = api_keys::created_at.eq(created_at).and(api_keys::id.lt(id));
        query = query.filter(api_keys::created_at.lt(created_at).or(same_time));
    }
    Ok(query.order((api_keys::created_at.desc(), api_keys::id.desc())).limit(limit + 1).load(conn).await?)
}

/// A key's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: ApiKeyId, lock: bool) -> Result<KeyRow> {
    let query = api_keys::table.find(id).select(KeyRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("API key"))
}

/// A key that is to be changed: its row under a lock, if it was not revoked.
async fn changeable(conn: &mut Connection, id: ApiKeyId) -> Result<KeyRow> {
    let key = row(conn, id, true).await?;
    if key.revoked_at.is_some() {
        return Err(Error::problem(Code::WrongStatus, "This API key was revoked. Make another one."));
    }
    Ok(key)
}

/// What is changed of a key.
#[derive(Debug, Clone)]
pub struct KeyChange<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// Another end, or none.
    pub expires_at: &'a Patch<DateTime<Utc>>,
}

/// Changes a key for somebody who holds these scopes. In a transaction.
///
/// # Errors
/// `not_found`, `precondition_failed`, `wrong_status`, `insufficient_scope`.
pub async fn update(
    conn: &mut Connection,
    (id, held): (ApiKeyId, &[Scope]),
    change: &KeyChange<'_>,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<KeyRow> {
    let key = changeable(conn, id).await?;
    expected.check(key.version)?;
    grants::require_all(held, &Scope::known(&key.scopes))?;
    require_future(change.expires_at.value().copied(), now)?;
    Ok(diesel::update(api_keys::table.find(id))
        .set((
            change.name.map(|name| api_keys::name.eq(name)),
            change.expires_at.column().map(|at| api_keys::expires_at.eq(at)),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .returning(KeyRow::as_returning())
        .get_result(conn)
        .await?)
}

/// Refuses that a key gives itself or another more time than it has.
///
/// # Errors
/// `validation_failed`, naming the latest end.
pub async fn require_within(
    conn: &mut Connection,
    maker: Option<ApiKeyId>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let Some(maker) = maker else { return Ok(()) };
    let Some(end) = row(conn, maker, false).await?.expires_at else { return Ok(()) };
    if expires_at.is_some_and(|at| at <= end) {
        return Ok(());
    }
    let detail = format!("must be {} at the latest, when the key ends that you use", end.to_rfc3339());
    Err(Error::invalid("/expires_at", "range", detail))
}

/// Refuses an end that is over already.
///
/// # Errors
/// `validation_failed`.
pub fn require_future(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::invalid("/expires_at", "range", "must be in the future; to end a key now, revoke it"));
    }
    Ok(())
}

/// Gives a key a new token, for somebody who holds its scopes; the one before works for `overlap` more, and any before that
/// no more. Answers the key with the token, which is not kept. In a transaction.
///
/// # Errors
/// `not_found`, `wrong_status`, `insufficient_scope`.
pub async fn rotate(
    conn: &mut Connection,
    (id, held): (ApiKeyId, &[Scope]),
    overlap: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(KeyRow, String)> {
    let key = changeable(conn, id).await?;
    grants::require_all(held, &Scope::known(&key.scopes))?;
    if key.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::problem(Code::WrongStatus, "This API key is expired. Give it another `expires_at` first."));
    }
    let token = tokens::random_secret(key.prefix());
    let row = diesel::update(api_keys::table.find(id))
        .set((
            api_keys::former_token_hash.eq(api_keys::token_hash.nullable()),
            api_keys::former_token_until.eq(now + overlap),
            api_keys::token_hash.eq(tokens::sha256(token.as_bytes())),
            api_keys::token_hint.eq(hint(&token)),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .returning(KeyRow::as_returning())
        .get_result(conn)
        .await?;
    Ok((row, token))
}

/// Revokes a key, for somebody who holds its scopes; again is no change. Answers whether it was one. In a
/// transaction.
///
/// # Errors
/// `not_found`, `insufficient_scope`.
pub async fn revoke(conn: &mut Connection, (id, held): (ApiKeyId, &[Scope]), now: DateTime<Utc>) -> Result<bool> {
    let key = row(conn, id, true).await?;
    grants::require_all(held, &Scope::known(&key.scopes))?;
    let revoked = diesel::update(api_keys::table.find(id).filter(api_keys::revoked_at.is_null()))
        .set((api_keys::revoked_at.eq(now), api_keys::version.eq(api_keys::version + 1)))
        .execute(conn)
        .await?;
    Ok(revoked > 0)
}
