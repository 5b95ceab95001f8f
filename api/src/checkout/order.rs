//! The rows of a new order.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::reserve::Plan;
use crate::db::statement::{Bind, Statement};
use crate::discounts::model::AppliedDiscount;
use crate::error::{Error, Result};
use crate::ids::{LineItemId, OrderId};
use crate::money::Money;
use crate::orders::model::{DisputeStatus, FulfillmentStatus, OrderStatus, PaymentStatus};
use crate::orders::place::NewLine;
use crate::orders::read::{LineRow, OrderRow};

/// The order of a checkout, which is to be written.
///
/// # Errors
/// A defect when its totals are not known.
pub(super) fn new(plan: &Plan<'_>, order: OrderId, now: DateTime<Utc>) -> Result<OrderRow> {
    let (cart, totals) = (&plan.snapshot.cart, &plan.priced.priced.totals);
    let known = |amount: Option<Money>| {
        amount.map(|money| money.amount).ok_or_else(|| Error::Internal("an order without known totals".to_owned()))
    };
    let discounts: Vec<&AppliedDiscount> = plan.priced.discounts.iter().map(|(_, applied)| applied).collect();
    Ok(OrderRow {
        id: order,
        number: None,
        cart_id: cart.id,
        status: OrderStatus::Pending,
        payment_status: PaymentStatus::Unpaid,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        payment_review: false,
        currency: cart.currency,
        email: cart.email.clone().unwrap_or_default(),
        customer_id: cart.customer_id,
        shipping_address: cart.shipping_address.clone(),
        billing_address: cart.billing_address.clone(),
        shipping_rate: plan.priced.delivery.rate().map(|rate| json!(rate)),
        discounts: json!(discounts),
        exchange_rate: plan.snapshot.exchange.as_ref().map(|exchange| json!(exchange)),
        tax: json!(plan.priced.tax.summary(plan.snapshot)?),
        tax_calculation_id: plan.priced.tax.known().and_then(|known| known.calculation),
        tax_transaction_id: None,
        metadata: cart.metadata.clone(),
        subtotal: totals.subtotal.amount,
        discount: totals.discount.amount,
        shipping: known(totals.shipping)?,
        shipping_discount: known(totals.shipping_discount)?,
        tax_added: known(totals.tax_added)?,
        tax_included: known(totals.tax_included)?,
        total: known(totals.total)?,
        payment_intent_id: None,
        captured: 0,
        refund_claimed: 0,
        refund_imported: 0,
        disputed: 0,
        dispute_status: DisputeStatus::None,
        review_amount: None,
        review_currency: None,
        cancel_reason: None,
        cancel_note: None,
        cancel_requested_at: None,
        token_version: 1,
        version: 1,
        placed_at: now,
        paid_at: None,
        cancelled_at: None,
        tags: Vec::new(),
    })
}

/// What nobody did to it yet is written as such.
const INSERT: &str = "
    INSERT INTO orders (id, cart_id, status, payment_status, fulfillment_status, payment_review, currency, email, customer_id,
        shipping_address, billing_address, shipping_rate, locale, discounts, exchange_rate, tax, tax_calculation_id, metadata,
        subtotal, discount, shipping, shipping_discount, tax_added, tax_included, total, captured, refund_claimed,
        refund_imported, disputed, dispute_status, token_version, version, placed_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, false, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, 0, 0, 0, 0, $25, $26, $27, $28, $28)";

/// The statement that writes a new order, and the language of its cart with it.
pub(super) fn row(order: &OrderRow, locale: Option<&str>) -> Statement {
    Statement::constant(INSERT)
        .with(Bind::Uuid(order.id.0))
        .with(Bind::Uuid(order.cart_id.0))
        .with(Bind::Text(order.status.to_string()))
        .with(Bind::Text(order.payment_status.to_string()))
        .with(Bind::Text(order.fulfillment_status.to_string()))
        .with(Bind::Text(order.currency.to_string()))
        .with(Bind::Text(order.email.clone()))
        .with(Bind::NullableUuid(order.customer_id.map(|id| id.0)))
        .with(Bind::nullable_json(order.shipping_address.as_ref()))
        .with(Bind::nullable_json(order.billing_address.as_ref()))
        .with(Bind::nullable_json(order.shipping_rate.as_ref()))
        .with(Bind::NullableText(locale.map(str::to_owned)))
        .with(Bind::json(&order.discounts))
        .with(Bind::nullable_json(order.exchange_rate.as_ref()))
        .with(Bind::json(&order.tax))
        .with(Bind::NullableUuid(order.tax_calculation_id.map(|id| id.0)))
        .with(Bind::json(&order.metadata))
        .with(Bind::Int(order.subtotal))
        .with(Bind::Int(order.discount))
        .with(Bind::Int(order.shipping))
        .with(Bind::Int(order.shipping_discount))
        .with(Bind::Int(order.tax_added))
        .with(Bind::Int(order.tax_included))
        .with(Bind::Int(order.total))
        .with(Bind::Text(order.dispute_status.to_string()))
        .with(Bind::Int(order.token_version.into()))
        .with(Bind::Int(order.version))
        .with(Bind::Time(order.placed_at))
}

/// Its lines, which are to be written.
pub(super) fn lines(plan: &Plan<'_>, order: OrderId) -> Vec<NewLine> {
    let priced = plan.priced.priced.lines.iter().zip(&plan.priced.line_discounts).zip(&plan.priced.line_taxes);
    let lines = plan.snapshot.lines.iter().zip(priced);
    lines
        .map(|(line, ((totals, discounts), taxed))| NewLine {
            row: LineRow {
                id: LineItemId::new(),
                order_id: order,
                variant_id: line.variant_id,
                product_id: line.product_id,
                sku: line.sku.clone(),
                title: line.title.clone(),
                variant_title: line.variant_title.clone(),
                requires_shipping: line.requires_shipping,
                metadata: line.metadata.clone(),
                quantity: line.quantity,
                unit_price: line.unit_price.unwrap_or_default(),
                subtotal: totals.subtotal.amount,
                discount: totals.discount.amount,
                discounts: json!(discounts),
                tax_added: totals.tax_added.amount,
                tax_included: totals.tax_included.amount,
                tax_breakdown: json!(taxed.breakdown),
                total: totals.total.amount,
                refunded_quantity: 0,
                fulfilled_quantity: 0,
                removed_quantity: 0,
            },
            tax_reference: line.id.to_string(),
            tax_code: line.tax_code.clone(),
        })
        .collect()
}
