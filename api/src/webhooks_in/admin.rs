//! Providers' events for staff.

use std::sync::Arc;

use actix_web::guard::GuardContext;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;

use super::events::{self, After, EventFilter, EventRow};
use super::masking::mask;
use super::{EventSource, EventStatus, IgnoredBecause};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{EventId, OrderId};
use crate::jobs::admin::Discard;
use crate::staff::api_keys::Scope;

/// A page of events.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only events of this status.
    pub status: Option<EventStatus>,
    /// Only events of this type, such as `checkout.session.completed`.
    pub r#type: Option<String>,
    /// Only the event with this id of the provider's: `evt_…`, of Shippo's the body's SHA-256.
    pub provider_event_id: Option<String>,
    /// Only events about this order's payment, session or parcels.
    pub order_id: Option<OrderId>,
    /// Only events that came this way.
    pub source: Option<EventSource>,
    /// Only events that came then or later.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: Option<DateTime<Utc>>,
    /// Only events that came before.
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
    /// How many events a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An event of a provider, as staff see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboxEvent {
    /// The event's id.
    pub id: EventId,
    /// Whose event it is.
    #[schema(example = "stripe")]
    pub provider: String,
    /// The provider's id of it.
    #[schema(example = "evt_1Pgc6yB7WZ01zgkWzAudq4eU")]
    pub provider_event_id: String,
    /// What happened, in the provider's words.
    #[schema(example = "checkout.session.completed")]
    pub r#type: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What became of it.
    pub status: EventStatus,
    /// How it came.
    pub source: EventSource,
    /// How often it was processed to an outcome, good or bad.
    pub tries: i32,
    /// Why its newest failed try failed.
    pub last_error: Option<String>,
    /// When it is tried next; `null` while it is being processed, and once it has its end.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Why it has no effect, of one that is `ignored`.
    pub ignored_because: Option<IgnoredBecause>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it took its effect, or was ignored.
    pub processed_at: Option<DateTime<Utc>>,
    /// Who gave it up, when and why.
    pub discarded: Option<Discarded>,
    /// The provider's document; only when one event is read. Personal data is `[masked]` unless the key has the scope
    /// `pii:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

/// That staff gave an event up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Discarded {
    /// When.
    pub at: DateTime<Utc>,
    /// By which API key.
    #[schema(example = "key_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Events, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InboxEventList {
    /// The events.
    pub data: Vec<InboxEvent>,
    /// Where the list goes on.
    pub page: Page,
}

/// Which events are processed again.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EventRetry {
    /// Those of this status: `dead`, `ignored`, `discarded`, or `pending` to try now what waits.
    pub status: EventStatus,
    /// Those that have no effect for this reason; only with the status `ignored`.
    pub ignored_because: Option<IgnoredBecause>,
    /// Those that came then or later.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: DateTime<Utc>,
    /// Those that came before.
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
    /// Those of this type.
    #[schema(max_length = 200)]
    #[validate(length(max = 200))]
    pub r#type: Option<String>,
}

/// What was queued.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RetriedEvents {
    /// How many events are processed again.
    pub retried: usize,
    /// Whether there are more: one call takes 1000. Call again once these are through.
    pub has_more: bool,
}

fn shown(row: EventRow, next_try_at: Option<DateTime<Utc>>, payload: Option<Value>) -> InboxEvent {
    let discarded = row.discarded_at.zip(row.discarded_by).zip(row.discard_reason);
    InboxEvent {
        id: row.id,
        provider: row.provider,
        provider_event_id: row.event_id,
        r#type: row.event_type,
        livemode: row.livemode,
        status: row.status,
        source: row.source,
        tries: row.tries,
        last_error: row.last_error,
        next_try_at,
        ignored_because: row.ignored_because,
        received_at: row.received_at,
        processed_at: row.processed_at,
        discarded: discarded.map(|((at, by), reason)| Discarded { at, by, reason }),
        payload,
    }
}

/// List events
///
/// What providers told us, newest first, without the documents. Scope `inbox:read`.
#[utoipa::path(
    operation_id = "list_inbox_events", tag = "staff", security(("staff_key" = [])), params(EventQuery),
    responses((status = 200, description = "A page of events", body = InboxEventList)),
)]
#[get("/v1/admin/inbox/events")]
pub async fn list_inbox_events(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<EventQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::InboxRead)?;
    let EventQuery { status, r#type, provider_event_id, order_id, source, since, until, limit, cursor } = query.0;
    let after: Option<After> = pagination::decode(cursor.as_deref())?;
    let (event_type, event_id) = (r#type, provider_event_id);
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let about = match order_id {
        Some(order) => Some(events::names_of(&mut conn, order).await?),
        None => None,
    };
    let filter = EventFilter { status, event_type, event_id, about, source, since, until, ..EventFilter::default() };
    let found = events::list(&mut conn, &filter, after, limit).await?;
    let next_tries = events::next_tries(&mut conn, &found).await?;
    let (rows, page) = pagination::paginate(found, limit, |event| (event.received_at, event.id));
    let data = rows.into_iter().map(|row| (next_tries.get(&row.id).copied(), row));
    let body = InboxEventList { data: data.map(|(next, row)| shown(row, next, None)).collect(), page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

async fn answer(app: &App, staff: &Staff, id: EventId) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let (row, mut payload) = events::find(&mut conn, id).await?;
    let next_try_at = events::next_tries(&mut conn, std::slice::from_ref(&row)).await?.remove(&id);
    if staff.may(Scope::PiiRead) {
        audit::record(&mut conn, staff.author(), Entry::new(Action::EventDisclosed, id), app.clock.now()).await?;
    } else {
        mask(&mut payload);
    }
    Ok(HttpResponse::Ok().json(shown(row, next_try_at, Some(payload))))
}

/// Get an event
///
/// With the provider's document, in which e-mail addresses, names, postal addresses and telephone numbers are `[masked]`
/// unless the key has the scope `pii:read` as well; that they were read is in the audit log. Scope `inbox:read`.
#[utoipa::path(
    operation_id = "get_inbox_event", tag = "staff", security(("staff_key" = [])),
    params(("id" = EventId, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = InboxEvent)),
)]
#[get("/v1/admin/inbox/events/{id}", guard = "is_an_event")]
pub async fn get_inbox_event(app: web::Data<App>, staff: Staff, id: Id<EventId>) -> Result<HttpResponse> {
    staff.require(Scope::InboxRead)?;
    answer(&app, &staff, id.0).await
}

/// Whether the path's last part is an id, and not the action upon many of them.
fn is_an_event(request: &GuardContext) -> bool {
    !request.head().uri.path().ends_with("/retry")
}

/// Retry an event
///
/// Processes one again, now: it is `dead`, `ignored` or `discarded`, or waits for its next try. Whatever it says takes
/// effect once, however often. Scope `inbox:write`.
#[utoipa::path(
    operation_id = "retry_inbox_event", tag = "staff", security(("staff_key" = [])),
    params(("id" = EventId, Path, description = "The event's id")),
    responses((status = 200, description = "The event, to be processed", body = InboxEvent)),
)]
#[post("/v1/admin/inbox/events/{id}/retry")]
pub async fn retry_inbox_event(app: web::Data<App>, staff: Staff, id: Id<EventId>) -> Result<HttpResponse> {
    staff.require(Scope::InboxWrite)?;
    let mut conn = app.connection().await?;
    events::retry(&mut conn, id.0, staff.author(), app.clock.now()).await?;
    drop(conn);
    app.wake.ring();
    answer(&app, &staff, id.0).await
}

/// Retry events
///
/// Processes up to 1000 events again, oldest first. Of ignored ones name the reason that is gone (`ignored_because`):
/// those that are ignored again for another do not come back in the next call. Scope `inbox:write`.
#[utoipa::path(
    operation_id = "retry_inbox_events", tag = "staff", security(("staff_key" = [])), request_body = EventRetry,
    responses((status = 200, description = "How many are processed again", body = RetriedEvents)),
)]
#[post("/v1/admin/inbox/events/retry")]
pub async fn retry_inbox_events(app: web::Data<App>, staff: Staff, body: Json<EventRetry>) -> Result<HttpResponse> {
    staff.require(Scope::InboxWrite)?;
    let EventRetry { status, ignored_because, since, until, r#type } = body.value;
    if status == EventStatus::Processed {
        return Err(Error::invalid("/status", "invalid", "must be `dead`, `ignored`, `discarded` or `pending`"));
    }
    if ignored_because.is_some() && status != EventStatus::Ignored {
        return Err(Error::invalid("/ignored_because", "invalid", "may only be given with the status `ignored`"));
    }
    let (status, since) = (Some(status), Some(since));
    let filter = EventFilter { status, ignored_because, since, until, event_type: r#type, ..EventFilter::default() };
    let (task_app, author) = (Arc::clone(&app), staff.author().clone());
    let work = async move {
        let (mut conn, now) = (task_app.connection().await?, task_app.clock.now());
        events::retry_many(&mut conn, &filter, &author, now).await
    };
    let (retried, has_more) = app.run_to_end(work).await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(RetriedEvents { retried, has_more }))
}

/// Discard an event
///
/// Gives up one that is `pending` or `dead`, for good unless it is retried; who did and why is kept. Scope `inbox:write`.
#[utoipa::path(
    operation_id = "discard_inbox_event", tag = "staff", security(("staff_key" = [])), request_body = Discard,
    params(("id" = EventId, Path, description = "The event's id")),
    responses((status = 200, description = "The event as it is now", body = InboxEvent)),
)]
#[post("/v1/admin/inbox/events/{id}/discard")]
pub async fn discard_inbox_event(
    app: web::Data<App>,
    staff: Staff,
    id: Id<EventId>,
    body: Json<Discard>,
) -> Result<HttpResponse> {
    staff.require(Scope::InboxWrite)?;
    let mut conn = app.connection().await?;
    events::discard(&mut conn, id.0, staff.author(), &body.value.reason, app.clock.now()).await?;
    drop(conn);
    answer(&app, &staff, id.0).await
}
