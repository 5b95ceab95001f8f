//! Sessions: an access token for an hour, and refresh tokens that work once. Both are 256 random bits, kept as SHA-256.
//!
//! A refresh token that is used again means that somebody else has it too, and ends the session; unless it comes within
//! ten seconds, when it is a client whose answer was lost, or two requests of one client that crossed. Whoever stole a
//! token may be that quick: so of the tokens that such tries gave, the first to be used makes the others used as well.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::ListedSession;
use super::read::{CustomerRow, lower};
use crate::db::Connection;
use crate::db::schema::{customer_refresh_tokens, customer_sessions, orders};
use crate::error::{Error, Result};
use crate::ids::{CustomerId, CustomerSessionId, OrderId};
use crate::orders::timeline::{self, EventKind};
use crate::tokens;

/// How an access token begins.
pub const ACCESS_PREFIX: &str = "cst_";

const REFRESH_PREFIX: &str = "crt_";

/// How long an access token works.
const ACCESS: TimeDelta = TimeDelta::hours(1);

/// How long a session lives without being renewed, and a refresh token at most.
const LIFE: TimeDelta = TimeDelta::days(30);

/// How long a refresh token may be used again.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// A session with fresh tokens, which are not kept.
pub struct Opened {
    /// The session's id.
    pub id: CustomerSessionId,
    /// Whose it is.
    pub customer: CustomerId,
    /// `cst_…`
    pub access_token: String,
    /// When that ends.
    pub access_expires_at: DateTime<Utc>,
    /// `crt_…`
    pub refresh_token: String,
    /// When the session ends.
    pub expires_at: DateTime<Utc>,
}

impl Opened {
    fn new(id: CustomerSessionId, customer: CustomerId, now: DateTime<Utc>) -> Self {
        Self {
            id,
            customer,
            access_token: tokens::random_secret(ACCESS_PREFIX),
            access_expires_at: now + ACCESS,
            refresh_token: tokens::random_secret(REFRESH_PREFIX),
            expires_at: now + LIFE,
        }
    }
}

/// What became of a try to renew a session.
pub enum Refreshed {
    /// Here are new tokens.
    Renewed(Box<Opened>),
    /// There is no such token.
    Unknown,
    /// The session is over, by time, by revocation, or by this very try.
    Over,
}

/// Begins a session of a customer whose row is locked, and makes theirs what was paid as a guest under their address. In a
/// transaction.
///
/// # Errors
/// Those of the database.
pub async fn open(
    conn: &mut Connection,
    customer: &CustomerRow,
    user_agent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let guest_orders = orders::table
        .filter(lower(orders::email).eq(lower(&customer.email)))
        .filter(orders::customer_id.is_null())
        .filter(orders::paid_at.is_not_null());
    let claimed: Vec<OrderId> = diesel::update(guest_orders)
        .set((orders::customer_id.eq(customer.id), orders::version.eq(orders::version + 1), orders::updated_at.eq(now)))
        .returning(orders::id)
        .get_results(conn)
        .await?;
    for order in claimed {
        timeline::record(conn, order, EventKind::Claimed, json!({"customer_id": customer.id}), now).await?;
    }
    let opened = Opened::new(CustomerSessionId::new(), customer.id, now);
    diesel::insert_into(customer_sessions::table)
        .values((
            customer_sessions::id.eq(opened.id),
            customer_sessions::customer_id.eq(customer.id),
            customer_sessions::access_hash.eq(tokens::sha256(opened.access_token.as_bytes())),
            customer_sessions::access_expires_at.eq(opened.access_expires_at),
            customer_sessions::expires_at.eq(opened.expires_at),
            customer_sessions::user_agent.eq(user_agent),
            customer_sessions::created_at.eq(now),
            customer_sessions::last_used_at.eq(now),
        ))
        .execute(conn)
        .await?;
    keep_refresh_token(conn, &opened, now).await?;
    Ok(opened)
}

async fn keep_refresh_token(conn: &mut Connection, opened: &Opened, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(customer_refresh_tokens::table)
        .values((
            customer_refresh_tokens::hash.eq(tokens::sha256(opened.refresh_token.as_bytes())),
            customer_refresh_tokens::session_id.eq(opened.id),
            customer_refresh_tokens::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = customer_sessions)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: CustomerSessionId,
    customer_id: CustomerId,
    access_hash: Vec<u8>,
    access_expires_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Renews a session by a refresh token, in a transaction that is to be committed whatever comes of it.
///
/// # Errors
/// Those of the database.
pub async fn refresh(conn: &mut Connection, token: &str, now: DateTime<Utc>) -> Result<Refreshed> {
    let hash = tokens::sha256(token.as_bytes());
    let session: Option<CustomerSessionId> = customer_refresh_tokens::table
        .find(&hash)
        .select(customer_refresh_tokens::session_id)
        .first(conn)
        .await
        .optional()?;
    let Some(session) = session else { return Ok(Refreshed::Unknown) };
    // Tries of one session come one after the other; the token is read under the session's lock.
    let row: Option<Row> = customer_sessions::table
        .find(session)
        .select(Row::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let used: Option<(Option<DateTime<Utc>>, DateTime<Utc>)> = customer_refresh_tokens::table
        .find(&hash)
        .select((customer_refresh_tokens::used_at, customer_refresh_tokens::created_at))
        .first(conn)
        .await
        .optional()?;
    let (Some(row), Some((used_at, made_at))) = (row, used) else { return Ok(Refreshed::Unknown) };
    if row.revoked_at.is_some() || row.expires_at <= now || made_at + LIFE <= now {
        return Ok(Refreshed::Over);
    }
    match used_at {
        Some(at) if now - at > GRACE => {
            diesel::update(customer_sessions::table.find(row.id))
                .set(customer_sessions::revoked_at.eq(now))
                .execute(conn)
                .await?;
            tracing::warn!(session.id = %row.id, "A refresh token was used twice; its session is revoked");
            return Ok(Refreshed::Over);
        }
        Some(_) => {}
        None => use_up(conn, row.id, made_at, now).await?,
    }
    Ok(Refreshed::Renewed(Box::new(renew(conn, row, now).await?)))
}

/// Marks the token of this age as used, and with it all that were given for the same one before it. Whoever goes on with
/// one of those is then found out, once the grace is over.
async fn use_up(
    conn: &mut Connection,
    session: CustomerSessionId,
    made_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let unused = customer_refresh_tokens::table
        .filter(customer_refresh_tokens::session_id.eq(session))
        .filter(customer_refresh_tokens::used_at.is_null())
        .filter(customer_refresh_tokens::created_at.le(made_at + GRACE));
    diesel::update(unused).set(customer_refresh_tokens::used_at.eq(now)).execute(conn).await?;
    Ok(())
}

async fn renew(conn: &mut Connection, row: Row, now: DateTime<Utc>) -> Result<Opened> {
    let opened = Opened::new(row.id, row.customer_id, now);
    diesel::update(customer_sessions::table.find(row.id))
        .set((
            customer_sessions::access_hash.eq(tokens::sha256(opened.access_token.as_bytes())),
            customer_sessions::access_expires_at.eq(opened.access_expires_at),
            customer_sessions::previous_access_hash.eq(row.access_hash),
            customer_sessions::previous_access_expires_at.eq(row.access_expires_at),
            customer_sessions::expires_at.eq(opened.expires_at),
            customer_sessions::last_used_at.eq(now),
        ))
        .execute(conn)
        .await?;
    keep_refresh_token(conn, &opened, now).await?;
    Ok(opened)
}

/// The living session of an access token, and whose it is.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut Connection,
    access_token: &str,
    now: DateTime<Utc>,
) -> Result<Option<(CustomerSessionId, CustomerId)>> {
    let hash = tokens::sha256(access_token.as_bytes());
    let present = customer_sessions::access_hash.eq(&hash).and(customer_sessions::access_expires_at.gt(now));
    let previous = customer_sessions::previous_access_hash
        .eq(&hash)
        .and(customer_sessions::previous_access_expires_at.gt(now))
        .assume_not_null();
    Ok(customer_sessions::table
        .filter(present.or(previous))
        .filter(customer_sessions::revoked_at.is_null())
        .select((customer_sessions::id, customer_sessions::customer_id))
        .first(conn)
        .await
        .optional()?)
}

/// Where a page starts: after this session, newest first.
pub type After = (DateTime<Utc>, CustomerSessionId);

/// One page of a customer's living sessions and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    (customer, current): (CustomerId, CustomerSessionId),
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ListedSession>> {
    type Columns = (CustomerSessionId, Option<String>, DateTime<Utc>, DateTime<Utc>, DateTime<Utc>);
    let mut query = customer_sessions::table
        .filter(customer_sessions::customer_id.eq(customer))
        .filter(customer_sessions::revoked_at.is_null())
        .filter(customer_sessions::expires_at.gt(now))
        .select((
            customer_sessions::id,
            customer_sessions::user_agent,
            customer_sessions::created_at,
            customer_sessions::last_used_at,
            customer_sessions::expires_at,
        ))
        .into_boxed();
    if let Some((created_at, id)) = after {
        let same_time = customer_sessions::created_at.eq(created_at).and(customer_sessions::id.lt(id));
        query = query.filter(customer_sessions::created_at.lt(created_at).or(same_time));
    }
    let order = (customer_sessions::created_at.desc(), customer_sessions::id.desc());
    let found: Vec<Columns> = query.order(order).limit(limit + 1).load(conn).await?;
    let listed = |(id, user_agent, created_at, last_used_at, expires_at)| ListedSession {
        id,
        user_agent,
        is_current: id == current,
        created_at,
        last_used_at,
        expires_at,
    };
    Ok(found.into_iter().map(listed).collect())
}

/// How many living sessions a customer has.
///
/// # Errors
/// Those of the database.
pub async fn count(conn: &mut Connection, customer: CustomerId, now: DateTime<Utc>) -> Result<i64> {
    let living = customer_sessions::table
        .filter(customer_sessions::customer_id.eq(customer))
        .filter(customer_sessions::revoked_at.is_null())
        .filter(customer_sessions::expires_at.gt(now));
    Ok(living.count().get_result(conn).await?)
}

/// Ends one of a customer's living sessions.
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn revoke(
    conn: &mut Connection,
    customer: CustomerId,
    id: CustomerSessionId,
    now: DateTime<Utc>,
) -> Result<()> {
    let living = customer_sessions::table
        .find(id)
        .filter(customer_sessions::customer_id.eq(customer))
        .filter(customer_sessions::revoked_at.is_null())
        .filter(customer_sessions::expires_at.gt(now));
    let ended = diesel::update(living).set(customer_sessions::revoked_at.eq(now)).execute(conn).await?;
    if ended == 0 { Err(Error::not_found("session")) } else { Ok(()) }
}

/// Ends a session; one that is over already stays so.
///
/// # Errors
/// Those of the database.
pub async fn end(conn: &mut Connection, id: CustomerSessionId, now: DateTime<Utc>) -> Result<()> {
    let living = customer_sessions::table.find(id).filter(customer_sessions::revoked_at.is_null());
    diesel::update(living).set(customer_sessions::revoked_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// Ends all of a customer's sessions, but one if it is given.
///
/// # Errors
/// Those of the database.
pub async fn revoke_all(
    conn: &mut Connection,
    customer: CustomerId,
    but: Option<CustomerSessionId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let living = customer_sessions::table
        .filter(customer_sessions::customer_id.eq(customer))
        .filter(customer_sessions::revoked_at.is_null())
        .filter(customer_sessions::id.nullable().is_distinct_from(but));
    diesel::update(living).set(customer_sessions::revoked_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// Deletes refresh tokens that are too old to be used.
///
/// # Errors
/// Those of the database.
pub async fn prune_tokens(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let old = customer_refresh_tokens::table.filter(customer_refresh_tokens::created_at.lt(now - LIFE));
    diesel::delete(old).execute(conn).await?;
    Ok(())
}
