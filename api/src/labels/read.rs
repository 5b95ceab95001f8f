//! Reading labels.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{LabelFileType, LabelRateSource, LabelStatus, ShippingLabel};
use crate::db::Connection;
use crate::db::schema::shipping_labels;
use crate::error::{Error, Result};
use crate::ids::{FulfillmentId, OrderId, ShippingLabelId};
use crate::money::{Currency, Money};

/// A row of `shipping_labels`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = shipping_labels)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct LabelRow {
    /// The label's id.
    pub id: ShippingLabelId,
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub fulfillment_id: FulfillmentId,
    /// Where it stands.
    pub status: LabelStatus,
    /// Shippo's token of the service.
    pub service: String,
    /// What it is printed on.
    pub file_type: LabelFileType,
    /// The parcel as staff measured it.
    pub parcel: Option<Value>,
    /// Minor units.
    pub quoted_amount: Option<i64>,
    /// Of the quote.
    pub quoted_currency: Option<Currency>,
    /// Shippo's rate that is bought.
    pub rate_id: Option<String>,
    /// Where it comes from, or is to come from.
    pub rate_source: Option<LabelRateSource>,
    /// The carrier.
    pub carrier: Option<String>,
    /// Minor units.
    pub amount: Option<i64>,
    /// Of the cost.
    pub currency: Option<Currency>,
    /// When the purchase was last sent.
    pub attempted_at: Option<DateTime<Utc>>,
    /// Shippo's purchase.
    pub transaction_id: Option<String>,
    /// How the carrier calls the parcel.
    pub tracking_number: Option<String>,
    /// The file to print.
    pub label_url: Option<String>,
    /// For customs.
    pub invoice_url: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl LabelRow {
    /// What the shop pays.
    #[must_use]
    pub fn cost(&self) -> Option<Money> {
        Some(Money::new(self.amount?, self.currency?))
    }

    /// What the shopper was asked.
    #[must_use]
    pub fn quoted(&self) -> Option<Money> {
        Some(Money::new(self.quoted_amount?, self.quoted_currency?))
    }

    /// What it costs more than was quoted, where both are in one currency.
    #[must_use]
    pub fn cost_difference(&self) -> Option<Money> {
        let (cost, quoted) = (self.cost()?, self.quoted()?);
        (cost.currency == quoted.currency).then(|| Money::new(cost.amount - quoted.amount, cost.currency))
    }
}

impl From<LabelRow> for ShippingLabel {
    fn from(row: LabelRow) -> Self {
        Self {
            cost: row.cost(),
            quoted: row.quoted(),
            cost_difference: row.cost_difference(),
            id: row.id,
            order_id: row.order_id,
            fulfillment_id: row.fulfillment_id,
            status: row.status,
            service: row.service,
            carrier: row.carrier,
            tracking_number: row.tracking_number,
            label_url: row.label_url,
            invoice_url: row.invoice_url,
            error: row.error,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A label's row.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: ShippingLabelId) -> Result<LabelRow> {
    let row = shipping_labels::table.find(id).select(LabelRow::as_select()).first(conn).await.optional()?;
    row.ok_or_else(|| Error::not_found("label"))
}

/// The labels of fulfillments of these orders, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn of_fulfillments(
    conn: &mut Connection,
    orders: &[OrderId],
    ids: &[FulfillmentId],
) -> Result<HashMap<FulfillmentId, Vec<ShippingLabel>>> {
    let rows: Vec<LabelRow> = shipping_labels::table
        .filter(shipping_labels::order_id.eq_any(orders))
        .filter(shipping_labels::fulfillment_id.eq_any(ids))
        .order((shipping_labels::created_at, shipping_labels::id))
        .select(LabelRow::as_select())
        .load(conn)
        .await?;
    let mut sorted: HashMap<FulfillmentId, Vec<ShippingLabel>> = HashMap::new();
    for row in rows {
        sorted.entry(row.fulfillment_id).or_default().push(row.into());
    }
    Ok(sorted)
}

/// The label that a shipment of an order has, or is about to have.
///
/// # Errors
/// Those of the database.
pub async fn live(
    conn: &mut Connection,
    order: OrderId,
    fulfillment: FulfillmentId,
) -> Result<Option<ShippingLabelId>> {
    Ok(shipping_labels::table
        .filter(shipping_labels::order_id.eq(order))
        .filter(shipping_labels::fulfillment_id.eq(fulfillment))
        .filter(shipping_labels::status.eq_any([
            LabelStatus::Pending,
            LabelStatus::Purchased,
            LabelStatus::VoidRequested,
        ]))
        .select(shipping_labels::id)
        .first(conn)
        .await
        .optional()?)
}
