//! Taking back the tax of a sale that a lost dispute undid, when staff say so (AMENDMENTS 19): whether the tax authority
//! lets it go depends on the country and on what became of the goods.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::db;
use crate::db::schema::{disputes, orders};
use crate::error::{Code, Error, Result};
use crate::ids::{DisputeId, OrderId};
use crate::money::{Currency, Money};
use crate::orders::read;
use crate::orders::timeline::{self, EventKind};
use crate::outbound::ProviderError;
use crate::payments::ReversedTax;

/// How long whoever asked has to note the outcome.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How many one run asks for.
const BATCH: i64 = 20;

#[derive(Debug, Queryable)]
struct Row {
    order: OrderId,
    status: String,
    withdrawn: i64,
    currency: Currency,
    reversal: Option<String>,
    transaction: Option<String>,
}

fn refuse(detail: impl Into<String>) -> Error {
    Error::problem(Code::TaxNotReversible, detail)
}

/// Who wants a dispute's tax to be reversed.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// A member of staff, who asks.
    Staff(&'a Author),
    /// Whoever asked before, as nobody knows what became of it.
    Before(&'a str),
}

/// Reverses the tax in what a lost dispute took; a repeat changes nothing. Answers the order.
///
/// # Errors
/// `not_found`, `tax_not_reversible`, `provider_unavailable`: the reconciler asks again, and so may a repeat.
pub async fn reverse(app: &App, id: DisputeId, by: By<'_>) -> Result<OrderId> {
    let row = find(app, id).await?;
    if row.reversal.is_some() {
        return Ok(row.order);
    }
    if row.status != "lost" || row.withdrawn == 0 {
        return Err(refuse(format!("Only a lost dispute's tax is reversed; this one is {}.", row.status)));
    }
    let Some(transaction) = &row.transaction else {
        return Err(refuse("The order's sale is not recorded with Stripe Tax, so there is nothing to reverse."));
    };
    note_wish(app, id, by).await?;
    let flat = ReversedTax::Flat(Money::new(row.withdrawn, row.currency));
    let (key, reference) = (format!("tax_dispute:{id}"), id.to_string());
    let reversal = match app.stripe.reverse_tax(&key, transaction, &reference, Some(&flat)).await {
        Err(ProviderError::Rejected { public_message, .. }) => {
            forget_wish(app, id).await?;
            return Err(refuse(format!("Stripe Tax refuses: {public_message}")));
        }
        reversed => reversed?,
    };
    app.faults.point("after_dispute_tax").await;
    let actor = match by {
        By::Staff(author) => author.actor.as_str(),
        By::Before(actor) => actor,
    };
    note(app, id, row.order, &reversal, actor).await?;
    Ok(row.order)
}

/// Asks again where nobody knows what became of it.
///
/// # Errors
/// Those of the database; Stripe's are logged, as the next run asks again.
pub async fn reconcile(app: &App) -> Result<()> {
    let waiting: Vec<(DisputeId, Option<String>)> = {
        let mut conn = app.connection().await?;
        disputes::table
            .filter(disputes::tax_reversal_id.is_null())
            .filter(disputes::tax_reversal_asked_at.lt(app.clock.now() - PATIENCE))
            .order(db::random())
            .select((disputes::id, disputes::tax_reversal_asked_by))
            .limit(BATCH)
            .load(&mut conn)
            .await?
    };
    for (id, actor) in waiting {
        if let Err(error) = reverse(app, id, By::Before(actor.as_deref().unwrap_or_default())).await {
            tracing::warn!(dispute.id = %id, error = %error, "A dispute's tax could not be reversed");
        }
    }
    Ok(())
}

async fn find(app: &App, id: DisputeId) -> Result<Row> {
    let mut conn = app.connection().await?;
    let row = disputes::table
        .inner_join(orders::table.on(orders::id.eq(disputes::order_id)))
        .filter(disputes::id.eq(id))
        .select((
            disputes::order_id,
            disputes::status,
            disputes::withdrawn,
            orders::currency,
            disputes::tax_reversal_id,
            orders::tax_transaction_id,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("dispute"))
}

/// Notes who wants it before Stripe is asked.
async fn note_wish(app: &App, id: DisputeId, by: By<'_>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let open = disputes::table.find(id).filter(disputes::tax_reversal_id.is_null());
            let author = match by {
                By::Staff(author) => author,
                By::Before(_) => {
                    diesel::update(open).set(disputes::tax_reversal_asked_at.eq(now)).execute(conn).await?;
                    return Ok(());
                }
            };
            let asked = (disputes::tax_reversal_asked_at.eq(now), disputes::tax_reversal_asked_by.eq(&author.actor));
            diesel::update(open).set(asked).execute(conn).await?;
            audit::record(conn, author, Entry::new(Action::DisputeTaxReversalRequested, id), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Stripe refused for good.
async fn forget_wish(app: &App, id: DisputeId) -> Result<()> {
    diesel::update(disputes::table.find(id).filter(disputes::tax_reversal_id.is_null()))
        .set((
            disputes::tax_reversal_asked_at.eq(None::<DateTime<Utc>>),
            disputes::tax_reversal_asked_by.eq(None::<String>),
        ))
        .execute(&mut app.connection().await?)
        .await?;
    Ok(())
}

async fn note(app: &App, id: DisputeId, order: OrderId, reversal: &str, actor: &str) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            read::row(conn, order, true).await?;
            let noted = diesel::update(disputes::table.find(id).filter(disputes::tax_reversal_id.is_null()))
                .set((disputes::tax_reversal_id.eq(reversal), disputes::updated_at.eq(now)))
                .execute(conn)
                .await?;
            if noted == 0 {
                return Ok(());
            }
            read::touch(conn, order, now).await?;
            let detail = json!({"dispute_id": id, "tax_transaction_id": reversal, "by": actor});
            timeline::record(conn, order, EventKind::TaxReversed, detail, now).await
        }
        .scope_boxed()
    })
    .await
}
