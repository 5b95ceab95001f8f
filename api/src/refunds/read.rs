//! Reading refunds with their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Refund, RefundLine, RefundReason, RefundSource, RefundStatus};
use crate::db::Connection;
use crate::db::schema::{refund_line_items, refunds};
use crate::error::{Error, Result};
use crate::ids::{LineItemId, OrderId, RefundId};
use crate::money::{Currency, Money};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: RefundId,
    order_id: OrderId,
    status: RefundStatus,
    source: RefundSource,
    amount: i64,
    shipping: i64,
    tax: i64,
    currency: Currency,
    reason: RefundReason,
    failure_reason: Option<String>,
    note: Option<String>,
    tax_reversal_id: Option<String>,
    created_at: DateTime<Utc>,
}

type LineColumns = (RefundId, LineItemId, i64, i64, i64, i64);

/// The refunds of orders, oldest first; what only staff see is left out unless `for_staff`.
///
/// # Errors
/// Those of the database.
pub async fn of_orders(conn: &Connection, orders: &[OrderId], for_staff: bool) -> Result<Vec<Refund>> {
    let rows = refunds::table.order((refunds::created_at, refunds::id)).select(Row::as_select()).into_boxed();
    let rows: Vec<Row> = match orders {
        // Planned once, as an array is not.
        [only] => rows.filter(refunds::order_id.eq(*only)).load(&mut &*conn).await?,
        all => rows.filter(refunds::order_id.eq_any(all)).load(&mut &*conn).await?,
    };
    with_lines(conn, rows, for_staff).await
}

/// One refund, as staff see it.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: RefundId) -> Result<Refund> {
    let row: Option<Row> = refunds::table.find(id).select(Row::as_select()).first(conn).await.optional()?;
    let row = row.ok_or_else(|| Error::not_found("refund"))?;
    with_lines(conn, vec![row], true).await?.pop().ok_or_else(|| Error::not_found("refund"))
}

async fn with_lines(conn: &Connection, rows: Vec<Row>, for_staff: bool) -> Result<Vec<Refund>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<RefundId> = rows.iter().map(|row| row.id).collect();
    let lines: Vec<LineColumns> = refund_line_items::table
        .filter(refund_line_items::refund_id.eq_any(&ids))
        .order((refund_line_items::refund_id, refund_line_items::line_item_id))
        .select((
            refund_line_items::refund_id,
            refund_line_items::line_item_id,
            refund_line_items::quantity,
            refund_line_items::amount,
            refund_line_items::tax,
            refund_line_items::restock,
        ))
        .load(&mut &*conn)
        .await?;
    let mut lines_of: HashMap<RefundId, Vec<LineColumns>> = HashMap::new();
    for line in lines {
        lines_of.entry(line.0).or_default().push(line);
    }
    Ok(rows.into_iter().map(|row| shape(&row, lines_of.remove(&row.id).unwrap_or_default(), for_staff)).collect())
}

fn shape(row: &Row, lines: Vec<LineColumns>, for_staff: bool) -> Refund {
    let money = |amount| Money::new(amount, row.currency);
    let line = |(_, line_item_id, quantity, amount, tax, restock_quantity): LineColumns| RefundLine {
        line_item_id,
        quantity,
        amount: money(amount),
        tax: money(tax),
        restock_quantity,
    };
    Refund {
        id: row.id,
        order_id: row.order_id,
        status: row.status,
        source: row.source,
        amount: money(row.amount),
        shipping: money(row.shipping),
        tax: money(row.tax),
        line_items: lines.into_iter().map(line).collect(),
        reason: row.reason,
        failure_reason: row.failure_reason.clone().filter(|_| for_staff),
        created_at: row.created_at,
        note: row.note.clone().filter(|_| for_staff),
        tax_reversal_id: row.tax_reversal_id.clone().filter(|_| for_staff),
    }
}
