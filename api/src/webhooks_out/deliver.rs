//! Sending what is due. Each endpoint is worked at by one job at a time, which sends several events at once but those of
//! one order one after the other; so a slow receiver holds up nobody else's events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use super::send::{Message, Said};
use super::{EndpointStatus, endpoints, outcome, payload};
use crate::app::App;
use crate::db::schema::webhook_endpoints;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::error::Result;
use crate::ids::{OutboundEventId, WebhookDeliveryId, WebhookEndpointId};
use crate::jobs::{Job, queue};

/// How many events an endpoint is sent at once.
const AT_ONCE: i64 = 8;

/// For how long one job begins to send; then the next one goes on. With its last answers it is over before a process that
/// stops loses its patience.
const TURN: Duration = Duration::from_secs(10);

/// For how long a job has its endpoint to itself: longer than a turn with its last answers, shorter than the job's lease.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How long something is due without being sent before it is looked after.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// A delivery that is due.
#[derive(QueryableByName)]
pub(super) struct Due {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub(super) id: WebhookDeliveryId,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub(super) attempts: i32,
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    event_id: OutboundEventId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    event_type: super::EventType,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    data: serde_json::Value,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
}

/// What a turn works with.
struct Turn {
    endpoint: WebhookEndpointId,
    token: Uuid,
    url: String,
    secrets: Vec<[u8; 32]>,
}

/// Sends what is due at an endpoint, unless somebody else does.
///
/// # Errors
/// Those of the database; what a receiver answers is none.
pub async fn deliver(app: &Arc<App>, endpoint: WebhookEndpointId) -> Result<()> {
    let Some(turn) = take_turn(app, endpoint).await? else { return Ok(()) };
    let outcome = work(app, &turn).await;
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    end_turn(&mut conn, &turn, now).await?;
    drop(conn);
    app.wake.ring();
    outcome
}

async fn take_turn(app: &App, id: WebhookEndpointId) -> Result<Option<Turn>> {
    let (mut conn, now, token) = (app.connection().await?, app.clock.now(), Uuid::new_v4());
    let enabled = || webhook_endpoints::table.find(id).filter(webhook_endpoints::status.eq(EndpointStatus::Enabled));
    let is_free = webhook_endpoints::leased_until.is_null().or(webhook_endpoints::leased_until.lt(now));
    // It waits for whoever just ends a turn, who has then seen all that was committed before.
    let taken = diesel::update(enabled().filter(is_free))
        .set((webhook_endpoints::lease_token.eq(token), webhook_endpoints::leased_until.eq(now + LEASE)))
        .prepared()
        .execute(&mut conn)
        .await?;
    if taken == 0 {
        let leased_until: Option<Option<DateTime<Utc>>> =
            enabled().select(webhook_endpoints::leased_until).first(&mut conn).await.optional()?;
        if let Some(Some(until)) = leased_until {
            // Whoever holds it may be dead.
            look_again(&mut conn, id, until + TimeDelta::seconds(1), now).await?;
        }
        return Ok(None);
    }
    let (url, secrets) = endpoints::target(&mut conn, &app.config.token_keys, id, now).await?;
    Ok(Some(Turn { endpoint: id, token, url, secrets }))
}

async fn work(app: &App, turn: &Turn) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < TURN {
        let due = {
            let mut conn = app.connection().await?;
            due(&mut conn, turn, app.clock.now()).await?
        };
        if due.is_empty() {
            break;
        }
        let mut answers: FuturesUnordered<_> = due.iter().map(|due| send(app, turn, due)).collect();
        while let Some((due, said)) = answers.next().await {
            let (mut conn, now) = (app.connection().await?, app.clock.now());
            outcome::note(&mut conn, turn.endpoint, due, &said, now).await?;
        }
    }
    Ok(())
}

async fn send<'due>(app: &App, turn: &Turn, due: &'due Due) -> (&'due Due, Said) {
    let payload = match payload::payload(due.event_type, &due.data, due.created_at) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::error!(event.id = %due.event_id, error = %error, "An outbound event cannot be said");
            // A failed try like others, so that the events after it go on.
            return (due, Said::failed(error.to_string()));
        }
    };
    let message = Message { id: due.event_id.to_string(), body: payload.to_string(), secrets: turn.secrets.clone() };
    let said = app.webhooks.send(&turn.url, &message, app.clock.now()).await;
    app.faults.point("after_webhook").await;
    (due, said)
}

/// What is due while the turn lasts: of an order only the first that is pending.
async fn due(conn: &mut Connection, turn: &Turn, now: DateTime<Utc>) -> Result<Vec<Due>> {
    Statement::constant(
        "SELECT mine.id, mine.attempts, event.id AS event_id, event.event_type, event.data, event.created_at \
         FROM webhook_deliveries AS mine JOIN outbound_events AS event ON event.id = mine.event_id \
         JOIN webhook_endpoints AS endpoint ON endpoint.id = mine.endpoint_id \
             AND endpoint.status = 'enabled' AND endpoint.lease_token = $3 \
         WHERE mine.endpoint_id = $1 AND mine.status = 'pending' AND mine.next_attempt_at <= $2 \
             AND NOT EXISTS (SELECT FROM webhook_deliveries AS earlier WHERE earlier.endpoint_id = mine.endpoint_id \
                 AND earlier.order_id = mine.order_id AND earlier.status = 'pending' AND earlier.position < mine.position) \
         ORDER BY mine.next_attempt_at, mine.position LIMIT $4",
    )
    .with(Bind::Uuid(turn.endpoint.0))
    .with(Bind::Time(now))
    .with(Bind::Uuid(turn.token))
    .with(Bind::Int(AT_ONCE))
    .load(conn)
    .await
}

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    next_attempt_at: DateTime<Utc>,
}

/// Gives the endpoint back first, then looks for what is left: whoever finds the endpoint taken until that is committed
/// waits, so that nothing is missed in between.
async fn end_turn(conn: &mut Connection, turn: &Turn, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let mine =
                webhook_endpoints::table.find(turn.endpoint).filter(webhook_endpoints::lease_token.eq(turn.token));
            let ended = diesel::update(mine)
                .set((
                    webhook_endpoints::lease_token.eq(None::<Uuid>),
                    webhook_endpoints::leased_until.eq(None::<DateTime<Utc>>),
                ))
                .prepared()
                .execute(conn)
                .await?;
            match next(conn, turn.endpoint).await? {
                Some(at) if ended > 0 => look_again(conn, turn.endpoint, at.max(now), now).await,
                Some(_) | None => Ok(()),
            }
        }
        .scope_boxed()
    })
    .await
}

/// When the next delivery of an endpoint is due.
async fn next(conn: &mut Connection, endpoint: WebhookEndpointId) -> Result<Option<DateTime<Utc>>> {
    let next: Option<Next> = Statement::constant(
        "SELECT next_attempt_at FROM webhook_deliveries AS mine WHERE endpoint_id = $1 AND status = 'pending' \
             AND EXISTS (SELECT FROM webhook_endpoints WHERE id = $1 AND status = 'enabled') \
             AND NOT EXISTS (SELECT FROM webhook_deliveries AS earlier WHERE earlier.endpoint_id = mine.endpoint_id \
                 AND earlier.order_id = mine.order_id AND earlier.status = 'pending' AND earlier.position < mine.position) \
         ORDER BY next_attempt_at LIMIT 1",
    )
    .with(Bind::Uuid(endpoint.0))
    .optional(conn)
    .await?;
    Ok(next.map(|next| next.next_attempt_at))
}

/// Queues a look at an endpoint, no later than then.
///
/// # Errors
/// Those of the database.
pub async fn look_again(
    conn: &mut Connection,
    endpoint: WebhookEndpointId,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    queue::enqueue_by(conn, Job::DeliverWebhooks(endpoint), &endpoint.to_string(), at, now).await
}

/// Looks after endpoints at which something is due that nobody sends.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let idle: Vec<WebhookEndpointId> = webhook_endpoints::table
        .filter(webhook_endpoints::status.eq(EndpointStatus::Enabled))
        .filter(webhook_endpoints::leased_until.is_null().or(webhook_endpoints::leased_until.lt(now)))
        .select(webhook_endpoints::id)
        .load(conn)
        .await?;
    for endpoint in idle {
        if next(conn, endpoint).await?.is_some_and(|at| at < now - PATIENCE) {
            look_again(conn, endpoint, now, now).await?;
        }
    }
    Ok(())
}
