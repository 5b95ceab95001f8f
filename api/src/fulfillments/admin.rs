//! Fulfillments for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::{Fulfillment, FulfillmentPatch, NewFulfillment};
use super::{change, read, write};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::Expected;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::{FulfillmentId, OrderId};
use crate::orders;
use crate::orders::model::Order;
use crate::staff::api_keys::Scope;

/// The fulfillment that a path names beside its order.
///
/// # Errors
/// `not_found` for what is no id.
pub fn fulfillment_id(request: &HttpRequest) -> Result<FulfillmentId> {
    let id = request.match_info().get("fulfillment_id").and_then(|id| id.parse().ok());
    id.ok_or_else(|| Error::not_found("fulfillment"))
}

/// Fulfill an order
///
/// Records a shipment, without `line_items` of everything that is left. Its units count as sent; whether the carrier has
/// them, its `status` says. Units that were sent, refunded or cancelled meanwhile answer 409. Scope `fulfillments:write`.
#[utoipa::path(
    operation_id = "create_fulfillment", tag = "staff", security(("staff_key" = [])), request_body = NewFulfillment,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the shipment is based on"),
    ),
    responses((status = 201, description = "The order with its new fulfillment", body = Order)),
)]
#[post("/v1/admin/orders/{id}/fulfillments")]
pub async fn create_fulfillment(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewFulfillment>,
) -> Result<HttpResponse> {
    staff.require(Scope::FulfillmentsWrite)?;
    let scope = format!("{}:{}:fulfillments", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (expected, author) = (&Expected::from_request(&request)?, staff.author());
    let (now, new) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let fulfillment = write::create(conn, id.0, new, expected, &author.actor, now).await?;
            let order = orders::read::find_for_staff(conn, id.0).await?;
            let made = order.fulfillments.iter().find(|made| made.id == fulfillment);
            let entry = Entry::new(Action::FulfillmentCreated, fulfillment).set("/order_id", id.0).made(&made);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &order)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond(&answer, replayed))
}

/// Get a fulfillment
///
/// With its labels. Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_fulfillment", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
    ),
    responses((status = 200, description = "The fulfillment", body = Fulfillment)),
)]
#[get("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}")]
pub async fn get_fulfillment(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let fulfillment = fulfillment_id(&request)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(read::find_for_staff(&mut conn, id.0, fulfillment).await?))
}

/// Change a fulfillment
///
/// A merge patch of its tracking, also of a shipment that left; and where it is, of what no carrier tells. Tracking that is
/// a label's can only be changed by voiding the label. Scope `fulfillments:write`.
#[utoipa::path(
    operation_id = "update_fulfillment", tag = "staff", security(("staff_key" = [])), request_body = FulfillmentPatch,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Fulfillment)),
)]
#[patch("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}")]
pub async fn update_fulfillment(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<FulfillmentPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::FulfillmentsWrite)?;
    let (fulfillment, expected) = (fulfillment_id(&request)?, &Expected::from_request(&request)?);
    let (now, patch, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let changed = db::transaction(&mut conn, |conn| {
        async move {
            let before = change::update(conn, (id.0, fulfillment), patch, expected, &author.actor, now).await?;
            let after = read::find_for_staff(conn, id.0, fulfillment).await?;
            let entry = Entry::new(Action::FulfillmentUpdated, fulfillment)
                .moved("/status", before.status, after.status)
                .moved("/carrier", &before.carrier, &after.carrier)
                .moved("/tracking_number", &before.tracking_number, &after.tracking_number)
                .moved("/tracking_url", &before.tracking_url, &after.tracking_url);
            audit::record(conn, author, entry, now).await?;
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(changed))
}

/// Cancel a fulfillment
///
/// One that never left and has no label, or a voided one: its units are to be sent again. Again is no change. Scope
/// `fulfillments:write`.
#[utoipa::path(
    operation_id = "cancel_fulfillment", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Called off", body = Fulfillment)),
)]
#[post("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/cancel")]
pub async fn cancel_fulfillment(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::FulfillmentsWrite)?;
    let (fulfillment, expected) = (fulfillment_id(&request)?, &Expected::from_request(&request)?);
    let (now, author) = (app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    let cancelled = db::transaction(&mut conn, |conn| {
        async move {
            let before = change::cancel(conn, (id.0, fulfillment), expected, &author.actor, now).await?;
            let after = read::find_for_staff(conn, id.0, fulfillment).await?;
            if before != after.status {
                let entry = Entry::new(Action::FulfillmentCancelled, fulfillment);
                audit::record(conn, author, entry.moved("/status", before, after.status), now).await?;
            }
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(cancelled))
}
