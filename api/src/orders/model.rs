//! The shapes of orders and their states.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::db::text_enum;
use crate::discounts::model::{AppliedDiscount, LineDiscount};
use crate::disputes::model::Dispute;
use crate::fulfillments::model::Fulfillment;
use crate::fx::derive::Derivation;
use crate::ids::{CustomerId, LineItemId, OrderId, ProductId, VariantId};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};
use crate::pricing::Totals;
use crate::refunds::model::Refund;
use crate::shipping::model::ShippingRate;
use crate::tax::model::{TaxComponent, TaxSummary};

text_enum! {
    /// Where an order stands as a whole.
    OrderStatus {
        /// Waiting for its payment.
        Pending => "pending",
        /// Paid; to be fulfilled.
        Confirmed => "confirmed",
        /// Done.
        Completed => "completed",
        /// Called off, or never paid.
        Cancelled => "cancelled",
    }
}

text_enum! {
    /// Where the money stands; derived from what was captured and refunded.
    PaymentStatus {
        /// Nothing was paid.
        Unpaid => "unpaid",
        /// The payment is on its way.
        Processing => "processing",
        /// Paid in full.
        Paid => "paid",
        /// Part of it was given back.
        PartiallyRefunded => "partially_refunded",
        /// All of it was given back.
        Refunded => "refunded",
        /// The delayed payment failed.
        Failed => "failed",
    }
}

text_enum! {
    /// Where the goods stand.
    FulfillmentStatus {
        /// Nothing was sent.
        Unfulfilled => "unfulfilled",
        /// Part of it was sent.
        PartiallyFulfilled => "partially_fulfilled",
        /// All of it was sent.
        Fulfilled => "fulfilled",
        /// All of it arrived.
        Delivered => "delivered",
    }
}

text_enum! {
    /// Whether a customer disputes the payment.
    DisputeStatus {
        /// Nobody does.
        None => "none",
        /// The bank asks, without taking money yet.
        Warning => "warning",
        /// Disputed; the money is taken until it is decided.
        Open => "open",
        /// Decided for the shop.
        Won => "won",
        /// Decided for the customer.
        Lost => "lost",
    }
}

impl PaymentStatus {
    /// The status that the ledger's sums say, once something was captured.
    #[must_use]
    pub const fn of_ledger(captured: i64, refunded: i64) -> Self {
        if refunded <= 0 {
            Self::Paid
        } else if refunded < captured {
            Self::PartiallyRefunded
        } else {
            Self::Refunded
        }
    }
}

/// An order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// What people call it; given when it is paid.
    #[schema(example = "1001")]
    pub number: Option<String>,
    /// Where it stands as a whole.
    pub status: OrderStatus,
    /// Where the money stands.
    pub payment_status: PaymentStatus,
    /// Where the goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// Whether the amount paid is not the order's, so that staff must decide.
    pub payment_review: bool,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The shopper's e-mail address.
    pub email: String,
    /// Whose it is; `null` when it was bought as a guest, and for who has only a token.
    pub customer_id: Option<CustomerId>,
    /// What was bought.
    pub line_items: Vec<OrderLine>,
    /// The discounts that were given.
    pub discounts: Vec<AppliedDiscount>,
    /// How its prices came about, when they were derived from the shop's own currency.
    pub exchange_rate: Option<Derivation>,
    /// Its tax: where it comes from, and who takes it.
    pub tax: TaxSummary,
    /// The record of the sale with the tax provider, once it is made.
    #[schema(example = "tax_1SqX…")]
    pub tax_transaction_id: Option<String>,
    /// What it cost.
    pub totals: Totals,
    /// What was given back.
    pub refunded: Money,
    /// What can still be refunded: captured, less refunds that succeeded or are on their way, less what disputes took.
    pub remaining_refundable: Money,
    /// Whether the payment is disputed.
    pub dispute_status: DisputeStatus,
    /// What was sent.
    pub fulfillments: Vec<Fulfillment>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who pays.
    pub billing_address: Option<Address>,
    /// How the goods are sent.
    pub shipping_rate: Option<ShippingRate>,
    /// What was or is being given back.
    pub refunds: Vec<Refund>,
    /// The shop's own data, from the cart.
    pub metadata: Metadata,
    /// Raised by each change.
    pub version: i64,
    /// When the checkout began.
    pub placed_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When a cancellation was asked for while the payment was on its way.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// What staff sort it by; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tags: Option<Vec<String>>,
    /// What staff noted when they cancelled it; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cancel_note: Option<String>,
    /// What was paid when that was not the order's total, until it is decided; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub review_amount: Option<Money>,
    /// The payment's disputes; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disputes: Option<Vec<Dispute>>,
    /// What happened, oldest first; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub timeline: Option<Vec<TimelineEntry>>,
}

/// A line of an order, as it was when it was bought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrderLine {
    /// The line's id.
    pub id: LineItemId,
    /// What was bought.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// Stock keeping unit.
    pub sku: String,
    /// The product's name.
    pub title: String,
    /// What sets the variant apart.
    pub variant_title: String,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit_price: Money,
    /// Unit price × quantity.
    pub subtotal: Money,
    /// Its share of the discounts.
    pub discount: Money,
    /// Each discount's part of it.
    pub discounts: Vec<LineDiscount>,
    /// Tax on top.
    pub tax_added: Money,
    /// Tax contained.
    pub tax_included: Money,
    /// Who takes it.
    pub tax_breakdown: Vec<TaxComponent>,
    /// What the line costs: `subtotal − discount + tax_added`.
    pub total: Money,
    /// Units that were given back, or are about to be.
    pub refunded_quantity: i64,
    /// Units that were sent.
    pub fulfilled_quantity: i64,
    /// Units that are still to be sent.
    pub fulfillable_quantity: i64,
    /// Whether it is sent by post.
    pub requires_shipping: bool,
    /// The shop's own data.
    pub metadata: Metadata,
}

/// Something that happened to an order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineEntry {
    /// `placed`, `checkout_opened`, `payment_processing`, `paid`, `payment_failed`, `cancelled`, …
    #[schema(example = "paid")]
    pub kind: String,
    /// More about it.
    #[schema(value_type = Object)]
    pub detail: Value,
    /// What the member of staff or the API key is called who did it; `detail.by` is their id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Grace Hopper")]
    pub by_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}
