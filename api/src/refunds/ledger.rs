//! An order's money as refunds see it, read from the database; under the order's lock when it is to be changed.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::RefundStatus;
use super::plan::{Ask, AskedLine, Ledger, Line};
use crate::db::Connection;
use crate::db::schema::{order_line_items, refund_line_items, refunds};
use crate::error::{Error, Result};
use crate::ids::{LineItemId, OrderId};
use crate::orders::read::{self, OrderRow};
use crate::payments::smallest_charge_step;
use crate::tax::model::TaxSummary;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = order_line_items)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct LineRow {
    id: LineItemId,
    quantity: i64,
    refunded_quantity: i64,
    fulfilled_quantity: i64,
    removed_quantity: i64,
    restocked_quantity: i64,
    total: i64,
    refunded_amount: i64,
    refunded_tax: i64,
    tax_added: i64,
    tax_included: i64,
}

/// The order and its ledger; locked when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn load(conn: &mut Connection, id: OrderId, lock: bool) -> Result<(OrderRow, Ledger)> {
    let order = read::row(conn, id, lock).await?;
    let ledger = of(conn, &order).await?;
    Ok((order, ledger))
}

/// The ledger of an order that was read, under its lock if it is to be changed.
///
/// # Errors
/// Those of the database.
pub async fn of(conn: &mut Connection, order: &OrderRow) -> Result<Ledger> {
    let lines = lines(conn, order.id).await?;
    let live: Vec<(i64, i64, String)> = refunds::table
        .filter(refunds::order_id.eq(order.id))
        .filter(refunds::status.eq_any([RefundStatus::Pending, RefundStatus::Succeeded]))
        .select((refunds::shipping, refunds::tax, refunds::tax_mode))
        .load(conn)
        .await?;
    let summary: TaxSummary = serde_json::from_value(order.tax.clone())
        .map_err(|error| Error::Internal(format!("orders.tax of {}: {error}", order.id)))?;
    let (shipping_added, shipping_included) =
        summary.shipping.map_or((0, 0), |shipping| (shipping.added.amount, shipping.included.amount));
    Ok(Ledger {
        captured: order.captured,
        claimed: order.refund_claimed,
        imported: order.refund_imported,
        disputed: order.disputed,
        tax: order.tax_added + order.tax_included,
        refunded_tax: live.iter().map(|(_, tax, _)| tax).sum(),
        shipping: order.shipping + shipping_added,
        refunded_shipping: live.iter().map(|(shipping, ..)| shipping).sum(),
        shipping_tax: shipping_added + shipping_included,
        has_flat: live.iter().any(|(_, _, mode)| mode == "flat"),
        lines,
        step: smallest_charge_step(order.currency),
    })
}

async fn lines(conn: &mut Connection, order: OrderId) -> Result<Vec<Line>> {
    let rows: Vec<LineRow> = order_line_items::table
        .filter(order_line_items::order_id.eq(order))
        .order(order_line_items::position)
        .select(LineRow::as_select())
        .load(conn)
        .await?;
    let claimed = removals(conn, order).await?;
    let of_line = |id: LineItemId| claimed.iter().filter(|part| part.0 == id).map(|part| part.1).sum::<i64>();
    let line = |row: LineRow| Line {
        id: row.id,
        quantity: row.quantity,
        refunded: row.refunded_quantity,
        fulfilled: row.fulfilled_quantity,
        removed: row.removed_quantity,
        unclaimed: (row.removed_quantity - of_line(row.id)).max(0),
        restocked: row.restocked_quantity,
        total: row.total,
        refunded_amount: row.refunded_amount,
        tax: row.tax_added + row.tax_included,
        refunded_tax: row.refunded_tax,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Units of lines that live refunds took off the order.
async fn removals(conn: &mut Connection, order: OrderId) -> Result<Vec<(LineItemId, i64)>> {
    Ok(refund_line_items::table
        .inner_join(refunds::table.on(refunds::id.eq(refund_line_items::refund_id)))
        .filter(refunds::order_id.eq(order))
        .filter(refunds::status.eq_any([RefundStatus::Pending, RefundStatus::Succeeded]))
        .select((refund_line_items::line_item_id, refund_line_items::removed))
        .load(conn)
        .await?)
}

/// Everything of an order that was not refunded yet.
#[must_use]
pub fn rest(ledger: &Ledger, restock: Option<bool>) -> Ask {
    let left = ledger.lines.iter().filter(|line| line.refundable() > 0);
    let lines = left.map(|line| AskedLine { id: line.id, quantity: line.refundable(), restock });
    Ask::Lines { lines: lines.collect(), shipping: ledger.shipping - ledger.refunded_shipping }
}
