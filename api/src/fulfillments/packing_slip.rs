//! The packing slip of a shipment: what goes into the parcel, to be printed. No prices.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{HttpRequest, HttpResponse, get, web};

use super::admin::fulfillment_id;
use super::read;
use crate::address::Address;
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::Id;
use crate::ids::{FulfillmentId, OrderId};
use crate::orders;
use crate::orders::model::Order;
use crate::staff::api_keys::Scope;

use super::model::Fulfillment;

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;color:#000;background:#fff;max-width:42rem;margin:2rem auto;padding:0 1rem}\
    h1{font-size:1.3rem}table{width:100%;border-collapse:collapse;margin-top:1.5rem}\
    th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid #999;vertical-align:top}\
    .n{text-align:right;white-space:nowrap}tr{break-inside:avoid}@page{margin:15mm}@media print{body{margin:0;max-width:none}}";

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
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(slip(&app.config.store_name, &order, &fulfillment)))
}

fn slip(store: &str, order: &Order, fulfillment: &Fulfillment) -> String {
    let number = escape(order.number.as_deref().unwrap_or_default());
    let rows: String = order
        .line_items
        .iter()
        .map(|line| {
            let units: i64 = fulfillment
                .line_items
                .iter()
                .filter(|part| part.line_item_id == line.id)
                .map(|part| part.quantity)
                .sum();
            match units {
                0 => String::new(),
                units => format!(
                    "<tr><td class=\"n\">{units}</td><td>{}</td><td>{}<br>{}</td></tr>",
                    escape(&line.sku),
                    escape(&line.title),
                    escape(&line.variant_title),
                ),
            }
        })
        .collect();
    let tracking = [&fulfillment.carrier, &fulfillment.tracking_number].into_iter().flatten();
    let tracking: Vec<String> = tracking.map(|part| escape(part)).collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Packing slip {number}</title><style>{STYLE}</style><p>{store}</p><h1>Packing slip: order {number}</h1>\
         <p>{address}</p><p>{date} · {id}{tracking}</p>\
         <table><thead><tr><th class=\"n\">Units</th><th>SKU</th><th>Article</th></tr></thead><tbody>{rows}</tbody></table></html>",
        store = escape(store),
        address = order.shipping_address.as_ref().map(address).unwrap_or_default(),
        date = fulfillment.created_at.format("%Y-%m-%d"),
        id = fulfillment.id,
        tracking = tracking.iter().map(|part| format!(" · {part}")).collect::<String>(),
    )
}

fn address(address: &Address) -> String {
    let place = [&address.postal_code, &address.city, &address.state];
    let place = place.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let lines = [&address.name, &address.company, &address.line1, &address.line2].into_iter().flatten().cloned();
    let lines = lines.chain([place, address.country.clone()]).filter(|line| !line.is_empty());
    lines.map(|line| escape(&line)).collect::<Vec<_>>().join("<br>")
}

/// A text as HTML, in elements and attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
