//! What came of a try: the delivery succeeded, waits for its next try, or is dead; the endpoint may be disabled.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::deliver::Due;
use super::send::Said;
use super::{DeliveryStatus, DisabledReason, EndpointStatus};
use crate::alerts::{self, AlertKind};
use crate::db::schema::{webhook_deliveries, webhook_delivery_attempts, webhook_endpoints};
use crate::db::{self, Connection, Prepare};
use crate::error::Result;
use crate::ids::{WebhookDeliveryId, WebhookEndpointId, WebhookTryId};

/// Seconds between two tries: ten tries in a little more than three days.
const PAUSES: [i64; 9] = [5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// For how long nothing may succeed at an endpoint; after that the next delivery that dies disables it.
const LONGEST_FAILURE: TimeDelta = TimeDelta::days(3);

/// Records a try, and what follows from it, in one transaction.
///
/// # Errors
/// Those of the database.
pub(super) async fn note(
    conn: &mut Connection,
    endpoint: WebhookEndpointId,
    due: &Due,
    said: &Said,
    now: DateTime<Utc>,
) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            keep(conn, due.id, said, now).await?;
            if said.is_success() {
                recover(conn, endpoint).await?;
                return finish(conn, due, DeliveryStatus::Succeeded, said, now).await;
            }
            let since = failing_since(conn, endpoint, now).await?;
            if said.is_gone() {
                finish(conn, due, DeliveryStatus::Dead, said, now).await?;
                return disable(conn, endpoint, DisabledReason::Gone, now).await;
            }
            let pause = usize::try_from(due.attempts).ok().and_then(|made| PAUSES.get(made));
            if let Some(pause) = pause {
                return try_again(conn, due, said, *pause, now).await;
            }
            finish(conn, due, DeliveryStatus::Dead, said, now).await?;
            if since <= now - LONGEST_FAILURE {
                disable(conn, endpoint, DisabledReason::Failing, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

/// Keeps the try for staff.
async fn keep(conn: &mut Connection, delivery: WebhookDeliveryId, said: &Said, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(webhook_delivery_attempts::table)
        .values((
            webhook_delivery_attempts::id.eq(WebhookTryId::new()),
            webhook_delivery_attempts::delivery_id.eq(delivery),
            webhook_delivery_attempts::attempted_at.eq(now),
            webhook_delivery_attempts::latency_ms.eq(said.latency_ms),
            webhook_delivery_attempts::http_status.eq(said.http_status.map(i32::from)),
            webhook_delivery_attempts::error.eq(&said.error),
            webhook_delivery_attempts::response_body.eq(&said.body),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Unless somebody else decided about it meanwhile.
macro_rules! still_due {
    ($due:expr) => {
        webhook_deliveries::table
            .find($due.id)
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Pending))
            .filter(webhook_deliveries::attempts.eq($due.attempts))
    };
}

async fn finish(
    conn: &mut Connection,
    due: &Due,
    status: DeliveryStatus,
    said: &Said,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(still_due!(due))
        .set((
            webhook_deliveries::status.eq(status),
            webhook_deliveries::attempts.eq(due.attempts + 1),
            webhook_deliveries::last_http_status.eq(said.http_status.map(i32::from)),
            webhook_deliveries::last_error.eq(&said.error),
            webhook_deliveries::finished_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

async fn try_again(conn: &mut Connection, due: &Due, said: &Said, pause: i64, now: DateTime<Utc>) -> Result<()> {
    let wanted = said.retry_after.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
    diesel::update(still_due!(due))
        .set((
            webhook_deliveries::attempts.eq(due.attempts + 1),
            webhook_deliveries::next_attempt_at.eq(now + TimeDelta::seconds(pause.max(wanted))),
            webhook_deliveries::last_http_status.eq(said.http_status.map(i32::from)),
            webhook_deliveries::last_error.eq(&said.error),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that something succeeds at an endpoint.
async fn recover(conn: &mut Connection, id: WebhookEndpointId) -> Result<()> {
    let failing = webhook_endpoints::table.find(id).filter(webhook_endpoints::failing_since.is_not_null());
    let cleared = webhook_endpoints::failing_since.eq(None::<DateTime<Utc>>);
    diesel::update(failing).set(cleared).prepared().execute(conn).await?;
    Ok(())
}

/// Since when nothing succeeds at an endpoint: from now on, if not before. Endpoints are locked before their deliveries.
async fn failing_since(conn: &mut Connection, id: WebhookEndpointId, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let endpoint = webhook_endpoints::table.find(id);
    let locked = endpoint.select(webhook_endpoints::failing_since).for_no_key_update();
    let since: Option<DateTime<Utc>> = locked.first(conn).await?;
    if let Some(since) = since {
        return Ok(since);
    }
    diesel::update(endpoint).set(webhook_endpoints::failing_since.eq(now)).prepared().execute(conn).await?;
    Ok(now)
}

/// Disables an endpoint, and tells staff.
async fn disable(
    conn: &mut Connection,
    id: WebhookEndpointId,
    reason: DisabledReason,
    now: DateTime<Utc>,
) -> Result<()> {
    let enabled = webhook_endpoints::table.find(id).filter(webhook_endpoints::status.eq(EndpointStatus::Enabled));
    let url: Option<String> = diesel::update(enabled)
        .set((
            webhook_endpoints::status.eq(EndpointStatus::Disabled),
            webhook_endpoints::disabled_reason.eq(reason),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            webhook_endpoints::updated_at.eq(now),
        ))
        .returning(webhook_endpoints::url)
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    let Some(url) = url else { return Ok(()) };
    let host = reqwest::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let why = match reason {
        DisabledReason::Gone => "it answered 410 Gone",
        DisabledReason::Failing => "nothing succeeded there for three days",
        DisabledReason::Staff => "staff disabled it",
    };
    let detail = format!("The webhook endpoint {id} at {host} is sent nothing any more: {why}.");
    alerts::raise(conn, AlertKind::WebhookEndpointDisabled, &id.to_string(), None, &detail, now).await
}
