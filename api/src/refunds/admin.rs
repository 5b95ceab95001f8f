//! Refunds for staff.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::{NewRefund, Refund, RefundLine, RefundList, RefundPreview};
use super::{ledger, read, request};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::Expected;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::orders;
use crate::staff::api_keys::Scope;

/// Refund an order
///
/// By `amount`, or by `line_items` and `shipping`. The answer is `pending`: the refund is sent at once, and the order
/// shows how it went. Lines that cannot be refunded any more, or too much money, answer 409 with what is left. Scope
/// `refunds:write`.
#[utoipa::path(
    operation_id = "create_refund", tag = "staff", security(("staff_key" = [])), request_body = NewRefund,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the refund is based on"),
    ),
    responses((status = 201, description = "Asked for", body = Refund)),
)]
#[post("/v1/admin/orders/{id}/refunds")]
pub async fn create_refund(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewRefund>,
) -> Result<HttpResponse> {
    staff.require(Scope::RefundsWrite)?;
    let scope = format!("{}:{}:refunds", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (expected, author) = (&Expected::from_request(&request)?, staff.author());
    let (now, new) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let refund = request::create(conn, id.0, new, expected, &author.actor, now).await?;
            let refund = read::find(conn, refund).await?;
            let entry = Entry::new(Action::RefundCreated, refund.id).made(&refund);
            // Its note is erased with the customer, and no entry ever is.
            audit::record(conn, author, entry.because(new.reason), now).await?;
            Answer::of(201, &refund)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/refunds"))
}

/// Preview a refund
///
/// What the same request to `…/refunds` would come to now; nothing is changed. Scope `refunds:write`.
#[utoipa::path(
    operation_id = "preview_refund", tag = "staff", security(("staff_key" = [])), request_body = NewRefund,
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "What it would come to", body = RefundPreview)),
)]
#[post("/v1/admin/orders/{id}/refunds/preview")]
pub async fn preview_refund(
    app: web::Data<App>,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewRefund>,
) -> Result<HttpResponse> {
    staff.require(Scope::RefundsWrite)?;
    let mut conn = app.connection().await?;
    let (order, ledger) = ledger::load(&mut conn, id.0, false).await?;
    let plan = request::planned(&order, &ledger, &body.value)?;
    let money = |amount| Money::new(amount, order.currency);
    Ok(HttpResponse::Ok().json(RefundPreview {
        amount: money(plan.amount),
        shipping: money(plan.shipping),
        tax: money(plan.tax),
        line_items: plan
            .lines
            .iter()
            .map(|line| RefundLine {
                line_item_id: line.id,
                quantity: line.quantity,
                amount: money(line.amount),
                tax: money(line.tax),
                restock_quantity: line.restock,
            })
            .collect(),
        remaining_refundable: money(ledger.remaining()),
        remaining_after: money(ledger.remaining() - plan.amount),
    }))
}

/// List an order's refunds
///
/// Oldest first, also those made at Stripe. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_refunds", tag = "staff", security(("staff_key" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The refunds", body = RefundList)),
)]
#[get("/v1/admin/orders/{id}/refunds")]
pub async fn list_refunds(app: web::Data<App>, staff: Staff, id: Id<OrderId>) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let mut conn = app.connection().await?;
    orders::read::row(&mut conn, id.0, false).await?;
    Ok(HttpResponse::Ok().json(RefundList { data: read::of_orders(&conn, &[id.0], true).await? }))
}

/// Get a refund
///
/// Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_refund", tag = "staff", security(("staff_key" = [])),
    params(("id" = RefundId, Path, description = "The refund's id")),
    responses((status = 200, description = "The refund", body = Refund)),
)]
#[get("/v1/admin/refunds/{id}")]
pub async fn get_refund(app: web::Data<App>, staff: Staff, id: Id<RefundId>) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(read::find(&mut conn, id.0).await?))
}
