//! Webhook deliveries for staff.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::deliveries::{self, After, Filter};
use super::model::{WebhookDeliveryDetail, WebhookDeliveryList};
use super::{DeliveryStatus, EventType};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::{OrderId, OutboundEventId, WebhookDeliveryId, WebhookEndpointId};
use crate::staff::api_keys::Scope;

/// Which deliveries are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookDeliveryQuery {
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
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List webhook deliveries
///
/// Newest first; of events of the last 30 days. Scope `webhooks:read`.
#[utoipa::path(
    operation_id = "list_webhook_deliveries", tag = "staff", security(("staff_key" = [])), params(WebhookDeliveryQuery),
    responses((status = 200, description = "A page of deliveries", body = WebhookDeliveryList)),
)]
#[get("/v1/admin/webhook-deliveries")]
pub async fn list_webhook_deliveries(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<WebhookDeliveryQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksRead)?;
    let WebhookDeliveryQuery { endpoint_id, event_id, order_id, status, event_type, limit, cursor } = query.0;
    let after: Option<After> = pagination::decode(cursor.as_deref())?;
    let (limit, filter) =
        (limit.unwrap_or(DEFAULT_LIMIT), Filter { endpoint_id, event_id, order_id, status, event_type });
    let mut conn = app.connection().await?;
    let found = deliveries::list(&mut conn, &filter, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |delivery| (delivery.created_at, delivery.id));
    let body = WebhookDeliveryList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get a webhook delivery
///
/// With what is sent, and its tries. Scope `webhooks:read`.
#[utoipa::path(
    operation_id = "get_webhook_delivery", tag = "staff", security(("staff_key" = [])),
    params(("id" = WebhookDeliveryId, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = WebhookDeliveryDetail)),
)]
#[get("/v1/admin/webhook-deliveries/{id}")]
pub async fn get_webhook_delivery(
    app: web::Data<App>,
    staff: Staff,
    id: Id<WebhookDeliveryId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(deliveries::find(&mut conn, id.0).await?))
}

/// Replay a webhook delivery
///
/// Sends it once more, now, whatever became of it, with all its tries before it. The receiver knows it again by
/// `webhook-id`. Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "replay_webhook_delivery", tag = "staff", security(("staff_key" = [])),
    params(("id" = WebhookDeliveryId, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery, pending again", body = WebhookDeliveryDetail)),
)]
#[post("/v1/admin/webhook-deliveries/{id}/replay")]
pub async fn replay_webhook_delivery(
    app: web::Data<App>,
    staff: Staff,
    id: Id<WebhookDeliveryId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), staff.author());
    let delivery = db::transaction(&mut conn, |conn| {
        async move {
            deliveries::replay(conn, id.0, now).await?;
            let delivery = deliveries::find(conn, id.0).await?;
            audit::record(conn, author, Entry::new(Action::WebhookDeliveryReplayed, id.0), now).await?;
            Ok(delivery)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(delivery))
}
