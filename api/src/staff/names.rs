//! What those who did something are called, for people who read of it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::db::schema::{api_keys, staff_members};
use crate::error::Result;
use crate::ids::{ApiKeyId, StaffId};

/// What members of staff and API keys are called now, by id; others are left out. Who has no name yet goes by their
/// e-mail address.
///
/// # Errors
/// Those of the database.
pub async fn of<'a>(
    conn: &mut Connection,
    actors: impl Iterator<Item = &'a str> + Clone,
) -> Result<BTreeMap<String, String>> {
    let members: Vec<StaffId> = actors.clone().filter_map(|actor| actor.parse().ok()).collect();
    let keys: Vec<ApiKeyId> = actors.filter_map(|actor| actor.parse().ok()).collect();
    let mut names = BTreeMap::new();
    if !members.is_empty() {
        let found: Vec<(StaffId, Option<String>, String)> = staff_members::table
            .filter(staff_members::id.eq_any(members))
            .select((staff_members::id, staff_members::name, staff_members::email))
            .load(conn)
            .await?;
        names.extend(found.into_iter().map(|(id, name, email)| (id.to_string(), name.unwrap_or(email))));
    }
    if !keys.is_empty() {
        let found: Vec<(ApiKeyId, String)> =
            api_keys::table.filter(api_keys::id.eq_any(keys)).select((api_keys::id, api_keys::name)).load(conn).await?;
        names.extend(found.into_iter().map(|(id, name)| (id.to_string(), name)));
    }
    Ok(names)
}
