//! Reading invoices and what corrects them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{Invoice, InvoiceKind};
use crate::db::Connection;
use crate::db::schema::invoices;
use crate::error::{Error, Result};
use crate::ids::{InvoiceId, OrderId, RefundId};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = invoices)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: InvoiceId,
    kind: InvoiceKind,
    number: String,
    order_id: OrderId,
    refund_id: Option<RefundId>,
    document: Value,
    issued_at: DateTime<Utc>,
}

impl Row {
    fn shape(self) -> Result<Invoice> {
        let Self { id, kind, number, order_id, refund_id, document, issued_at } = self;
        let document =
            serde_json::from_value(document).map_err(|error| Error::Internal(format!("invoices.document: {error}")))?;
        Ok(Invoice { id, kind, number, order_id, refund_id, issued_at, document })
    }
}

/// Where a page starts: after this one, newest first.
pub type After = (DateTime<Utc>, InvoiceId);

/// What is wanted of a list.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<InvoiceKind>,
    /// Only about this order.
    pub order: Option<OrderId>,
    /// Issued at or after.
    pub from: Option<DateTime<Utc>>,
    /// Issued before.
    pub until: Option<DateTime<Utc>>,
}

/// One document.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: InvoiceId) -> Result<Invoice> {
    let row: Option<Row> = invoices::table.find(id).select(Row::as_select()).first(conn).await.optional()?;
    row.ok_or_else(|| Error::not_found("invoice"))?.shape()
}

/// The invoice of an order, if it has one.
///
/// # Errors
/// Those of the database.
pub async fn of_order(conn: &mut Connection, order: OrderId) -> Result<Option<Invoice>> {
    let row: Option<Row> = invoices::table
        .filter(invoices::order_id.eq(order))
        .filter(invoices::kind.eq(InvoiceKind::Invoice))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Row::shape).transpose()
}

/// The credit note of a refund, if it has one.
///
/// # Errors
/// Those of the database.
pub async fn of_refund(conn: &mut Connection, refund: RefundId) -> Result<Option<Invoice>> {
    let row: Option<Row> = invoices::table
        .filter(invoices::refund_id.eq(refund))
        .filter(invoices::kind.eq(InvoiceKind::CreditNote))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Row::shape).transpose()
}

/// All documents of an order, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn all_of_order(conn: &mut Connection, order: OrderId) -> Result<Vec<Invoice>> {
    let rows: Vec<Row> = invoices::table
        .filter(invoices::order_id.eq(order))
        .order((invoices::issued_at, invoices::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::shape).collect()
}

/// A page of documents, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, filter: &Filter, after: Option<After>, limit: i64) -> Result<Vec<Invoice>> {
    let mut query = invoices::table.select(Row::as_select()).into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(invoices::kind.eq(kind));
    }
    if let Some(order) = filter.order {
        query = query.filter(invoices::order_id.eq(order));
    }
    if let Some(from) = filter.from {
        query = query.filter(invoices::issued_at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(invoices::issued_at.lt(until));
    }
    if let Some((at, id)) = after {
        query = query.filter(invoices::issued_at.lt(at).or(invoices::issued_at.eq(at).and(invoices::id.lt(id))));
    }
    let rows: Vec<Row> = query.order((invoices::issued_at.desc(), invoices::id.desc())).limit(limit).load(conn).await?;
    rows.into_iter().map(Row::shape).collect()
}
