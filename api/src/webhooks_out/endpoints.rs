//! Endpoints: creating, changing, deleting them and their secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::deliver::look_again;
use super::model::{NewWebhookEndpoint, WantedEvent, WebhookEndpoint, WebhookEndpointPatch};
use super::send::Sender;
use super::{DeliveryStatus, DisabledReason, EndpointStatus};
use crate::db::Connection;
use crate::db::schema::{webhook_deliveries, webhook_endpoints};
use crate::db::statement::{Bind, Statement};
use crate::error::{Code, Error, Result};
use crate::http::etag::Expected;
use crate::ids::WebhookEndpointId;
use crate::tokens::TokenKeys;

/// How many endpoints a shop has at most: as many as one process sends to at once.
pub const MOST: usize = 16;

/// How long former secrets still sign after a rotation.
const FORMER_SECRET: TimeDelta = TimeDelta::hours(24);

/// The key of the advisory lock under which endpoints are counted and created.
const CREATING: i64 = 0x6d65_7278_0000_0001;

/// The first version of a secret.
pub const FIRST_SECRET: i32 = 1;

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: WebhookEndpointId,
    url: String,
    event_types: Vec<String>,
    description: Option<String>,
    status: EndpointStatus,
    disabled_reason: Option<DisabledReason>,
    former_secret_until: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn shape(row: Row) -> Result<WebhookEndpoint> {
    let wanted: Result<Vec<WantedEvent>, String> = row.event_types.iter().map(|wanted| wanted.parse()).collect();
    Ok(WebhookEndpoint {
        id: row.id,
        url: row.url,
        event_types: wanted.map_err(Error::Internal)?,
        description: row.description,
        status: row.status,
        disabled_reason: row.disabled_reason,
        failing_since: row.failing_since,
        former_secret_until: row.former_secret_until,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// An endpoint's secret as its receiver keeps it.
#[must_use]
pub fn secret(keys: &TokenKeys, id: WebhookEndpointId, version: i32) -> String {
    let secret = keys.webhook_secrets(id.0, version..=version).into_iter().next().unwrap_or_default();
    format!("whsec_{}", STANDARD.encode(secret))
}

fn require_lawful(sender: &Sender, url: &str) -> Result<()> {
    sender.check(url).map(drop).map_err(|wrong| Error::invalid("/url", "invalid", wrong))
}

fn texts(wanted: &[WantedEvent]) -> Vec<String> {
    wanted.iter().map(ToString::to_string).collect()
}

/// Creates an endpoint, within a transaction.
///
/// # Errors
/// `validation_failed`, `too_many_webhook_endpoints`.
pub async fn create(
    conn: &mut Connection,
    sender: &Sender,
    new: &NewWebhookEndpoint,
    now: DateTime<Utc>,
) -> Result<WebhookEndpoint> {
    require_lawful(sender, &new.url)?;
    // One at a time until the transaction ends: two that count at once would both find room for the last one, and there is
    // no row to lock.
    Statement::constant("SELECT pg_advisory_xact_lock($1)").with(Bind::Int(CREATING)).execute(conn).await?;
    if list(conn).await?.len() >= MOST {
        let detail = format!("A shop has at most {MOST} webhook endpoints; delete one first.");
        return Err(Error::problem(Code::TooManyWebhookEndpoints, detail));
    }
    let (id, status) = (WebhookEndpointId::new(), new.status.unwrap_or(EndpointStatus::Enabled));
    diesel::insert_into(webhook_endpoints::table)
        .values((
            webhook_endpoints::id.eq(id),
            webhook_endpoints::url.eq(&new.url),
            webhook_endpoints::event_types.eq(texts(&new.event_types)),
            webhook_endpoints::description.eq(&new.description),
            webhook_endpoints::status.eq(status),
            webhook_endpoints::disabled_reason
                .eq((status == EndpointStatus::Disabled).then_some(DisabledReason::Staff)),
            webhook_endpoints::secret_version.eq(FIRST_SECRET),
            webhook_endpoints::former_secret_version.eq(FIRST_SECRET),
            webhook_endpoints::version.eq(1),
            webhook_endpoints::created_at.eq(now),
            webhook_endpoints::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    find(conn, id).await
}

/// One endpoint.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: WebhookEndpointId) -> Result<WebhookEndpoint> {
    let row: Option<Row> = webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::deleted_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    shape(row.ok_or_else(missing)?)
}

fn missing() -> Error {
    Error::not_found("webhook endpoint")
}

/// All endpoints, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<WebhookEndpoint>> {
    let rows: Vec<Row> = webhook_endpoints::table
        .filter(webhook_endpoints::deleted_at.is_null())
        .order((webhook_endpoints::created_at, webhook_endpoints::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(shape).collect()
}

/// Locks an endpoint; answers its status.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub(super) async fn lock(conn: &mut Connection, id: WebhookEndpointId, expected: &Expected) -> Result<EndpointStatus> {
    let row: Option<(i64, EndpointStatus)> = webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::deleted_at.is_null())
        .select((webhook_endpoints::version, webhook_endpoints::status))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let (version, status) = row.ok_or_else(missing)?;
    expected.check(version)?;
    Ok(status)
}

/// What waits for an endpoint. A macro, as Diesel's type for it has no short name.
macro_rules! pending {
    ($endpoint:expr) => {
        webhook_deliveries::table
            .filter(webhook_deliveries::endpoint_id.eq($endpoint))
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Pending))
    };
}

/// Changes an endpoint; answers what it was and what it is. Enabled again, it starts afresh.
///
/// # Errors
/// `not_found`, `precondition_failed`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    sender: &Sender,
    id: WebhookEndpointId,
    patch: &WebhookEndpointPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<(WebhookEndpoint, WebhookEndpoint)> {
    lock(conn, id, expected).await?;
    let before = find(conn, id).await?;
    let url = patch.url.required("/url")?;
    if let Some(url) = url {
        require_lawful(sender, url)?;
    }
    let changed = patch.status.filter(|status| *status != before.status);
    let reason = changed.map(|status| (status == EndpointStatus::Disabled).then_some(DisabledReason::Staff));
    diesel::update(webhook_endpoints::table.find(id))
        .set((
            url.map(|url| webhook_endpoints::url.eq(url)),
            patch.event_types.as_deref().map(|wanted| webhook_endpoints::event_types.eq(texts(wanted))),
            patch.description.column().map(|description| webhook_endpoints::description.eq(description)),
            changed.map(|status| webhook_endpoints::status.eq(status)),
            reason.map(|reason| webhook_endpoints::disabled_reason.eq(reason)),
            changed.map(|_| webhook_endpoints::failing_since.eq(None::<DateTime<Utc>>)),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            webhook_endpoints::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if changed == Some(EndpointStatus::Enabled) {
        diesel::update(pending!(id))
            .set((webhook_deliveries::attempts.eq(0), webhook_deliveries::next_attempt_at.eq(now)))
            .execute(conn)
            .await?;
        look_again(conn, id, now, now).await?;
    }
    Ok((before, find(conn, id).await?))
}

/// Deletes an endpoint: it is sent nothing more. Its deliveries stay to be read until they are old. Answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub async fn delete(
    conn: &mut Connection,
    id: WebhookEndpointId,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<WebhookEndpoint> {
    lock(conn, id, expected).await?;
    let before = find(conn, id).await?;
    diesel::update(webhook_endpoints::table.find(id))
        .set((
            webhook_endpoints::status.eq(EndpointStatus::Disabled),
            webhook_endpoints::disabled_reason.eq(DisabledReason::Staff),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            webhook_endpoints::updated_at.eq(now),
            webhook_endpoints::deleted_at.eq(now),
        ))
        .execute(conn)
        .await?;
    diesel::update(pending!(id))
        .set((
            webhook_deliveries::status.eq(DeliveryStatus::Dead),
            webhook_deliveries::last_error.eq("the endpoint was deleted"),
            webhook_deliveries::finished_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(before)
}

/// Gives an endpoint a new secret; answers its version. The one before signs as well for 24 hours, and so does the one
/// before that if it still did, so that an answer which was lost costs nothing. Older ones are over.
///
/// # Errors
/// `not_found`.
pub async fn rotate(conn: &mut Connection, id: WebhookEndpointId, now: DateTime<Utc>) -> Result<i32> {
    lock(conn, id, &Expected::any()).await?;
    let endpoint = webhook_endpoints::table.find(id);
    let (present, former, until): (i32, i32, Option<DateTime<Utc>>) = endpoint
        .select((
            webhook_endpoints::secret_version,
            webhook_endpoints::former_secret_version,
            webhook_endpoints::former_secret_until,
        ))
        .first(conn)
        .await?;
    let oldest = if until.is_some_and(|until| now < until) { former.max(present - 1) } else { present };
    diesel::update(endpoint)
        .set((
            webhook_endpoints::secret_version.eq(present + 1),
            webhook_endpoints::former_secret_version.eq(oldest),
            webhook_endpoints::former_secret_until.eq(now + FORMER_SECRET),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            webhook_endpoints::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(present + 1)
}

/// The secrets that an endpoint's events are signed with now, and its address.
///
/// # Errors
/// `not_found`.
pub async fn target(
    conn: &mut Connection,
    keys: &TokenKeys,
    id: WebhookEndpointId,
    now: DateTime<Utc>,
) -> Result<(String, Vec<[u8; 32]>)> {
    let row: Option<(String, i32, i32, Option<DateTime<Utc>>)> = webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::deleted_at.is_null())
        .select((
            webhook_endpoints::url,
            webhook_endpoints::secret_version,
            webhook_endpoints::former_secret_version,
            webhook_endpoints::former_secret_until,
        ))
        .first(conn)
        .await
        .optional()?;
    let (url, version, former, until) = row.ok_or_else(missing)?;
    let oldest = if until.is_some_and(|until| now < until) { former } else { version };
    Ok((url, keys.webhook_secrets(id.0, oldest..=version)))
}
