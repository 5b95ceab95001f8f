//! The shapes of fulfillments.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::ids::{FulfillmentId, LineItemId, OrderId};

/// Units of a line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FulfillmentLine {
    /// The order's line.
    pub line_item_id: LineItemId,
    /// How many units.
    #[validate(range(min = 1, max = 9999))]
    pub quantity: i64,
}

/// A shipment to be recorded.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewFulfillment {
    /// What was sent; everything that is still to be sent when absent.
    #[serde(default)]
    #[validate(length(min = 1, max = 99), nested)]
    pub line_items: Option<Vec<FulfillmentLine>>,
    /// Who carries it.
    #[serde(default)]
    #[schema(example = "DHL")]
    #[validate(length(min = 1, max = 100))]
    pub carrier: Option<String>,
    /// How the carrier calls it.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), url)]
    pub tracking_url: Option<String>,
    /// Send although the payment is disputed, or all of it was given back.
    #[serde(default)]
    pub force: bool,
}

/// Goods that were sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Fulfillment {
    /// The fulfillment's id.
    pub id: FulfillmentId,
    /// The order.
    pub order_id: OrderId,
    /// What was sent.
    pub line_items: Vec<FulfillmentLine>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// How the carrier calls it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}
