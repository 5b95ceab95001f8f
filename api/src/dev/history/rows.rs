//! The rows that are made, table by table, and writing them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::orders::{Line, Order};
use super::people::Person;

use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::DiscountId;

/// The tables in an order that their references allow.
const TABLES: [&str; 18] = [
    "customers",
    "carts",
    "cart_line_items",
    "orders",
    "order_line_items",
    "checkouts",
    "reservations",
    "stock_movements",
    "discount_uses",
    "refunds",
    "refund_line_items",
    "fulfillments",
    "fulfillment_line_items",
    "disputes",
    "order_events",
    "emails",
    "webhook_events",
    "fx_rates",
];

/// How many rows one statement writes.
const BATCH: usize = 1000;

/// Rows by table.
#[derive(Default)]
pub(super) struct Rows(BTreeMap<&'static str, Vec<Value>>);

impl Rows {
    pub(super) fn push(&mut self, table: &'static str, row: Value) {
        self.0.entry(table).or_default().push(row);
    }

    pub(super) fn count(&self, table: &str) -> usize {
        self.0.get(table).map_or(0, Vec::len)
    }

    /// Writes them all, inside the caller's transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn write(&self, conn: &mut Connection) -> Result<()> {
        for table in TABLES {
            let columns = columns(conn, table).await?;
            for rows in self.0.get(table).map(Vec::as_slice).unwrap_or_default().chunks(BATCH) {
                let mut statement = Statement::default();
                statement
                    .push("INSERT INTO ")
                    .push(table)
                    .push(" (")
                    .push(&columns)
                    .push(") SELECT ")
                    .push(&columns)
                    .push(" FROM jsonb_populate_recordset(NULL::")
                    .push(table);
                statement.push(", ").bind(Bind::json(&Value::Array(rows.to_vec()))).push(")");
                if table == "fx_rates" {
                    // The bank's own rates stay.
                    statement.push(" ON CONFLICT DO NOTHING");
                }
                statement.execute(conn).await?;
            }
        }
        let used = "UPDATE discounts SET used = (SELECT count(*) FROM discount_uses \
             WHERE discount_id = discounts.id AND released_at IS NULL) \
             WHERE usage_limit IS NOT NULL OR usage_limit_per_customer IS NOT NULL";
        Statement::constant(used).execute(conn).await?;
        Ok(())
    }
}

#[derive(diesel::QueryableByName)]
struct Columns {
    #[diesel(sql_type = diesel::sql_types::Text)]
    names: String,
}

/// The columns of a table that can be written.
async fn columns(conn: &mut Connection, table: &str) -> Result<String> {
    let written = "SELECT string_agg(quote_ident(column_name), ', ') AS names FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER'";
    let found: Option<Columns> = Statement::constant(written).with(Bind::Text(table.to_owned())).optional(conn).await?;
    Ok(found.map(|row| row.names).unwrap_or_default())
}

/// The discount and the code that were used.
type Given = Option<(Uuid, Uuid)>;

/// The order's own row; `(number, again, given)` are its number, whether its buyer had bought before, and the code used.
pub(super) fn order(
    order: &Order,
    person: &Person,
    cart: Uuid,
    (number, again, given): (Option<i64>, Option<bool>, Given),
    placed_at: DateTime<Utc>,
) -> Value {
    let place = order.place;
    let discount: i64 = order.lines.iter().map(|line| line.discount).sum();
    let money = |amount: i64| json!({"amount": amount, "currency": order.currency});
    let (added, included) = if place.is_included { (0, order.tax()) } else { (order.tax(), 0) };
    let shipping_included = if place.is_included { order.shipping_tax } else { 0 };
    let rate = json!({"id": "rate_demo", "name": place.rate_name, "price": money(order.shipping), "source": "table"});
    let discounts = given.map_or_else(
        || json!([]),
        |(id, _)| {
            json!([{"discount_id": DiscountId(id), "title": "Ten percent to start with", "code": "WELCOME10",
                "type": "percentage", "amount": money(discount), "shipping_amount": money(0)}])
        },
    );
    let tax = json!({
        "source": "table", "tax_ids": [], "exemption": "none", "breakdown": [component(order, order.tax(), order.total)],
        "shipping": {"added": money(0), "included": money(shipping_included), "breakdown": []},
    });
    let paid = number.is_some();
    json!({
        "id": order.id, "number": number.map(|number| number.to_string()), "cart_id": cart, "status": order.status,
        "payment_status": order.payment_status, "fulfillment_status": order.fulfillment_status, "payment_review": false,
        "currency": order.currency, "email": person.email, "shipping_address": person.address(), "billing_address": person.address(),
        "shipping_rate": rate, "metadata": {}, "tags": [], "subtotal": order.lines.iter().map(Line::subtotal).sum::<i64>(),
        "discount": discount, "shipping": order.shipping, "shipping_discount": 0, "tax_added": added, "tax_included": included,
        "total": order.total, "payment_intent_id": paid.then_some(order.payment.as_str()),
        "captured": if paid { order.total } else { 0 },
        "cancel_reason": order.cancelled_at.map(|_| if paid { "requested_by_customer" } else { "hold_expired" }),
        "token_version": 1, "version": 4, "placed_at": placed_at, "paid_at": paid.then_some(order.paid_at),
        "cancelled_at": order.cancelled_at, "updated_at": order.cancelled_at.unwrap_or(order.paid_at), "discounts": discounts,
        "tax": tax, "refund_claimed": order.claimed, "refund_imported": order.imported, "disputed": order.disputed,
        "dispute_status": order.dispute_status, "customer_id": person.account, "bought_before": again,
    })
}

/// A line's row.
pub(super) fn line(order: &Order, line: &Line, position: i32, given: Given) -> Value {
    let is_included = order.place.is_included;
    let discounts = given.filter(|_| line.discount > 0).map_or_else(
        || json!([]),
        |(id, _)| json!([{"discount_id": DiscountId(id), "amount": {"amount": line.discount, "currency": order.currency}}]),
    );
    let taxed = line.subtotal() - line.discount;
    json!({
        "id": line.id, "order_id": order.id, "position": position, "variant_id": line.offer.variant_id.0,
        "product_id": line.offer.product_id.0, "sku": line.offer.sku, "title": line.offer.title,
        "variant_title": line.offer.variant_title, "requires_shipping": line.offer.requires_shipping, "metadata": {},
        "quantity": line.quantity, "unit_price": line.offer.price, "subtotal": line.subtotal(), "discount": line.discount,
        "tax_added": if is_included { 0 } else { line.tax }, "tax_included": if is_included { line.tax } else { 0 },
        "total": line.total, "discounts": discounts, "tax_breakdown": [component(order, line.tax, taxed)],
        "tax_code": line.offer.tax_code, "fulfilled_quantity": line.fulfilled, "restocked_quantity": line.restocked,
        "refunded_quantity": line.refunded, "refunded_amount": line.refunded_amount, "refunded_tax": line.refunded_tax,
        "removed_quantity": line.removed,
    })
}

/// Who takes a tax, and on what.
fn component(order: &Order, tax: i64, taxed: i64) -> Value {
    let place = order.place;
    let basis = if place.is_included { taxed - tax } else { taxed };
    json!({
        "jurisdiction": place.state.unwrap_or(place.country), "country": place.country, "state": place.state,
        "tax_type": if place.is_included { "vat" } else { "sales_tax" }, "percentage": place.percentage(),
        "amount": {"amount": tax, "currency": order.currency}, "taxable_amount": {"amount": basis, "currency": order.currency},
        "included": place.is_included, "reason": null,
    })
}

/// Exchange rates of each week of the year, which move a little.
pub(super) fn rates(now: DateTime<Utc>) -> Vec<Value> {
    let mut rows = Vec::new();
    for week in 0..54_i64 {
        let day = now.date_naive() - TimeDelta::days(7 * week + 1);
        let wave = (week * 37) % 41 - 20;
        for (currency, rate) in [("USD", 10_842 + wave * 6), ("GBP", 8_610 + wave * 3), ("JPY", 1_630_600 + wave * 700)]
        {
            let rate = format!("{}.{:04}", rate / 10_000, rate % 10_000);
            rows.push(
                json!({"currency": currency, "rate_date": day, "source": "ecb", "rate": rate, "fetched_at": now}),
            );
        }
    }
    rows
}
