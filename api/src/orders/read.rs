//! Reading orders: whole pages in three queries, whatever their size.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{DisputeStatus, FulfillmentStatus, Order, OrderLine, OrderStatus, PaymentStatus, TimelineEntry};
use crate::carts::price::address;
use crate::db::schema::{order_events, order_line_items, orders};
use crate::db::{Connection, Prepare};
use crate::error::{Error, Result};
use crate::ids::{CartId, CustomerId, LineItemId, OrderId, ProductId, TaxCalculationId, VariantId};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};
use crate::pricing::Totals;
use crate::refunds::model::{Refund, RefundStatus};
use crate::staff::names;
use crate::{disputes, fulfillments, refunds};

/// A row of `orders`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = orders)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct OrderRow {
    /// The order's id.
    pub id: OrderId,
    /// What people call it.
    pub number: Option<String>,
    /// The cart it came from.
    pub cart_id: CartId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where the money stands.
    pub payment_status: PaymentStatus,
    /// Where the goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// Whether staff must decide about the amount paid.
    pub payment_review: bool,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The shopper's e-mail address.
    pub email: String,
    /// Whose it is, if they have an account.
    pub customer_id: Option<CustomerId>,
    /// An address.
    pub shipping_address: Option<Value>,
    /// An address.
    pub billing_address: Option<Value>,
    /// A shipping rate.
    pub shipping_rate: Option<Value>,
    /// What was given, by discount.
    pub discounts: Value,
    /// How its prices were derived.
    pub exchange_rate: Option<Value>,
    /// A summary of its tax.
    pub tax: Value,
    /// The calculation that it is taxed by.
    pub tax_calculation_id: Option<TaxCalculationId>,
    /// The record of the sale with the tax provider.
    pub tax_transaction_id: Option<String>,
    /// The shop's own data.
    pub metadata: Value,
    /// Minor units, as all amounts here.
    pub subtotal: i64,
    /// On the lines.
    pub discount: i64,
    /// After its discount.
    pub shipping: i64,
    /// What shipping was reduced by.
    pub shipping_discount: i64,
    /// Tax on top.
    pub tax_added: i64,
    /// Tax contained.
    pub tax_included: i64,
    /// What is to be paid.
    pub total: i64,
    /// `pi_…`
    pub payment_intent_id: Option<String>,
    /// What was paid.
    pub captured: i64,
    /// Our refunds that are pending or succeeded.
    pub refund_claimed: i64,
    /// Refunds that others made at the provider.
    pub refund_imported: i64,
    /// What disputes took.
    pub disputed: i64,
    /// Whether the payment is disputed.
    pub dispute_status: DisputeStatus,
    /// What was paid when that was not the total.
    pub review_amount: Option<i64>,
    /// In which currency.
    pub review_currency: Option<Currency>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// What staff noted.
    pub cancel_note: Option<String>,
    /// When a cancellation was asked for.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Which token opens it.
    pub token_version: i32,
    /// Raised by each change.
    pub version: i64,
    /// When the checkout began.
    pub placed_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// What staff sort it by.
    pub tags: Vec<String>,
}

/// A row of `order_line_items`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = order_line_items)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct LineRow {
    /// The line's id.
    pub id: LineItemId,
    /// Its order.
    pub order_id: OrderId,
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
    /// Whether it is sent by post.
    pub requires_shipping: bool,
    /// The shop's own data.
    pub metadata: Value,
    /// How many.
    pub quantity: i64,
    /// The price of one, in minor units as all amounts here.
    pub unit_price: i64,
    /// Unit price × quantity.
    pub subtotal: i64,
    /// Its share of the discount.
    pub discount: i64,
    /// The same by discount.
    pub discounts: Value,
    /// Tax on top.
    pub tax_added: i64,
    /// Tax contained.
    pub tax_included: i64,
    /// Who takes it.
    pub tax_breakdown: Value,
    /// What the line costs.
    pub total: i64,
    /// Units that live refunds name.
    pub refunded_quantity: i64,
    /// Units that were sent.
    pub fulfilled_quantity: i64,
    /// Units that need not be sent any more.
    pub removed_quantity: i64,
}

/// Where a page starts: after this order, newest first.
pub type After = (DateTime<Utc>, OrderId);

/// The order's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: OrderId, lock: bool) -> Result<OrderRow> {
    let query = orders::table.find(id).select(OrderRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("order"))
}

/// Raises the version of an order whose parts changed, under its lock.
///
/// # Errors
/// Those of the database.
pub async fn touch(conn: &mut Connection, id: OrderId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(orders::table.find(id))
        .set((orders::version.eq(orders::version + 1), orders::updated_at.eq(now)))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// One order in full, as its shopper sees it.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: OrderId) -> Result<Order> {
    let row = row(conn, id, false).await?;
    whole(conn, row).await
}

/// The same of its row.
///
/// # Errors
/// Those of the database.
pub async fn whole(conn: &mut Connection, row: OrderRow) -> Result<Order> {
    assemble(conn, vec![row], false).await?.pop().ok_or_else(|| Error::not_found("order"))
}

/// Several orders in full, as their shopper sees them, by id.
///
/// # Errors
/// Those of the database.
pub async fn find_many(conn: &mut Connection, ids: &[OrderId]) -> Result<Vec<Order>> {
    let rows = orders::table.filter(orders::id.eq_any(ids)).order(orders::id).select(OrderRow::as_select());
    let rows = rows.load(conn).await?;
    assemble(conn, rows, false).await
}

/// One order in full, as staff see it.
///
/// # Errors
/// `not_found`.
pub async fn find_for_staff(conn: &mut Connection, id: OrderId) -> Result<Order> {
    let row = row(conn, id, false).await?;
    let (note, review) = (
        row.cancel_note.clone().filter(|_| row.status == OrderStatus::Cancelled),
        row.review_amount.zip(row.review_currency).filter(|_| row.payment_review),
    );
    let mut order = assemble(conn, vec![row], true).await?.pop().ok_or_else(|| Error::not_found("order"))?;
    order.cancel_note = note;
    order.review_amount = review.map(|(amount, currency)| Money::new(amount, currency));
    order.disputes = Some(disputes::read::of_order(conn, id, order.currency).await?);
    order.timeline = Some(timeline(conn, id).await?);
    Ok(order)
}

/// What happened to an order, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn timeline(conn: &mut Connection, id: OrderId) -> Result<Vec<TimelineEntry>> {
    let rows: Vec<(String, Value, DateTime<Utc>)> = order_events::table
        .filter(order_events::order_id.eq(id))
        .order((order_events::created_at, order_events::id))
        .select((order_events::kind, order_events::detail, order_events::created_at))
        .load(conn)
        .await?;
    let actor = |detail: &Value| detail.get("by").and_then(Value::as_str).map(str::to_owned);
    let actors: BTreeSet<String> = rows.iter().filter_map(|(_, detail, _)| actor(detail)).collect();
    let names = names::of(conn, actors.iter().map(String::as_str)).await?;
    let entry = |(kind, detail, at)| {
        let by_name = actor(&detail).and_then(|actor| names.get(&actor).cloned());
        TimelineEntry { kind, detail, by_name, at }
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// One page of a customer's orders and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list_of_customer(
    conn: &mut Connection,
    customer: CustomerId,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Order>> {
    let mut query = orders::table.filter(orders::customer_id.eq(customer)).select(OrderRow::as_select()).into_boxed();
    if let Some((placed_at, id)) = after {
        query =
            query.filter(orders::placed_at.lt(placed_at).or(orders::placed_at.eq(placed_at).and(orders::id.lt(id))));
    }
    let rows = query.order((orders::placed_at.desc(), orders::id.desc())).limit(limit + 1).load(conn).await?;
    assemble(conn, rows, false).await
}

/// Orders with all that belongs to them, in as many statements for a page as for one.
///
/// # Errors
/// Those of the database.
pub(super) async fn assemble(conn: &mut Connection, rows: Vec<OrderRow>, for_staff: bool) -> Result<Vec<Order>> {
    let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
    let asked: &Connection = conn;
    // Asked at once: one round trip.
    let (lines, refunds) =
        futures_util::try_join!(lines_of(asked, &ids), refunds::read::of_orders(asked, &ids, for_staff))?;
    // Staff see what was called off, too.
    let may_have = |row: &&OrderRow| for_staff || row.fulfillment_status != FulfillmentStatus::Unfulfilled;
    let sent: Vec<OrderId> = rows.iter().filter(may_have).map(|row| row.id).collect();
    let fulfillments = fulfillments::read::of_orders(conn, &sent, for_staff).await?;
    let mut lines_of = by_order(lines, |line| line.order_id);
    let mut refunds_of = by_order(refunds, |refund| refund.order_id);
    let mut fulfillments_of = by_order(fulfillments, |fulfillment| fulfillment.order_id);
    rows.into_iter()
        .map(|row| {
            let (id, tags) = (row.id, row.tags.clone());
            let mut order =
                shape(row, lines_of.remove(&id).unwrap_or_default(), refunds_of.remove(&id).unwrap_or_default())?;
            order.fulfillments = fulfillments_of.remove(&id).unwrap_or_default();
            order.tags = for_staff.then_some(tags);
            Ok(order)
        })
        .collect()
}

async fn lines_of(conn: &Connection, orders: &[OrderId]) -> Result<Vec<LineRow>> {
    let lines = order_line_items::table
        .order((order_line_items::order_id, order_line_items::position))
        .select(LineRow::as_select())
        .into_boxed();
    Ok(match orders {
        // PostgreSQL plans for the elements of each array anew, which takes longer than reading them.
        [only] => lines.filter(order_line_items::order_id.eq(*only)).load(&mut &*conn).await?,
        all => lines.filter(order_line_items::order_id.eq_any(all)).load(&mut &*conn).await?,
    })
}

/// An order as it was just placed: nothing was sent or refunded yet.
///
/// # Errors
/// When a column holds what it cannot, which is a defect.
pub fn fresh(row: OrderRow, lines: Vec<LineRow>) -> Result<Order> {
    shape(row, lines, Vec::new())
}

fn by_order<T>(items: Vec<T>, order: impl Fn(&T) -> OrderId) -> HashMap<OrderId, Vec<T>> {
    let mut sorted: HashMap<OrderId, Vec<T>> = HashMap::new();
    for item in items {
        sorted.entry(order(&item)).or_default().push(item);
    }
    sorted
}

fn shape(row: OrderRow, lines: Vec<LineRow>, refunds: Vec<Refund>) -> Result<Order> {
    let money = |amount| Money::new(amount, row.currency);
    let refunded =
        refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded).map(|refund| refund.amount.amount);
    let refunded: i64 = refunded.sum();
    let remaining = (row.captured - row.refund_claimed - row.refund_imported - row.disputed).max(0);
    Ok(Order {
        totals: Totals {
            subtotal: money(row.subtotal),
            discount: money(row.discount),
            shipping: Some(money(row.shipping)),
            shipping_discount: Some(money(row.shipping_discount)),
            tax: Some(money(row.tax_added).checked_add(money(row.tax_included))?),
            tax_added: Some(money(row.tax_added)),
            tax_included: Some(money(row.tax_included)),
            total: Some(money(row.total)),
        },
        line_items: lines.into_iter().map(|line| shape_line(line, &row)).collect::<Result<_>>()?,
        discounts: read(row.discounts, "orders.discounts")?,
        exchange_rate: row.exchange_rate.map(|rate| read(rate, "orders.exchange_rate")).transpose()?,
        tax: read(row.tax, "orders.tax")?,
        tax_transaction_id: row.tax_transaction_id,
        refunded: money(refunded),
        remaining_refundable: money(remaining),
        dispute_status: row.dispute_status,
        fulfillments: Vec::new(),
        refunds,
        shipping_address: address(row.shipping_address.as_ref())?,
        billing_address: address(row.billing_address.as_ref())?,
        shipping_rate: row.shipping_rate.map(|rate| read(rate, "orders.shipping_rate")).transpose()?,
        metadata: Metadata::from_json(&row.metadata),
        id: row.id,
        number: row.number,
        status: row.status,
        payment_status: row.payment_status,
        fulfillment_status: row.fulfillment_status,
        payment_review: row.payment_review,
        currency: row.currency,
        email: row.email,
        customer_id: row.customer_id,
        version: row.version,
        placed_at: row.placed_at,
        paid_at: row.paid_at,
        cancelled_at: row.cancelled_at,
        cancel_requested_at: row.cancel_requested_at,
        // Until then it is why somebody wanted to cancel it.
        cancel_reason: row.cancel_reason.filter(|_| row.status == OrderStatus::Cancelled),
        tags: None,
        cancel_note: None,
        review_amount: None,
        disputes: None,
        timeline: None,
    })
}

/// A column that keeps one of our own shapes.
fn read<T: serde::de::DeserializeOwned>(column: Value, name: &str) -> Result<T> {
    serde_json::from_value(column).map_err(|error| Error::Internal(format!("{name}: {error}")))
}

fn shape_line(line: LineRow, order: &OrderRow) -> Result<OrderLine> {
    let money = |amount| Money::new(amount, order.currency);
    let is_to_be_sent = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Completed);
    let unsent = line.quantity - line.fulfilled_quantity - line.removed_quantity;
    Ok(OrderLine {
        id: line.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        sku: line.sku,
        title: line.title,
        variant_title: line.variant_title,
        quantity: line.quantity,
        unit_price: money(line.unit_price),
        subtotal: money(line.subtotal),
        discount: money(line.discount),
        discounts: read(line.discounts, "order_line_items.discounts")?,
        tax_added: money(line.tax_added),
        tax_included: money(line.tax_included),
        tax_breakdown: read(line.tax_breakdown, "order_line_items.tax_breakdown")?,
        total: money(line.total),
        refunded_quantity: line.refunded_quantity,
        fulfilled_quantity: line.fulfilled_quantity,
        fulfillable_quantity: if is_to_be_sent { unsent } else { 0 },
        requires_shipping: line.requires_shipping,
        metadata: Metadata::from_json(&line.metadata),
    })
}
