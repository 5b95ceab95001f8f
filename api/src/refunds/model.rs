//! The shapes of refunds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::plan::{Ask, AskedLine};
use crate::db::text_enum;
use crate::error::{Error, Result};
use crate::ids::{LineItemId, OrderId, RefundId};
use crate::money::{Currency, Money};

text_enum! {
    /// How a refund stands.
    RefundStatus {
        /// To be sent, or on its way.
        Pending => "pending",
        /// Given back.
        Succeeded => "succeeded",
        /// It did not go through, perhaps after it had succeeded; final.
        Failed => "failed",
        /// Called off; final.
        Cancelled => "cancelled",
    }
}

impl RefundStatus {
    /// Whether its money counts as given back.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Pending | Self::Succeeded => true,
            Self::Failed | Self::Cancelled => false,
        }
    }
}

text_enum! {
    /// Who made a refund.
    RefundSource {
        /// This API.
        Merx => "merx",
        /// Somebody at Stripe, such as in its dashboard.
        Stripe => "stripe",
    }
}

text_enum! {
    /// Why money is given back.
    RefundReason {
        /// The customer asked for it.
        RequestedByCustomer => "requested_by_customer",
        /// The goods came back.
        Returned => "returned",
        /// The goods were damaged or wrong.
        Damaged => "damaged",
        /// The goods never arrived.
        NotReceived => "not_received",
        /// A gesture.
        Goodwill => "goodwill",
        /// Charged twice.
        Duplicate => "duplicate",
        /// The payment was fraud; Stripe blocks the card.
        Fraudulent => "fraudulent",
        /// The goods cannot be had.
        OutOfStock => "out_of_stock",
        /// The order was cancelled.
        Cancelled => "cancelled",
        /// The money came after the checkout was closed.
        PaidAfterClose => "paid_after_close",
        /// Another amount than the order's was paid.
        AmountMismatch => "amount_mismatch",
        /// Anything else; `note` says what.
        Other => "other",
    }
}

/// Units of a line to be refunded.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewRefundLine {
    /// The order's line.
    pub line_item_id: LineItemId,
    /// How many units.
    #[validate(range(min = 1, max = 9999))]
    pub quantity: i64,
    /// Whether they go back on the shelf once the refund succeeds. When absent, units that were never sent do, and sent
    /// ones do not.
    #[serde(default)]
    pub restock: Option<bool>,
}

/// A refund: an `amount`, or `line_items` and a part of the `shipping`.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// This much, whatever for; not together with `line_items` or `shipping`.
    #[serde(default)]
    pub amount: Option<Money>,
    /// These lines, at what they cost after discounts, with their tax.
    #[serde(default)]
    #[validate(length(min = 1, max = 99), nested)]
    pub line_items: Option<Vec<NewRefundLine>>,
    /// This much of what shipping cost, with its tax.
    #[serde(default)]
    pub shipping: Option<Money>,
    /// Why.
    pub reason: RefundReason,
    /// For the shop's own use; customers do not see it.
    #[serde(default)]
    #[validate(length(min = 1, max = 1000))]
    pub note: Option<String>,
    /// Refund although the payment is disputed.
    #[serde(default)]
    pub force: bool,
}

impl NewRefund {
    /// What is asked for, in the order's currency.
    ///
    /// # Errors
    /// `validation_failed`.
    pub fn ask(&self, currency: Currency) -> Result<Ask> {
        let minor = |pointer: &str, money: Money| {
            if money.currency == currency {
                return Ok(money.amount);
            }
            Err(Error::invalid(pointer, "currency", format!("must be in the order's currency, {currency}")))
        };
        if matches!(self.reason, RefundReason::Cancelled | RefundReason::PaidAfterClose | RefundReason::AmountMismatch)
        {
            let detail = "is given by the shop itself; use another one, such as requested_by_customer";
            return Err(Error::invalid("/reason", "choice", detail));
        }
        match (self.amount, &self.line_items, self.shipping) {
            (Some(amount), None, None) => match minor("/amount", amount)? {
                amount if amount > 0 => Ok(Ask::Amount(amount)),
                _ => Err(Error::invalid("/amount/amount", "range", "must be more than nothing")),
            },
            (Some(_), _, _) => {
                Err(Error::invalid("/amount", "exclusive", "cannot be sent together with line_items or shipping"))
            }
            (None, None, None) => {
                Err(Error::invalid("/amount", "required", "is missing: send amount, line_items, or shipping"))
            }
            (None, lines, shipping) => {
                let lines = lines.iter().flatten().map(|line| AskedLine {
                    id: line.line_item_id,
                    quantity: line.quantity,
                    restock: line.restock,
                });
                let shipping = shipping.map_or(Ok(0), |shipping| minor("/shipping", shipping))?;
                Ok(Ask::Lines { lines: lines.collect(), shipping })
            }
        }
    }
}

/// A line's part of a refund.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RefundLine {
    /// The order's line.
    pub line_item_id: LineItemId,
    /// How many units.
    pub quantity: i64,
    /// What they are worth.
    pub amount: Money,
    /// The tax in it.
    pub tax: Money,
    /// Units that go back on the shelf when the refund succeeds.
    pub restock_quantity: i64,
}

/// Money given back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Refund {
    /// The refund's id.
    pub id: RefundId,
    /// The order.
    pub order_id: OrderId,
    /// How it stands.
    pub status: RefundStatus,
    /// Who made it.
    pub source: RefundSource,
    /// How much.
    pub amount: Money,
    /// Of that, for shipping.
    pub shipping: Money,
    /// The tax in the amount.
    pub tax: Money,
    /// By line; empty for a refund of an amount.
    pub line_items: Vec<RefundLine>,
    /// Why.
    pub reason: RefundReason,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// What the shop noted; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<String>,
    /// The reversal of its tax with the tax provider; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tax_reversal_id: Option<String>,
}

/// The refunds of an order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RefundList {
    /// Oldest first.
    pub data: Vec<Refund>,
}

/// What a refund would come to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RefundPreview {
    /// How much.
    pub amount: Money,
    /// Of that, for shipping.
    pub shipping: Money,
    /// The tax in the amount.
    pub tax: Money,
    /// By line.
    pub line_items: Vec<RefundLine>,
    /// What can be refunded now.
    pub remaining_refundable: Money,
    /// What could be refunded after it.
    pub remaining_after: Money,
}
