//! Sessions of staff: a cookie of 256 random bits, kept as SHA-256. What it opens is looked up at each request, so that
//! another role, or none, holds at once.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::api_keys::Scope;
use super::members::{self, StaffStatus};
use super::model::ListedStaffSession;
use super::roles::{BuiltInRole, RoleRef};
use crate::db::Connection;
use crate::db::schema::{staff_members, staff_roles, staff_sessions};
use crate::error::{Error, Result};
use crate::ids::{StaffId, StaffRoleId, StaffSessionId};
use crate::tokens;

/// How long a session lives without being used.
const IDLE: TimeDelta = TimeDelta::hours(12);

/// How long a session lives however much it is used.
pub const LIFE: TimeDelta = TimeDelta::days(30);

/// How often at most it is written down that a session is used.
const USE_NOTED: TimeDelta = TimeDelta::minutes(5);

/// A session with its token, which is not kept.
pub struct Opened {
    /// The session's id.
    pub id: StaffSessionId,
    /// The cookie's value.
    pub token: String,
    /// When it ends unless it is used before.
    pub expires_at: DateTime<Utc>,
}

/// Begins a session of a member whose row is locked. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn open(
    conn: &mut Connection,
    member: StaffId,
    user_agent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let opened = Opened { id: StaffSessionId::new(), token: tokens::random_secret("sst_"), expires_at: now + IDLE };
    diesel::insert_into(staff_sessions::table)
        .values((
            staff_sessions::id.eq(opened.id),
            staff_sessions::staff_id.eq(member),
            staff_sessions::token_hash.eq(tokens::sha256(opened.token.as_bytes())),
            staff_sessions::user_agent.eq(user_agent),
            staff_sessions::created_at.eq(now),
            staff_sessions::last_seen_at.eq(now),
            staff_sessions::expires_at.eq(now + LIFE),
        ))
        .execute(conn)
        .await?;
    note_seen(conn, member, now).await?;
    Ok(opened)
}

async fn note_seen(conn: &mut Connection, member: StaffId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(staff_members::table.find(member)).set(staff_members::last_seen_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// A living session, and what it opens.
#[derive(Debug, Clone)]
pub struct Found {
    /// The session's id.
    pub id: StaffSessionId,
    /// Whose it is.
    pub member: StaffId,
    /// What they are called.
    pub name: String,
    /// When it ends unless it is used before.
    pub expires_at: DateTime<Utc>,
    /// What its member may do now.
    pub scopes: Vec<Scope>,
}

type Columns = (
    StaffSessionId,
    StaffId,
    (Option<String>, String),
    DateTime<Utc>,
    DateTime<Utc>,
    Option<BuiltInRole>,
    Option<StaffRoleId>,
    Option<Vec<String>>,
);

/// The living session of a cookie, of a member who is active; with `is_use` it is noted that it is used.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut Connection, token: &str, is_use: bool, now: DateTime<Utc>) -> Result<Option<Found>> {
    let found: Option<Columns> = staff_sessions::table
        .inner_join(staff_members::table.on(staff_members::id.eq(staff_sessions::staff_id)))
        .left_join(staff_roles::table.on(staff_roles::id.nullable().eq(staff_members::role_id)))
        .filter(staff_sessions::token_hash.eq(tokens::sha256(token.as_bytes())))
        .filter(staff_sessions::ended_at.is_null())
        .filter(staff_sessions::expires_at.gt(now))
        .filter(staff_sessions::last_seen_at.gt(now - IDLE))
        .filter(staff_members::status.eq(StaffStatus::Active))
        .select((
            staff_sessions::id,
            staff_sessions::staff_id,
            (staff_members::name, staff_members::email),
            staff_sessions::expires_at,
            staff_sessions::last_seen_at,
            staff_members::built_in_role,
            staff_members::role_id,
            staff_roles::scopes.nullable(),
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((id, member, (name, email), last, seen, built_in, role, scopes)) = found else { return Ok(None) };
    let seen = if is_use && seen <= now - USE_NOTED { touch(conn, (id, member), now).await? } else { seen };
    let scopes = match members::role_of(built_in, role)? {
        RoleRef::BuiltIn(role) => role.scopes(),
        RoleRef::Custom(_) => Scope::known(&scopes.unwrap_or_default()),
    };
    Ok(Some(Found { id, member, name: name.unwrap_or(email), expires_at: end(seen, last), scopes }))
}

/// When a session that was last used then ends.
fn end(seen: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
    last.min(seen + IDLE)
}

async fn touch(
    conn: &mut Connection,
    (id, member): (StaffSessionId, StaffId),
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    diesel::update(staff_sessions::table.find(id)).set(staff_sessions::last_seen_at.eq(now)).execute(conn).await?;
    note_seen(conn, member, now).await?;
    Ok(now)
}

/// The living sessions of a member. A macro, as Diesel's type for it has no short name.
macro_rules! living {
    ($member:expr, $now:expr) => {
        staff_sessions::table
            .filter(staff_sessions::staff_id.eq($member))
            .filter(staff_sessions::ended_at.is_null())
            .filter(staff_sessions::expires_at.gt($now))
            .filter(staff_sessions::last_seen_at.gt($now - IDLE))
    };
}

/// Where a page starts: after this session, newest first.
pub type After = (DateTime<Utc>, StaffSessionId);

/// One page of a member's living sessions and one more, newest first; `current` is the one that asks.
///
/// # Errors
/// `not_found` for a member that there is not.
pub async fn list(
    conn: &mut Connection,
    (member, current): (StaffId, Option<StaffSessionId>),
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ListedStaffSession>> {
    type Columns = (StaffSessionId, Option<String>, DateTime<Utc>, DateTime<Utc>, DateTime<Utc>);
    members::row(conn, member, false).await?;
    let mut query = living!(member, now)
        .select((
            staff_sessions::id,
            staff_sessions::user_agent,
            staff_sessions::created_at,
            staff_sessions::last_seen_at,
            staff_sessions::expires_at,
        ))
        .into_boxed();
    if let Some((created_at, id)) = after {
        let same_time = staff_sessions::created_at.eq(created_at).and(staff_sessions::id.lt(id));
        query = query.filter(staff_sessions::created_at.lt(created_at).or(same_time));
    }
    let order = (staff_sessions::created_at.desc(), staff_sessions::id.desc());
    let found: Vec<Columns> = query.order(order).limit(limit + 1).load(conn).await?;
    let listed = |(id, user_agent, created_at, last_seen_at, last): Columns| ListedStaffSession {
        id,
        user_agent,
        is_current: Some(id) == current,
        created_at,
        last_seen_at,
        expires_at: end(last_seen_at, last),
    };
    Ok(found.into_iter().map(listed).collect())
}

/// Ends one of a member's living sessions.
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn revoke(conn: &mut Connection, member: StaffId, id: StaffSessionId, now: DateTime<Utc>) -> Result<()> {
    let one = living!(member, now).filter(staff_sessions::id.eq(id));
    let ended = diesel::update(one).set(staff_sessions::ended_at.eq(now)).execute(conn).await?;
    if ended == 0 { Err(Error::not_found("session")) } else { Ok(()) }
}

/// Ends all of a member's sessions, but one if it is given.
///
/// # Errors
/// Those of the database.
pub async fn end_all(
    conn: &mut Connection,
    member: StaffId,
    but: Option<StaffSessionId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let living = staff_sessions::table
        .filter(staff_sessions::staff_id.eq(member))
        .filter(staff_sessions::ended_at.is_null())
        .filter(staff_sessions::id.nullable().is_distinct_from(but));
    diesel::update(living).set(staff_sessions::ended_at.eq(now)).execute(conn).await?;
    Ok(())
}
