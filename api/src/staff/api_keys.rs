//! API keys: `sk_` for staff, `sf_` for storefronts, and 256 random bits; shown once, kept as SHA-256.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::api_keys;
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::ids::ApiKeyId;
use crate::tokens;

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
    pub const ALL: [Self; 27] = [
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
        Self::CustomersRead,
        Self::CustomersWrite,
    ];
}

/// Makes a key and answers its token, which is not kept.
///
/// # Errors
/// Those of the database.
pub async fn create(
    conn: &mut Connection,
    name: &str,
    scopes: &[Scope],
    now: DateTime<Utc>,
) -> Result<(ApiKeyId, String)> {
    let prefix = if scopes == [Scope::Storefront] { STOREFRONT_PREFIX } else { "sk_" };
    let (id, token) = (ApiKeyId::new(), tokens::random_secret(prefix));
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(id),
            api_keys::name.eq(name),
            api_keys::token_hash.eq(tokens::sha256(token.as_bytes())),
            api_keys::token_hint.eq(token.chars().rev().take(4).collect::<String>().chars().rev().collect::<String>()),
            api_keys::scopes.eq(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>()),
            api_keys::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok((id, token))
}

/// A living key and its scopes; `None` when there is none with this token.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut Connection, token: &str, now: DateTime<Utc>) -> Result<Option<(ApiKeyId, Vec<Scope>)>> {
    let found: Option<(ApiKeyId, Vec<String>)> = api_keys::table
        .filter(api_keys::token_hash.eq(tokens::sha256(token.as_bytes())))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .select((api_keys::id, api_keys::scopes))
        .first(conn)
        .await
        .optional()?;
    let Some((id, scopes)) = found else { return Ok(None) };
    let scopes = scopes.iter().map(|scope| scope.parse().map_err(Error::Internal)).collect::<Result<_>>()?;
    Ok(Some((id, scopes)))
}

/// A key as staff see it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The key's id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Its last four characters.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// All keys, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<Listed>> {
    type Columns = (ApiKeyId, String, String, Vec<String>, DateTime<Utc>, Option<DateTime<Utc>>);
    let found: Vec<Columns> = api_keys::table
        .order((api_keys::created_at, api_keys::id))
        .select((
            api_keys::id,
            api_keys::name,
            api_keys::token_hint,
            api_keys::scopes,
            api_keys::created_at,
            api_keys::revoked_at,
        ))
        .load(conn)
        .await?;
    let listed =
        |(id, name, hint, scopes, created_at, revoked_at)| Listed { id, name, hint, scopes, created_at, revoked_at };
    Ok(found.into_iter().map(listed).collect())
}

/// Revokes a key; again is no change.
///
/// # Errors
/// `not_found`.
pub async fn revoke(conn: &mut Connection, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
    let there: i64 = api_keys::table.find(id).count().get_result(conn).await?;
    if there == 0 {
        return Err(Error::not_found("API key"));
    }
    diesel::update(api_keys::table.find(id).filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}
