//! What Shippo is asked for a shipment of an order: from where, to where, which parcel, and what customs must know.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::MeasuredParcel;
use crate::address::Address;
use crate::carts::price::address;
use crate::catalog::model::Dimensions;
use crate::db::Connection;
use crate::db::schema::{fulfillment_line_items, order_line_items, variants};
use crate::error::{Code, Error, Result};
use crate::ids::FulfillmentId;
use crate::orders::read::OrderRow;
use crate::settings::{self, Versioned};
use crate::shipping::model::{RateSource, ShippingRate};
use crate::shipping::pack::{self, Goods, Parcel};
use crate::shipping::question::{CustomsLine, ShipmentQuestion};
use crate::shipping::settings::ShippingSettings;
use crate::shippo::crosses_border;

/// How Shippo's services are named in the ids of carts' rates.
const RATE_PREFIX: &str = "shippo_";

/// A line of a shipment, and its variant as it is today.
#[derive(Debug, Queryable)]
struct Line {
    quantity: i64,
    sku: String,
    title: String,
    unit_price: i64,
    weight_grams: Option<i64>,
    length_mm: Option<i64>,
    width_mm: Option<i64>,
    height_mm: Option<i64>,
    hs_code: Option<String>,
    origin_country: Option<String>,
}

/// The rate of a carrier that the shopper chose, if they did.
///
/// # Errors
/// When the database holds what is no rate, which is a defect.
pub fn chosen_rate(order: &OrderRow) -> Result<Option<ShippingRate>> {
    let Some(rate) = &order.shipping_rate else { return Ok(None) };
    let rate: ShippingRate = serde_json::from_value(rate.clone())
        .map_err(|error| Error::Internal(format!("orders.shipping_rate of {}: {error}", order.id)))?;
    Ok(Some(rate).filter(|rate| rate.source == RateSource::Shippo))
}

/// Shippo's token of a carrier's rate.
#[must_use]
pub fn service_of(rate: &ShippingRate) -> Option<&str> {
    rate.id.strip_prefix(RATE_PREFIX)
}

/// Whether a shipment is all of its order that is sent by post, so that the order's own rate is for just this parcel.
///
/// # Errors
/// Those of the database.
pub async fn is_whole_order(conn: &mut Connection, order: &OrderRow, fulfillment: FulfillmentId) -> Result<bool> {
    let lines: Vec<(i64, Option<i64>)> = order_line_items::table
        .left_join(
            fulfillment_line_items::table.on(fulfillment_line_items::line_item_id
                .eq(order_line_items::id)
                .and(fulfillment_line_items::fulfillment_id.eq(fulfillment))),
        )
        .filter(order_line_items::order_id.eq(order.id))
        .filter(order_line_items::requires_shipping)
        .select((order_line_items::quantity, fulfillment_line_items::quantity.nullable()))
        .load(conn)
        .await?;
    Ok(lines.iter().all(|(bought, sent)| *sent == Some(*bought)))
}

/// What is asked for a shipment.
///
/// # Errors
/// `label_not_possible`: nothing to be sent, no origin, no address, or more than one parcel.
pub async fn of_fulfillment(
    conn: &mut Connection,
    order: &OrderRow,
    fulfillment: FulfillmentId,
    parcel: Option<MeasuredParcel>,
) -> Result<ShipmentQuestion> {
    let shop: Versioned<ShippingSettings> = settings::read(conn).await?;
    let lines = lines(conn, fulfillment).await?;
    if lines.is_empty() {
        return refuse("Nothing of the shipment is sent by post.");
    }
    let Some(origin) = shop.value.origin.clone() else {
        return refuse(
            "It is not known where the goods come from; set `origin` (`PATCH /v1/admin/shipping-settings`).",
        );
    };
    let Some(destination) = address(order.shipping_address.as_ref())? else {
        return refuse("The order has no shipping address.");
    };
    let parcel = match parcel {
        Some(MeasuredParcel { dimensions_mm, weight_grams }) => Parcel { size: dimensions_mm, weight_grams },
        None => packed(&lines, &shop.value)?,
    };
    let customs = crosses_border(&origin.country, &destination.country);
    Ok(ShipmentQuestion {
        cart: order.cart_id,
        currency: order.currency,
        customs: if customs {
            lines.iter().map(|line| declared(line, &origin, &shop.value)).collect()
        } else {
            Vec::new()
        },
        origin,
        origin_email: shop.value.origin_email.clone(),
        destination,
        email: Some(order.email.clone()),
        parcels: vec![parcel],
        settings_version: shop.version,
    })
}

fn refuse<T>(detail: &str) -> Result<T> {
    Err(Error::problem(Code::LabelNotPossible, detail))
}

async fn lines(conn: &mut Connection, fulfillment: FulfillmentId) -> Result<Vec<Line>> {
    Ok(fulfillment_line_items::table
        .inner_join(order_line_items::table.on(order_line_items::id.eq(fulfillment_line_items::line_item_id)))
        .inner_join(variants::table.on(variants::id.eq(order_line_items::variant_id)))
        .filter(fulfillment_line_items::fulfillment_id.eq(fulfillment))
        .filter(order_line_items::requires_shipping)
        .order(order_line_items::position)
        .select((
            fulfillment_line_items::quantity,
            order_line_items::sku,
            order_line_items::title,
            order_line_items::unit_price,
            variants::weight_grams,
            variants::length_mm,
            variants::width_mm,
            variants::height_mm,
            variants::hs_code,
            variants::origin_country,
        ))
        .load(conn)
        .await?)
}

fn weight(line: &Line, shop: &ShippingSettings) -> i64 {
    line.weight_grams.filter(|grams| *grams > 0).unwrap_or(shop.default_weight_grams)
}

/// The one parcel that the goods are packed into.
fn packed(lines: &[Line], shop: &ShippingSettings) -> Result<Parcel> {
    let goods = lines.iter().map(|line| Goods {
        quantity: line.quantity,
        weight_grams: weight(line, shop),
        size: match (line.length_mm, line.width_mm, line.height_mm) {
            (Some(length), Some(width), Some(height)) => Dimensions { length, width, height },
            (_, _, _) => shop.default_dimensions_mm,
        },
    });
    match pack::pack(&goods.collect::<Vec<_>>(), shop).as_deref() {
        Ok([parcel]) => Ok(*parcel),
        Ok(parcels) => refuse(&format!(
            "The goods take {} parcels by the shop's boxes, and a label is for one. Send `parcel` if they fit into one, or \
             cancel the shipment and record one for each parcel.",
            parcels.len()
        )),
        Err(_unpackable) => refuse("The goods fit into no parcel by the shop's boxes; send `parcel`."),
    }
}

fn declared(line: &Line, origin: &Address, shop: &ShippingSettings) -> CustomsLine {
    CustomsLine {
        description: line.title.clone(),
        quantity: line.quantity,
        weight_grams: weight(line, shop).saturating_mul(line.quantity),
        value: line.unit_price.saturating_mul(line.quantity),
        origin_country: line.origin_country.clone().unwrap_or_else(|| origin.country.clone()),
        hs_code: line.hs_code.clone(),
        sku: line.sku.clone(),
    }
}
