//! Orders for staff.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::cancel::{self, Cancelled, NewCancellation, Wish};
use super::model::Order;
use super::read;
use super::review::{self, Decision, ReviewDecision};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::OrderId;
use crate::staff::api_keys::Scope;

/// Get any order
///
/// With its timeline. Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_any_order", tag = "staff", security(("staff_key" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = Order), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/orders/{id}")]
pub async fn get_any_order(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let mut conn = app.connection().await?;
    let order = read::find_for_staff(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}

/// Cancel an order
///
/// Unpaid: the payment page is closed first. Paid and unsent: the money goes back, the stock too, uses of discounts are
/// given back. Partly sent: the rest is cancelled. 202 while a payment is on its way: it is given back if it succeeds.
/// Scope `orders:write`.
#[utoipa::path(
    operation_id = "cancel_order", tag = "staff", security(("staff_key" = [])), request_body = NewCancellation,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the cancellation is based on"),
    ),
    responses(
        (status = 200, description = "The order as it is now", body = Order),
        (status = 202, description = "Noted; a payment is on its way", body = Order),
    ),
)]
#[post("/v1/admin/orders/{id}/cancel")]
pub async fn cancel_order(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewCancellation>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let scope = format!("{}:{}:cancel", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let new = body.value;
    let (author, expected) = (Some(staff.author().clone()), Expected::from_request(&request)?);
    let wish = move |is_resumed| Wish {
        author,
        reason: new.reason,
        note: new.note,
        restock: new.restock.unwrap_or(true),
        force: new.force,
        window: None,
        expected,
        is_resumed,
    };
    let task_app = Arc::clone(&app);
    let work = move |is_resumed| async move {
        let cancelled = cancel::cancel(&task_app, id.0, &wish(is_resumed)).await?;
        let mut conn = task_app.connection().await?;
        let order = read::find_for_staff(&mut conn, id.0).await?;
        Answer::of(if cancelled == Cancelled::Done { 200 } else { 202 }, &order)
    };
    let (answer, replayed) = idempotency::claimed(&app, key, work).await?;
    Ok(idempotency::respond(&answer, replayed))
}

/// Decide about a payment
///
/// For an order with `payment_review`, of which another amount was paid than it costs: `accept` it as paid, or `refund`
/// all of it and cancel the order; `cancel` alone after a payment in another currency was refunded in Stripe's dashboard. Scope `orders:write`.
#[utoipa::path(
    operation_id = "decide_payment_review", tag = "staff", security(("staff_key" = [])), request_body = ReviewDecision,
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The order as it is now", body = Order)),
)]
#[post("/v1/admin/orders/{id}/payment-review")]
pub async fn decide_payment_review(
    app: web::Data<App>,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<ReviewDecision>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let task_app = Arc::clone(&app);
    let (author, decision) = (staff.author().clone(), body.value.decision);
    let work = async move {
        match decision {
            Decision::Accept => review::accept(&task_app, id.0, &author).await,
            Decision::Refund => review::give_back(&task_app, id.0, &author, None).await,
            Decision::Cancel => review::dismiss(&task_app, id.0, &author).await,
        }
    };
    app.run_to_end(work).await?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(read::find_for_staff(&mut conn, id.0).await?))
}
