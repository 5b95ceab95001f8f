//! Deliveries to our door for staff.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::attempts::{self, Attempt, AttemptFilter, Verdict};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::WebhookAttemptId;
use crate::staff::api_keys::Scope;
use crate::tokens::hex;

/// A page of deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttemptQuery {
    /// Only deliveries of which we made this.
    pub verdict: Option<Verdict>,
    /// Only deliveries of the event with this id of the provider's: `evt_…`, of Shippo's the body's SHA-256.
    pub provider_event_id: Option<String>,
    /// Only deliveries from this address.
    pub address: Option<String>,
    /// Only deliveries that came then or later.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: Option<DateTime<Utc>>,
    /// Only deliveries that came before.
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
    /// How many deliveries a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A delivery to a webhook of ours.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboxAttempt {
    /// The delivery's id.
    pub id: WebhookAttemptId,
    /// Whose door it came to.
    #[schema(example = "stripe")]
    pub provider: String,
    /// What we made of it.
    pub verdict: Verdict,
    /// Why it was refused.
    pub reason: Option<String>,
    /// The event's id, as far as the body tells one; nobody vouches for it when the delivery was refused.
    #[schema(example = "evt_1Pgc6yB7WZ01zgkWzAudq4eU")]
    pub provider_event_id: Option<String>,
    /// The event's type, likewise.
    #[schema(example = "checkout.session.completed")]
    pub r#type: Option<String>,
    /// SHA-256 of the body in hexadecimal; `null` when not all of it was read.
    pub body_sha256: Option<String>,
    /// Where it came from.
    #[schema(example = "203.0.113.7")]
    pub address: String,
    /// What the sender calls itself.
    pub user_agent: Option<String>,
    /// From its arrival until we knew what to make of it, in milliseconds.
    pub latency_ms: i64,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Deliveries, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InboxAttemptList {
    /// The deliveries.
    pub data: Vec<InboxAttempt>,
    /// Where the list goes on.
    pub page: Page,
}

/// How many deliveries from an address were refused in an hour.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InboxRefusal {
    /// The hour's beginning.
    pub hour: DateTime<Utc>,
    /// The address; of IPv6 the first 64 bits.
    #[schema(example = "203.0.113.7")]
    pub address: String,
    /// How many.
    pub refused: i64,
}

/// Counts of refused deliveries, newest hour first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InboxRefusalList {
    /// The counts.
    pub data: Vec<InboxRefusal>,
    /// Where the list goes on.
    pub page: Page,
}

fn shown(attempt: Attempt) -> InboxAttempt {
    InboxAttempt {
        id: attempt.id,
        provider: attempt.provider,
        verdict: attempt.verdict,
        reason: attempt.reason,
        provider_event_id: attempt.event_id,
        r#type: attempt.event_type,
        body_sha256: attempt.body_sha256.as_deref().map(hex),
        address: attempt.address,
        user_agent: attempt.user_agent,
        latency_ms: attempt.latency_ms,
        received_at: attempt.received_at,
    }
}

/// List deliveries
///
/// Every delivery to `/v1/webhooks/stripe` and `/v1/webhooks/shippo` in the last 30 days and what we made of it, newest
/// first. Of refused ones the first 100 from an address in an hour; `GET /v1/admin/inbox/refusals` counts all. Scope
/// `inbox:read`.
#[utoipa::path(
    operation_id = "list_inbox_attempts", tag = "staff", security(("staff_key" = [])), params(AttemptQuery),
    responses((status = 200, description = "A page of deliveries", body = InboxAttemptList)),
)]
#[get("/v1/admin/inbox/attempts")]
pub async fn list_inbox_attempts(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<AttemptQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::InboxRead)?;
    let AttemptQuery { verdict, provider_event_id, address, since, until, limit, cursor } = query.0;
    let after: Option<(DateTime<Utc>, WebhookAttemptId)> = pagination::decode(cursor.as_deref())?;
    let filter = AttemptFilter { verdict, event_id: provider_event_id, address, since, until };
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = attempts::list(&mut conn, &filter, after, limit).await?;
    let (rows, page) = pagination::paginate(found, limit, |attempt| (attempt.received_at, attempt.id));
    let body = InboxAttemptList { data: rows.into_iter().map(shown).collect(), page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Count refused deliveries
///
/// By hour and address, newest hour first, for 30 days. Scope `inbox:read`.
#[utoipa::path(
    operation_id = "list_inbox_refusals", tag = "staff", security(("staff_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of counts", body = InboxRefusalList)),
)]
#[get("/v1/admin/inbox/refusals")]
pub async fn list_inbox_refusals(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::InboxRead)?;
    let after: Option<(DateTime<Utc>, IpAddr)> = pagination::decode(query.0.cursor.as_deref())?;
    let after = after.map(|(hour, address)| (hour, address.to_string()));
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = attempts::list_refusals(&mut conn, after, limit).await?;
    let (rows, page) = pagination::paginate(found, limit, |(hour, address, _)| (*hour, address.clone()));
    let data = rows.into_iter().map(|(hour, address, refused)| InboxRefusal { hour, address, refused });
    let body = InboxRefusalList { data: data.collect(), page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}
