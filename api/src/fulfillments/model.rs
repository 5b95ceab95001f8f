//! The shapes of fulfillments.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::db::text_enum;
use crate::http::patch::Patch;
use crate::ids::{FulfillmentId, LineItemId, OrderId};
use crate::labels::model::ShippingLabel;

text_enum! {
    /// Where a shipment is.
    ShipmentStatus {
        /// Recorded; the carrier does not have it yet.
        Pending => "pending",
        /// Its label is bought.
        LabelPurchased => "label_purchased",
        /// On its way.
        InTransit => "in_transit",
        /// It arrived.
        Delivered => "delivered",
        /// It could not be delivered; carriers try again.
        Failed => "failed",
        /// It goes back, or is back.
        Returned => "returned",
        /// Called off before it left.
        Cancelled => "cancelled",
    }
}

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
    /// What is sent; everything that is still to be sent when absent.
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
    /// Where it can be followed, `https` only; that of a known carrier when absent.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = https))]
    pub tracking_url: Option<String>,
    /// Send although the payment is disputed, or all of it was given back.
    #[serde(default)]
    pub force: bool,
}

/// A change of a shipment; what is absent stays.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FulfillmentPatch {
    /// Who carries it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "DHL")]
    #[validate(length(min = 1, max = 100))]
    pub carrier: Patch<String>,
    /// How the carrier calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 100))]
    pub tracking_number: Patch<String>,
    /// Where it can be followed, `https` only. Absent beside another carrier or number: that of a known carrier.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 2000), custom(function = https_patch))]
    pub tracking_url: Patch<String>,
    /// Where it is: `in_transit`, `delivered`, `failed` or `returned`. Newer news of the carrier count; what arrived can
    /// only be returned.
    #[serde(default)]
    pub status: Option<ShipmentStatus>,
}

/// Goods that are sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Fulfillment {
    /// The fulfillment's id.
    pub id: FulfillmentId,
    /// The order.
    pub order_id: OrderId,
    /// Where it is.
    pub status: ShipmentStatus,
    /// What is sent.
    pub line_items: Vec<FulfillmentLine>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// How the carrier calls it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
    /// What the carrier said last.
    #[schema(example = "Your shipment is on its way.")]
    pub tracking_detail: Option<String>,
    /// When the carrier had it.
    pub shipped_at: Option<DateTime<Utc>>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was called off; only staff see such ones.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Its labels, oldest first; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub labels: Option<Vec<ShippingLabel>>,
}

fn https(url: &str) -> Result<(), ValidationError> {
    let is_good = reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if is_good {
        return Ok(());
    }
    Err(ValidationError::new("url").with_message("must be a URL that starts with `https://`".into()))
}

fn https_patch(url: &Patch<String>) -> Result<(), ValidationError> {
    url.value().map_or(Ok(()), |url| https(url))
}
