//! Reversing a refund's tax with Stripe Tax, and reversing that when the refund fails after all.
//!
//! By line where that is exact, else as one amount that Stripe spreads over what is open. References and keys are the
//! refund's for ever, so no repeat reverses twice.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::model::{ShippingTax, TaxSummary};
use super::record;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::{order_line_items, orders, refund_line_items, refunds};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{OrderId, RefundId, TaxCalculationId};
use crate::jobs::{Job, queue};
use crate::money::{Currency, Money};
use crate::orders::timeline::{self, EventKind};
use crate::payments::{ProviderError, ReversedLine, ReversedTax};
use crate::refunds::model::RefundStatus;

/// How long a refund may wait for its own job.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How many one run looks at.
const BATCH: i64 = 200;

#[derive(Debug, Queryable)]
struct Row {
    order: OrderId,
    status: RefundStatus,
    amount: i64,
    shipping: i64,
    currency: Currency,
    tax_mode: String,
    reversal: Option<String>,
    undo: Option<String>,
    calculation: Option<TaxCalculationId>,
    transaction: Option<String>,
    tax: serde_json::Value,
}

async fn row(conn: &mut Connection, id: RefundId) -> Result<Row> {
    Ok(refunds::table
        .inner_join(orders::table.on(orders::id.eq(refunds::order_id)))
        .filter(refunds::id.eq(id))
        .select((
            refunds::order_id,
            refunds::status,
            refunds::amount,
            refunds::shipping,
            refunds::currency,
            refunds::tax_mode,
            refunds::tax_reversal_id,
            refunds::tax_undo_id,
            orders::tax_calculation_id,
            orders::tax_transaction_id,
            orders::tax,
        ))
        .first(conn)
        .await?)
}

/// Brings a refund's tax to where its money is.
///
/// # Errors
/// While Stripe's answer is unknown: the job is tried again.
pub async fn reverse(app: &App, id: RefundId) -> Result<()> {
    let mut found = {
        let mut conn = app.connection().await?;
        row(&mut conn, id).await?
    };
    if found.calculation.is_some() && found.transaction.is_none() {
        // Nothing can be reversed that was not recorded.
        record::record(app, found.order).await?;
        let mut conn = app.connection().await?;
        found = row(&mut conn, id).await?;
    }
    let Some(transaction) = found.transaction.clone() else { return Ok(()) };
    match (found.status, &found.reversal, &found.undo) {
        (RefundStatus::Succeeded, None, _) => take_back(app, id, &found, &transaction).await,
        (RefundStatus::Failed | RefundStatus::Cancelled, Some(reversal), None) => {
            let undone = app.stripe.reverse_tax(&format!("tax_undo:{id}"), reversal, &format!("{id}-undo"), None).await;
            note(app, id, found.order, undone, true).await
        }
        (RefundStatus::Pending, ..)
        | (RefundStatus::Succeeded, Some(_), _)
        | (RefundStatus::Failed | RefundStatus::Cancelled, ..) => Ok(()),
    }
}

async fn take_back(app: &App, id: RefundId, row: &Row, transaction: &str) -> Result<()> {
    let flat = ReversedTax::Flat(Money::new(row.amount, row.currency));
    let by_line = if row.tax_mode == "lines" { lines(app, id, row, transaction).await? } else { None };
    let key = format!("tax_reversal:{id}");
    let reversed = match by_line {
        None => app.stripe.reverse_tax(&key, transaction, &id.to_string(), Some(&flat)).await,
        Some(lines) => match app.stripe.reverse_tax(&key, transaction, &id.to_string(), Some(&lines)).await {
            // Somebody's flat reversal took of a line what it has no more; the amount as a whole is still there.
            Err(ProviderError::Rejected { .. }) => {
                let key = format!("tax_reversal_flat:{id}");
                app.stripe.reverse_tax(&key, transaction, &id.to_string(), Some(&flat)).await
            }
            reversed => reversed,
        },
    };
    app.faults.point("after_reverse_tax").await;
    note(app, id, row.order, reversed, false).await
}

/// The refund by the lines of the recorded sale; `None` when it cannot be told exactly by line.
async fn lines(app: &App, id: RefundId, row: &Row, transaction: &str) -> Result<Option<ReversedTax>> {
    let refunded: Vec<(Option<String>, i64, i64, i64, i64)> = {
        let mut conn = app.connection().await?;
        refund_line_items::table
            .inner_join(order_line_items::table.on(order_line_items::id.eq(refund_line_items::line_item_id)))
            .filter(refund_line_items::refund_id.eq(id))
            .filter(refund_line_items::amount.gt(0))
            .select((
                order_line_items::tax_reference,
                refund_line_items::quantity,
                refund_line_items::amount,
                refund_line_items::tax,
                order_line_items::tax_added,
            ))
            .load(&mut conn)
            .await?
    };
    let recorded = app.stripe.tax_lines(transaction).await?;
    let money = |amount| Money::new(amount, row.currency);
    let mut lines = Vec::new();
    for (reference, quantity, amount, tax, added) in refunded {
        let line = recorded.iter().find(|(_, known)| Some(known) == reference.as_ref());
        let Some((line, _)) = line else { return Ok(None) };
        let net = if added > 0 { amount - tax } else { amount };
        lines.push(ReversedLine { line: line.clone(), quantity, amount: money(net), tax: money(tax) });
    }
    let summary: Option<ShippingTax> =
        serde_json::from_value::<TaxSummary>(row.tax.clone()).ok().and_then(|summary| summary.shipping);
    let shipping = match (row.shipping, summary) {
        (0, _) => None,
        (_, None) => return Ok(None),
        (amount, Some(tax)) => {
            let taken: i64 = lines.iter().map(|line| line.tax.amount).sum();
            let mut conn = app.connection().await?;
            let all: i64 = refunds::table.find(id).select(refunds::tax).first(&mut conn).await?;
            let of_shipping = all - taken;
            let net = if tax.added.amount > 0 { amount - of_shipping } else { amount };
            Some((money(net), money(of_shipping)))
        }
    };
    let reversed = ReversedTax::Lines { lines, shipping };
    Ok(reversed.is_exact().then_some(reversed))
}

/// Keeps the outcome. A refund that failed meanwhile has its reversal reversed next.
async fn note(
    app: &App,
    id: RefundId,
    order: OrderId,
    outcome: Result<String, ProviderError>,
    is_undo: bool,
) -> Result<()> {
    let transaction = match outcome {
        Err(ProviderError::Rejected { code, public_message }) => {
            let why = format!("{public_message} ({})", code.as_deref().unwrap_or("no code"));
            return refused(app, id, order, &why).await;
        }
        outcome => outcome?,
    };
    let (mut conn, now, transaction) = (app.connection().await?, app.clock.now(), &transaction);
    db::transaction(&mut conn, |conn| {
        async move {
            let row = refunds::table.find(id).select(refunds::status).for_no_key_update();
            let status: RefundStatus = row.first(conn).await?;
            let kind = if is_undo {
                diesel::update(refunds::table.find(id)).set(refunds::tax_undo_id.eq(transaction)).execute(conn).await?;
                EventKind::TaxReversalUndone
            } else {
                diesel::update(refunds::table.find(id))
                    .set(refunds::tax_reversal_id.eq(transaction))
                    .execute(conn)
                    .await?;
                EventKind::TaxReversed
            };
            timeline::record(conn, order, kind, json!({"refund_id": id, "tax_transaction_id": transaction}), now)
                .await?;
            if !is_undo && !status.is_live() {
                queue::enqueue(conn, Job::ReverseTax(id), &id.to_string(), now, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

/// A definite refusal is noted and told, once; trying again would change nothing.
async fn refused(app: &App, id: RefundId, order: OrderId, why: &str) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            diesel::update(refunds::table.find(id)).set(refunds::tax_error.eq(why)).execute(conn).await?;
            let detail = format!("Stripe Tax refuses to reverse the tax of refund {id} of order {order}: {why}");
            alerts::raise(conn, AlertKind::TaxNotRecorded, &id.to_string(), Some(order), &detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Queues a job for each refund whose tax nobody reverses.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let is_open =
        refunds::status.eq(RefundStatus::Succeeded).and(refunds::tax_reversal_id.is_null()).or(refunds::status
            .eq_any([RefundStatus::Failed, RefundStatus::Cancelled])
            .and(refunds::tax_reversal_id.is_not_null())
            .and(refunds::tax_undo_id.is_null()));
    let forgotten: Vec<RefundId> = refunds::table
        .inner_join(orders::table.on(orders::id.eq(refunds::order_id)))
        .filter(refunds::tax_error.is_null())
        .filter(is_open)
        .filter(orders::tax_transaction_id.is_not_null())
        .filter(refunds::updated_at.lt(now - PATIENCE))
        .select(refunds::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in forgotten {
        queue::enqueue(conn, Job::ReverseTax(id), &id.to_string(), now, now).await?;
    }
    Ok(())
}
