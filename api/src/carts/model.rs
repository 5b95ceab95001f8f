//! The shapes of carts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::catalog::model::PriceOrigin;
use crate::db::text_enum;
use crate::discounts::model::{AppliedDiscount, CartDiscountCode, LineDiscount};
use crate::ids::{CartId, CustomerId, LineItemId, ProductId, VariantId};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::{Currency, Money};
use crate::pricing::Totals;
use crate::shipping::model::ShippingRate;
use crate::tax::model::{TaxComponent, TaxSummary};

/// The most lines of a cart: Stripe takes 100, and tax will be one of them (AMENDMENTS 5).
pub const MAX_LINES: usize = 99;

/// The most units of one line.
pub const MAX_QUANTITY: i64 = 9999;

text_enum! {
    /// What a cart is doing.
    CartStatus {
        /// Can be changed.
        Open => "open",
        /// Being paid; unchangeable until the checkout ends.
        CheckingOut => "checking_out",
        /// Has become an order.
        Completed => "completed",
        /// Untouched for long; a change opens it again.
        Abandoned => "abandoned",
    }
}

/// A cart.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Cart {
    /// The cart's id.
    pub id: CartId,
    /// What it is doing.
    pub status: CartStatus,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The shopper's e-mail address.
    pub email: Option<String>,
    /// Whose it is, once it was claimed.
    pub customer_id: Option<CustomerId>,
    /// The lines, oldest first.
    pub line_items: Vec<CartLine>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who pays.
    pub billing_address: Option<Address>,
    /// The language of its texts, of the payment page and of e-mails; the shop's own when `null`.
    pub locale: Option<Locale>,
    /// How the goods are sent: what was chosen, or the only way there is; `null` while open, or when nothing is sent.
    pub shipping_rate: Option<ShippingRate>,
    /// The codes that were entered, and what became of them.
    pub discount_codes: Vec<CartDiscountCode>,
    /// The discounts that are given.
    pub discounts: Vec<AppliedDiscount>,
    /// Its tax: where it comes from, and who takes it. A quote asks for it when it is not known.
    pub tax: TaxSummary,
    /// What it costs.
    pub totals: Totals,
    /// What the shopper should know, and what stands in the way of a checkout.
    pub problems: Vec<CartProblem>,
    /// The shop's own data.
    pub metadata: Metadata,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When it counts as abandoned unless it is changed.
    pub expires_at: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The cart's secret, to be sent as `X-Cart-Token`; only in the answer that created or claimed the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ct_0b1c…")]
    pub cart_token: Option<String>,
}

/// A line of a cart.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CartLine {
    /// The line's id.
    pub id: LineItemId,
    /// What is bought.
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
    /// The price of one now; `null` when it is no longer sold in this currency.
    pub unit_price: Option<Money>,
    /// Whether the price was given or derived from the shop's own currency.
    pub price_origin: Option<PriceOrigin>,
    /// Unit price × quantity.
    pub subtotal: Option<Money>,
    /// Its share of the discounts.
    pub discount: Option<Money>,
    /// Each discount's part of it.
    pub discounts: Vec<LineDiscount>,
    /// Tax on top; `null` until it is known.
    pub tax_added: Option<Money>,
    /// Tax contained; `null` until it is known.
    pub tax_included: Option<Money>,
    /// Who takes it.
    pub tax_breakdown: Vec<TaxComponent>,
    /// What the line costs, as far as its tax is known: `subtotal − discount + tax_added`.
    pub total: Option<Money>,
    /// Whether it is sent by post.
    pub requires_shipping: bool,
    /// The shop's own data.
    pub metadata: Metadata,
    /// What is wrong with the line.
    pub problems: Vec<CartProblem>,
}

text_enum! {
    /// How bad a problem is.
    Severity {
        /// No checkout until it is solved.
        Blocking => "blocking",
        /// Worth telling the shopper; a change of the line settles it.
        Notice => "notice",
    }
}

/// Something that the shopper should know, or that stands in the way of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CartProblem {
    /// `insufficient_stock`, `not_for_sale`, `no_price`, `too_many`, `price_changed`, `shipping_unavailable`,
    /// `shipping_rate_gone`, `discount_not_applied`, `tax_location_invalid`, `tax_unavailable`,
    /// `address_questionable`, `currency_changed`.
    #[schema(example = "insufficient_stock")]
    pub code: String,
    /// Whether it stands in the way of a checkout.
    pub severity: Severity,
    /// What it means and what to do.
    pub detail: String,
    /// Where in the cart.
    #[schema(example = "/line_items/0/quantity")]
    pub pointer: String,
}
