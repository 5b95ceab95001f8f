//! Recording a sale with Stripe Tax, once it is paid.
//!
//! The reference is the order's id, which no other transaction of the account has; the key is the order's for ever, so a
//! repeat within a day of a lost answer gets the same transaction, and one later is refused for its reference. Reversals will refer to the transaction's lines by
//! `order_line_items.tax_reference`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::{orders, tax_calculations};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::OrderId;
use crate::jobs::{Job, queue};
use crate::orders::timeline::{self, EventKind};
use crate::outbound::ProviderError;

/// How long a paid order may wait for its own job.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How many one run looks at.
const BATCH: i64 = 200;

/// Records an order's calculation, unless it was.
///
/// # Errors
/// While Stripe's answer is unknown: the job is tried again.
pub async fn record(app: &App, id: OrderId) -> Result<()> {
    let calculation: Option<String> = {
        let mut conn = app.connection().await?;
        orders::table
            .inner_join(tax_calculations::table.on(orders::tax_calculation_id.eq(tax_calculations::id.nullable())))
            .filter(orders::id.eq(id))
            .filter(orders::tax_transaction_id.is_null())
            .select(tax_calculations::provider_id)
            .first::<Option<String>>(&mut conn)
            .await
            .optional()?
            .flatten()
    };
    let Some(calculation) = calculation else { return Ok(()) };
    let recorded = app.stripe.record_tax(&format!("tax_transaction:{id}"), &calculation, &id.to_string()).await;
    let transaction = match recorded {
        Err(ProviderError::Rejected { code, public_message }) => {
            return refused(app, id, &format!("{public_message} ({})", code.as_deref().unwrap_or("no code"))).await;
        }
        recorded => recorded?,
    };
    app.faults.point("after_record_tax").await;
    let (mut conn, now, transaction) = (app.connection().await?, app.clock.now(), &transaction);
    db::transaction(&mut conn, |conn| {
        async move {
            let noted = diesel::update(orders::table.find(id).filter(orders::tax_transaction_id.is_null()))
                .set((
                    orders::tax_transaction_id.eq(transaction),
                    orders::version.eq(orders::version + 1),
                    orders::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
            if noted > 0 {
                let detail = json!({"tax_transaction_id": transaction});
                timeline::record(conn, id, EventKind::TaxRecorded, detail, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

/// A definite refusal is noted and told, once; trying again would change nothing.
async fn refused(app: &App, id: OrderId, why: &str) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            diesel::update(orders::table.find(id)).set(orders::tax_record_error.eq(why)).execute(conn).await?;
            let detail = format!("Stripe Tax refuses to record the sale of order {id}: {why}");
            alerts::raise(conn, AlertKind::TaxNotRecorded, &id.to_string(), Some(id), &detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Queues a job for each paid order that nobody records.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let forgotten: Vec<OrderId> = orders::table
        .inner_join(tax_calculations::table.on(orders::tax_calculation_id.eq(tax_calculations::id.nullable())))
        .filter(tax_calculations::provider_id.is_not_null())
        .filter(orders::tax_transaction_id.is_null())
        .filter(orders::tax_record_error.is_null())
        .filter(orders::captured.gt(0))
        .filter(orders::status.ne("cancelled"))
        .filter(orders::paid_at.lt(now - PATIENCE))
        .order(orders::paid_at)
        .select(orders::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in forgotten {
        queue::enqueue(conn, Job::RecordTax(id), &id.to_string(), now, now).await?;
    }
    Ok(())
}
