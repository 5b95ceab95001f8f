//! Staff API keys: `sk_` and 256 random bits, shown once, kept as SHA-256.

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
        /// Read orders.
        OrdersRead => "orders:read",
        /// Read the shop's settings, such as shipping zones.
        SettingsRead => "settings:read",
        /// Change the shop's settings.
        SettingsWrite => "settings:write",
    }
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::InventoryWrite,
        Self::OrdersRead,
        Self::SettingsRead,
        Self::SettingsWrite,
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
    let (id, token) = (ApiKeyId::new(), tokens::random_secret("sk_"));
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
