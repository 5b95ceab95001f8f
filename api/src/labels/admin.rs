//! Labels for staff.

use actix_web::{HttpRequest, HttpResponse, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::{NewShippingLabel, ShippingLabel};
use super::{read, request};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Code, Error, Result};
use crate::fulfillments::admin::fulfillment_id;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::{FulfillmentId, OrderId};
use crate::staff::api_keys::Scope;

fn require_shippo(app: &App) -> Result<()> {
    if app.shippo.is_some() {
        return Ok(());
    }
    let detail = "Labels are bought at Shippo; set `SHIPPO_API_TOKEN`.";
    Err(Error::problem(Code::LabelNotPossible, detail))
}

/// Buy a label
///
/// For a shipment that has none, and for one parcel; goods that need several parcels are a shipment for each. It is bought
/// by the rate that the shopper chose, or by a new one of the same service when that is older than six days or for another
/// parcel. The answer is `pending`: it is bought at once, and `GET …/fulfillments/{fulfillment_id}` shows how that went,
/// with the file, the tracking number and what it costs more than was quoted. Scope `fulfillments:write`.
#[utoipa::path(
    operation_id = "create_shipping_label", tag = "staff", security(("staff_key" = [])), request_body = NewShippingLabel,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "Asked for", body = ShippingLabel)),
)]
#[post("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/label")]
pub async fn create_shipping_label(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewShippingLabel>,
) -> Result<HttpResponse> {
    staff.require(Scope::FulfillmentsWrite)?;
    let fulfillment = fulfillment_id(&request)?;
    require_shippo(&app)?;
    let scope = format!("{}:{fulfillment}:label", staff.idempotency_scope());
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (now, new, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let label = request::buy(conn, (id.0, fulfillment), new, &author.actor, now).await?;
            let label = ShippingLabel::from(read::row(conn, label).await?);
            let entry = Entry::new(Action::LabelCreated, label.id).set("/fulfillment_id", fulfillment).made(&label);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &label)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond(&answer, replayed))
}

/// Void a label
///
/// One that is not used yet. The answer is `void_requested`: once the carrier takes it, the label is `voiding` and the
/// shipment without one; whether the money comes back, the carrier decides within days. Again is no change. Scope
/// `fulfillments:write`.
#[utoipa::path(
    operation_id = "void_shipping_label", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
    ),
    responses((status = 200, description = "Asked for", body = ShippingLabel)),
)]
#[post("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/label/void")]
pub async fn void_shipping_label(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::FulfillmentsWrite)?;
    let (fulfillment, now, author) = (fulfillment_id(&request)?, app.clock.now(), staff.author());
    require_shippo(&app)?;
    let mut conn = app.connection().await?;
    let label = db::transaction(&mut conn, |conn| {
        async move {
            let label = request::void(conn, (id.0, fulfillment), author, now).await?;
            read::row(conn, label).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(ShippingLabel::from(label)))
}
