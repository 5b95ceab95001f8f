//! The packing slip of a shipment: what goes into the parcel, to be printed. No prices.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;

use super::admin::fulfillment_id;
use super::model::Fulfillment;
use super::read;
use crate::address::Address;
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::Id;
use crate::http::html;
use crate::ids::{FulfillmentId, OrderId};
use crate::orders;
use crate::orders::model::Order;
use crate::staff::api_keys::Scope;

const PAGE: &str = include_str!("packing_slip.html");

/// Print a packing slip
///
/// What goes into the parcel, and where it goes, as HTML to be printed; without prices. Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_packing_slip", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("fulfillment_id" = FulfillmentId, Path, description = "The fulfillment's id"),
    ),
    responses((status = 200, description = "The slip", body = String, content_type = "text/html")),
)]
#[get("/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/packing-slip")]
pub async fn get_packing_slip(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let fulfillment = fulfillment_id(&request)?;
    let mut conn = app.connection().await?;
    let fulfillment = read::find_for_staff(&mut conn, id.0, fulfillment).await?;
    let order = orders::read::find(&mut conn, id.0).await?;
    let page = html::page(PAGE, &slip(&app.config.store_name, &order, &fulfillment))?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(page))
}

/// What the page says.
#[derive(Serialize)]
struct Slip<'a> {
    store: &'a str,
    number: &'a str,
    address: Vec<String>,
    /// The day, the shipment, and how it can be followed.
    facts: Vec<String>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    units: i64,
    sku: &'a str,
    title: &'a str,
    variant_title: &'a str,
}

fn slip<'a>(store: &'a str, order: &'a Order, fulfillment: &Fulfillment) -> Slip<'a> {
    let rows = order.line_items.iter().map(|line| Row {
        units: fulfillment
            .line_items
            .iter()
            .filter(|part| part.line_item_id == line.id)
            .map(|part| part.quantity)
            .sum(),
        sku: &line.sku,
        title: &line.title,
        variant_title: &line.variant_title,
    });
    let day = fulfillment.created_at.format("%Y-%m-%d").to_string();
    let tracking = [&fulfillment.carrier, &fulfillment.tracking_number].into_iter().flatten().cloned();
    Slip {
        store,
        number: order.number.as_deref().unwrap_or_default(),
        address: order.shipping_address.as_ref().map(Address::lines).unwrap_or_default(),
        facts: [day, fulfillment.id.to_string()].into_iter().chain(tracking).collect(),
        rows: rows.filter(|row| row.units > 0).collect(),
    }
}
