//! The rows of a new order.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::reserve::Plan;
use crate::db::schema::orders;
use crate::db::{Connection, OnConstraint, Prepare};
use crate::discounts::model::AppliedDiscount;
use crate::error::{Code, Error, Result};
use crate::ids::{LineItemId, OrderId};
use crate::money::Money;
use crate::orders::model::{DisputeStatus, FulfillmentStatus, OrderStatus, PaymentStatus};
use crate::orders::place::NewLine;
use crate::orders::read::{LineRow, OrderRow};

/// Writes the order of a checkout.
///
/// # Errors
/// `cart_changed` when another order is taxed by its calculation.
pub(super) async fn insert(
    conn: &mut Connection,
    plan: &Plan<'_>,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<OrderRow> {
    let (cart, totals) = (&plan.snapshot.cart, &plan.priced.priced.totals);
    let known = |amount: Option<Money>| {
        amount.map(|money| money.amount).ok_or_else(|| Error::Internal("an order without known totals".to_owned()))
    };
    let amounts = (
        orders::subtotal.eq(totals.subtotal.amount),
        orders::discount.eq(totals.discount.amount),
        orders::shipping.eq(known(totals.shipping)?),
        orders::shipping_discount.eq(known(totals.shipping_discount)?),
        orders::tax_added.eq(known(totals.tax_added)?),
        orders::tax_included.eq(known(totals.tax_included)?),
        orders::total.eq(known(totals.total)?),
    );
    let after_payment = (
        orders::captured.eq(0),
        orders::refund_claimed.eq(0),
        orders::refund_imported.eq(0),
        orders::disputed.eq(0),
        orders::dispute_status.eq(DisputeStatus::None),
    );
    let rate: Option<Value> = plan.priced.delivery.rate().map(|rate| json!(rate));
    let discounts: Vec<&AppliedDiscount> = plan.priced.discounts.iter().map(|(_, applied)| applied).collect();
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(order),
            orders::cart_id.eq(cart.id),
            orders::status.eq(OrderStatus::Pending),
            orders::payment_status.eq(PaymentStatus::Unpaid),
            orders::fulfillment_status.eq(FulfillmentStatus::Unfulfilled),
            orders::payment_review.eq(false),
            orders::currency.eq(cart.currency),
            orders::email.eq(cart.email.as_deref().unwrap_or_default()),
            orders::customer_id.eq(cart.customer_id),
            orders::shipping_address.eq(&cart.shipping_address),
            orders::billing_address.eq(&cart.billing_address),
            orders::shipping_rate.eq(rate),
            orders::locale.eq(&cart.locale),
            orders::discounts.eq(json!(discounts)),
            orders::exchange_rate.eq(plan.snapshot.exchange.as_ref().map(|exchange| json!(exchange))),
            orders::tax.eq(json!(plan.priced.tax.summary(plan.snapshot)?)),
            orders::tax_calculation_id.eq(plan.priced.tax.known().and_then(|known| known.calculation)),
            orders::metadata.eq(&cart.metadata),
            amounts,
            after_payment,
            orders::token_version.eq(1),
            orders::version.eq(1),
            orders::placed_at.eq(now),
            orders::updated_at.eq(now),
        ))
        .returning(OrderRow::as_returning())
        .prepared()
        .get_result(conn)
        .await
        .on_constraint("orders_tax_calculation_id_key", || {
            let detail =
                "Another order is taxed by what this cart was quoted. Ask for another quote, then check out again.";
            Error::problem(Code::CartChanged, detail)
        })
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
