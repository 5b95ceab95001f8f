//! The shapes of labels.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::catalog::model::Dimensions;
use crate::db::text_enum;
use crate::ids::{FulfillmentId, OrderId, ShippingLabelId};
use crate::money::Money;
use crate::shipping::settings::lawful_size;

text_enum! {
    /// Where a label stands.
    LabelStatus {
        /// Being bought.
        Pending => "pending",
        /// Bought.
        Purchased => "purchased",
        /// Could not be bought.
        Failed => "failed",
        /// To be voided.
        VoidRequested => "void_requested",
        /// The carrier decides whether it is void; the shipment may have another meanwhile.
        Voiding => "voiding",
        /// Void: its money comes back.
        Voided => "voided",
        /// The carrier does not void it.
        VoidRejected => "void_rejected",
    }
}

text_enum! {
    /// Where the rate of a label comes from.
    LabelRateSource {
        /// The order was sold with it.
        Order => "order",
        /// It is asked for when the label is bought.
        Asked => "asked",
    }
}

text_enum! {
    /// What a label is printed on.
    #[derive(Default)]
    LabelFileType {
        /// 4 × 6 inches.
        #[default]
        Pdf4x6 => "PDF_4x6",
        /// A4.
        PdfA4 => "PDF_A4",
        /// A6.
        PdfA6 => "PDF_A6",
        /// A picture.
        Png => "PNG",
        /// For Zebra printers.
        Zpl => "ZPLII",
    }
}

/// A parcel as staff measured it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MeasuredParcel {
    /// Its outside, in millimetres.
    #[validate(custom(function = lawful_size))]
    pub dimensions_mm: Dimensions,
    /// With its content.
    #[schema(example = 1250)]
    #[validate(range(min = 1, max = 70_000))]
    pub weight_grams: i64,
}

/// A label to be bought.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewShippingLabel {
    /// Shippo's token of the service; that which the shopper chose when absent.
    #[serde(default)]
    #[schema(example = "usps_priority")]
    #[validate(length(min = 1, max = 100))]
    pub service: Option<String>,
    /// The parcel; as the shop's settings pack the goods when absent.
    #[serde(default)]
    #[validate(nested)]
    pub parcel: Option<MeasuredParcel>,
    /// What it is printed on.
    #[serde(default)]
    pub file_type: LabelFileType,
}

/// A carrier's label for one parcel.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ShippingLabel {
    /// The label's id.
    pub id: ShippingLabelId,
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it is for.
    pub fulfillment_id: FulfillmentId,
    /// Where it stands.
    pub status: LabelStatus,
    /// Shippo's token of the service.
    pub service: String,
    /// The carrier, once a rate is chosen.
    #[schema(example = "USPS")]
    pub carrier: Option<String>,
    /// What the shop pays the carrier, once a rate is chosen.
    pub cost: Option<Money>,
    /// What the shopper was asked for the whole order's carriage when they chose a carrier's rate.
    pub quoted: Option<Money>,
    /// What it costs more than was quoted (less: negative), where both are in one currency.
    pub cost_difference: Option<Money>,
    /// How the carrier calls the parcel.
    pub tracking_number: Option<String>,
    /// The file to print.
    pub label_url: Option<String>,
    /// The commercial invoice for customs.
    pub invoice_url: Option<String>,
    /// Why it could not be bought, or not be voided.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
