//! Fulfillments for staff.

use actix_web::{HttpRequest, HttpResponse, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::NewFulfillment;
use super::write;
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::Expected;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::OrderId;
use crate::orders;
use crate::orders::model::Order;
use crate::staff::api_keys::Scope;

/// Fulfill an order
///
/// Records that units were sent; without `line_items` everything that is left. Units that were sent, refunded or
/// cancelled meanwhile answer 409. Scope `fulfillments:write`.
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
    let (expected, actor) = (&Expected::from_request(&request)?, &staff.actor());
    let (now, new) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            write::create(conn, id.0, new, expected, actor, now).await?;
            Answer::of(201, &orders::read::find_for_staff(conn, id.0).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond(&answer, replayed))
}
