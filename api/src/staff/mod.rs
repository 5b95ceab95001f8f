//! Staff: members with roles and sessions, and API keys with scopes. Nobody gives or takes what they do not have
//! ([`grants`]), and what a role or a key may do is looked up at each request.

pub mod account;
pub mod account_routes;
pub mod api_keys;
pub mod commands;
pub mod grants;
pub mod key_admin;
pub mod key_commands;
pub mod links;
pub mod member_admin;
pub mod members;
pub mod model;
pub mod names;
pub mod requests;
pub mod role_admin;
pub mod roles;
pub mod session_routes;
pub mod sessions;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::db::schema::{staff_links, staff_sessions};
use crate::error::Result;

/// How long sessions and links that are over are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Deletes sessions and links that are over for 30 days.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let before = now - KEPT;
    let over = staff_sessions::expires_at
        .lt(before)
        .or(staff_sessions::last_seen_at.lt(before))
        .or(staff_sessions::ended_at.lt(before).assume_not_null());
    diesel::delete(staff_sessions::table.filter(over)).execute(conn).await?;
    diesel::delete(staff_links::table.filter(staff_links::expires_at.lt(before))).execute(conn).await?;
    Ok(())
}
