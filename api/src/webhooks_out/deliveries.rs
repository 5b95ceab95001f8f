//! Deliveries for staff: reading them, and sending them once more.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::deliver::look_again;
use super::model::{NewWebhookReplay, WebhookAttempt, WebhookDelivery, WebhookDeliveryDetail};
use super::payload;
use super::{DeliveryStatus, EndpointStatus, EventType, endpoints};
use crate::db::schema::{outbound_events, webhook_deliveries, webhook_delivery_attempts};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, Result};
use crate::http::etag::Expected;
use crate::ids::{OrderId, OutboundEventId, WebhookDeliveryId, WebhookEndpointId};

/// How many tries of a delivery are shown.
const SHOWN_TRIES: i64 = 100;

/// Where a page starts: after this delivery, newest first.
pub type After = (DateTime<Utc>, WebhookDeliveryId);

/// Which deliveries are listed.
#[derive(Debug, Default)]
pub struct Filter {
    /// Of this endpoint.
    pub endpoint_id: Option<WebhookEndpointId>,
    /// Of this event.
    pub event_id: Option<OutboundEventId>,
    /// About this order.
    pub order_id: Option<OrderId>,
    /// That stand so.
    pub status: Option<DeliveryStatus>,
    /// Of events of this type.
    pub event_type: Option<EventType>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: WebhookDeliveryId,
    endpoint_id: WebhookEndpointId,
    event_id: OutboundEventId,
    order_id: Option<OrderId>,
    status: DeliveryStatus,
    attempts: i32,
    next_attempt_at: DateTime<Utc>,
    last_http_status: Option<i32>,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

fn shape(row: Row, event_type: EventType) -> WebhookDelivery {
    WebhookDelivery {
        id: row.id,
        endpoint_id: row.endpoint_id,
        event_id: row.event_id,
        event_type,
        order_id: row.order_id,
        status: row.status,
        attempts: row.attempts,
        next_attempt_at: (row.status == DeliveryStatus::Pending).then_some(row.next_attempt_at),
        last_http_status: row.last_http_status,
        last_error: row.last_error,
        created_at: row.created_at,
        finished_at: row.finished_at,
    }
}

/// The newest deliveries, or those after one, up to `limit` and one more.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    filter: &Filter,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<WebhookDelivery>> {
    let mut query = webhook_deliveries::table
        .inner_join(outbound_events::table.on(outbound_events::id.eq(webhook_deliveries::event_id)))
        .select((Row::as_select(), outbound_events::event_type))
        .into_boxed();
    if let Some(endpoint) = filter.endpoint_id {
        query = query.filter(webhook_deliveries::endpoint_id.eq(endpoint));
    }
    if let Some(event) = filter.event_id {
        query = query.filter(webhook_deliveries::event_id.eq(event));
    }
    if let Some(order) = filter.order_id {
        query = query.filter(webhook_deliveries::order_id.eq(order));
    }
    if let Some(status) = filter.status {
        query = query.filter(webhook_deliveries::status.eq(status));
    }
    if let Some(event_type) = filter.event_type {
        query = query.filter(outbound_events::event_type.eq(event_type));
    }
    if let Some((at, id)) = after {
        let same_time = webhook_deliveries::created_at.eq(at).and(webhook_deliveries::id.lt(id));
        query = query.filter(webhook_deliveries::created_at.lt(at).or(same_time));
    }
    let order = (webhook_deliveries::created_at.desc(), webhook_deliveries::id.desc());
    let rows: Vec<(Row, EventType)> = query.order(order).limit(limit + 1).load(conn).await?;
    Ok(rows.into_iter().map(|(row, event_type)| shape(row, event_type)).collect())
}

/// One delivery, with what is sent and its tries.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: WebhookDeliveryId) -> Result<WebhookDeliveryDetail> {
    let found: Option<(Row, EventType, Value, DateTime<Utc>)> = webhook_deliveries::table
        .find(id)
        .inner_join(outbound_events::table.on(outbound_events::id.eq(webhook_deliveries::event_id)))
        .select((Row::as_select(), outbound_events::event_type, outbound_events::data, outbound_events::created_at))
        .first(conn)
        .await
        .optional()?;
    let (row, event_type, data, at) = found.ok_or_else(missing)?;
    type Columns = (DateTime<Utc>, i64, Option<i32>, Option<String>, Option<String>);
    let tries: Vec<Columns> = webhook_delivery_attempts::table
        .filter(webhook_delivery_attempts::delivery_id.eq(id))
        .order((webhook_delivery_attempts::attempted_at.desc(), webhook_delivery_attempts::id.desc()))
        .limit(SHOWN_TRIES)
        .select((
            webhook_delivery_attempts::attempted_at,
            webhook_delivery_attempts::latency_ms,
            webhook_delivery_attempts::http_status,
            webhook_delivery_attempts::error,
            webhook_delivery_attempts::response_body,
        ))
        .load(conn)
        .await?;
    let shown = |(attempted_at, latency_ms, http_status, error, response_body)| WebhookAttempt {
        attempted_at,
        latency_ms,
        http_status,
        error,
        response_body,
    };
    Ok(WebhookDeliveryDetail {
        delivery: shape(row, event_type),
        payload: payload::payload(event_type, &data, at)?,
        tries: tries.into_iter().rev().map(shown).collect(),
    })
}

fn missing() -> Error {
    Error::not_found("webhook delivery")
}

/// Locks an endpoint against being disabled or deleted meanwhile.
async fn require_enabled(conn: &mut Connection, id: WebhookEndpointId) -> Result<()> {
    match endpoints::lock(conn, id, &Expected::any()).await? {
        EndpointStatus::Enabled => Ok(()),
        EndpointStatus::Disabled => {
            let detail = "The endpoint is disabled, so nothing is sent to it. Enable it first.";
            Err(Error::problem(Code::WebhookEndpointDisabled, detail))
        }
    }
}

/// Sends a delivery once more, now, with all its tries before it.
///
/// # Errors
/// `not_found`, `webhook_endpoint_disabled`.
pub async fn replay(conn: &mut Connection, id: WebhookDeliveryId, now: DateTime<Utc>) -> Result<()> {
    let delivery = webhook_deliveries::table.find(id);
    let endpoint: Option<WebhookEndpointId> =
        delivery.select(webhook_deliveries::endpoint_id).first(conn).await.optional()?;
    let endpoint = endpoint.ok_or_else(missing)?;
    require_enabled(conn, endpoint).await?;
    diesel::update(delivery)
        .set((
            webhook_deliveries::status.eq(DeliveryStatus::Pending),
            webhook_deliveries::attempts.eq(0),
            webhook_deliveries::next_attempt_at.eq(now),
            webhook_deliveries::finished_at.eq(None::<DateTime<Utc>>),
        ))
        .prepared()
        .execute(conn)
        .await?;
    look_again(conn, endpoint, now, now).await
}

/// Sends an endpoint's deliveries of a time once more; answers how many.
///
/// # Errors
/// `not_found`, `webhook_endpoint_disabled`.
pub async fn replay_since(
    conn: &mut Connection,
    endpoint: WebhookEndpointId,
    which: &NewWebhookReplay,
    now: DateTime<Utc>,
) -> Result<usize> {
    require_enabled(conn, endpoint).await?;
    let mut over = vec![DeliveryStatus::Dead];
    if which.include_succeeded {
        over.push(DeliveryStatus::Succeeded);
    }
    let replayed = diesel::update(webhook_deliveries::table)
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .filter(webhook_deliveries::status.eq_any(over))
        .filter(webhook_deliveries::created_at.ge(which.since))
        .filter(webhook_deliveries::created_at.lt(which.until.unwrap_or(now)))
        .set((
            webhook_deliveries::status.eq(DeliveryStatus::Pending),
            webhook_deliveries::attempts.eq(0),
            webhook_deliveries::next_attempt_at.eq(now),
            webhook_deliveries::finished_at.eq(None::<DateTime<Utc>>),
        ))
        .prepared()
        .execute(conn)
        .await?;
    look_again(conn, endpoint, now, now).await?;
    Ok(replayed)
}
