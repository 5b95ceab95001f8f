//! `merx check --repair`: what can be mended without a person. Counters are derived anew from the rows that they count,
//! under the locks of everybody else; work that nobody does is queued. Stock, money and states are never touched: what
//! to do about those is in docs/RUNBOOK.md.

use chrono::{DateTime, Utc};
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use crate::analytics::roll_up;
use crate::audit::{self, Action, Author, Entry};
use crate::catalog::changes::{self, Change};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::EventId;
use crate::jobs::{Job, queue};

/// A counter that can be derived: how rows with a wrong one are found, locked and set right.
struct Counter {
    what: &'static str,
    /// Answers the `id` of each wrong row.
    find: &'static str,
    /// Locks the row `$1`.
    lock: &'static str,
    /// Sets the row `$1` right; a statement of its own, so that it sees what was committed before the lock.
    mend: &'static str,
}

const COUNTERS: &[Counter] = &[
    Counter {
        what: "reserved units of variant",
        find: "SELECT variant_id AS id FROM stock_levels AS level WHERE reserved <>
                   (SELECT COALESCE(sum(quantity), 0) FROM reservations WHERE variant_id = level.variant_id AND status = 'held')",
        lock: "SELECT FROM stock_levels WHERE variant_id = $1 FOR UPDATE",
        mend: "UPDATE stock_levels AS level SET reserved = held.units,
                   shortage = CASE WHEN track_inventory AND NOT allow_backorder THEN GREATEST(held.units - on_hand, 0) ELSE 0 END
               FROM (SELECT COALESCE(sum(quantity), 0)::bigint AS units FROM reservations WHERE variant_id = $1 AND status = 'held') AS held
               WHERE level.variant_id = $1",
    },
    Counter {
        what: "uses of discount",
        find: "SELECT id FROM discounts WHERE (usage_limit IS NOT NULL OR usage_limit_per_customer IS NOT NULL) AND used <>
                   (SELECT count(*) FROM discount_uses WHERE discount_id = discounts.id AND released_at IS NULL)",
        lock: "SELECT FROM discounts WHERE id = $1 FOR UPDATE",
        mend: "UPDATE discounts SET used = (SELECT count(*) FROM discount_uses WHERE discount_id = $1 AND released_at IS NULL)
               WHERE id = $1",
    },
    Counter {
        what: "uses of discount code",
        find: "SELECT id FROM discount_codes WHERE usage_limit IS NOT NULL AND used <>
                   (SELECT count(*) FROM discount_uses WHERE code_id = discount_codes.id AND released_at IS NULL)",
        lock: "SELECT FROM discount_codes WHERE id = $1 FOR UPDATE",
        mend: "UPDATE discount_codes SET used = (SELECT count(*) FROM discount_uses WHERE code_id = $1 AND released_at IS NULL)
               WHERE id = $1",
    },
    Counter {
        what: "sums of order",
        find: "SELECT id FROM orders, LATERAL (SELECT COALESCE(sum(amount) FILTER (WHERE source = 'merx'), 0) AS own,
                   COALESCE(sum(amount) FILTER (WHERE source <> 'merx'), 0) AS imported,
                   COALESCE(sum(amount) FILTER (WHERE status = 'succeeded'), 0) AS given
                   FROM refunds WHERE order_id = orders.id AND refunds.status IN ('pending', 'succeeded')) AS sums
               WHERE own <> refund_claimed OR imported <> refund_imported
                  OR disputed <> (SELECT COALESCE(sum(withdrawn), 0) FROM disputes WHERE order_id = orders.id)
                  OR paid_at IS NOT NULL AND payment_status <>
                     CASE WHEN given = 0 THEN 'paid' WHEN given < captured THEN 'partially_refunded' ELSE 'refunded' END",
        lock: "SELECT FROM orders WHERE id = $1 FOR UPDATE",
        mend: "UPDATE orders SET refund_claimed = own, refund_imported = imported, disputed = taken, version = version + 1,
                   payment_status = CASE WHEN paid_at IS NULL THEN payment_status WHEN given = 0 THEN 'paid'
                       WHEN given < captured THEN 'partially_refunded' ELSE 'refunded' END
               FROM (SELECT COALESCE(sum(amount) FILTER (WHERE source = 'merx'), 0)::bigint AS own,
                   COALESCE(sum(amount) FILTER (WHERE source <> 'merx'), 0)::bigint AS imported,
                   COALESCE(sum(amount) FILTER (WHERE status = 'succeeded'), 0)::bigint AS given
                   FROM refunds WHERE order_id = $1 AND refunds.status IN ('pending', 'succeeded')) AS sums,
                   (SELECT COALESCE(sum(withdrawn), 0)::bigint AS taken FROM disputes WHERE order_id = $1) AS lost
               WHERE orders.id = $1",
    },
];

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Mends what can be mended, or, as a dry run, only says what would be; answers a line for each.
///
/// # Errors
/// Those of the database; what was mended before stays so.
pub async fn repair(conn: &mut Connection, apply: bool, now: DateTime<Utc>) -> Result<Vec<String>> {
    let verb = if apply { "set right" } else { "would set right" };
    let mut told = Vec::new();
    for counter in COUNTERS {
        let wrong: Vec<Row> = patiently(conn, counter.find).await?;
        for row in wrong {
            if apply {
                mend(conn, counter, row.id, now).await?;
            }
            told.push(format!("{verb} the {} {}", counter.what, row.id));
        }
    }
    for (event, name) in super::orphaned_events(conn).await? {
        if apply {
            requeue(conn, event, now).await?;
        }
        told.push(format!("{} event {name}", if apply { "queued" } else { "would queue" }));
    }
    if apply {
        changes::record(conn, Change::Everything, now).await?;
        // Whatever else waits for a job is found by the reconcilers.
        queue::enqueue(conn, Job::Reconcile, "repair", now, now).await?;
        queue::enqueue(conn, Job::CatchUpEvents, "repair", now, now).await?;
    }
    told.push(format!("{} the reconcilers and the catch-up of events", if apply { "queued" } else { "would queue" }));
    // Last, as it takes longest.
    let rolled_up_wrongly: Vec<super::Line> = patiently(conn, super::rules::ROLL_UPS).await?;
    if !rolled_up_wrongly.is_empty() {
        if apply {
            roll_up::rebuild(conn, now).await?;
        }
        told.push(format!("{} all analytics anew", if apply { "rolled up" } else { "would roll up" }));
    }
    Ok(told)
}

/// What a query finds that reads whole tables.
async fn patiently<T>(conn: &mut Connection, query: &'static str) -> Result<Vec<T>>
where
    T: diesel::QueryableByName<diesel::pg::Pg> + Send + 'static,
{
    db::transaction(conn, |conn| {
        async move {
            diesel::sql_query("SET LOCAL statement_timeout = '10min'").execute(conn).await?;
            Ok(diesel::sql_query(query).load(conn).await?)
        }
        .scope_boxed()
    })
    .await
}

async fn mend(conn: &mut Connection, counter: &Counter, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    let (lock, mend, author) = (counter.lock, counter.mend, &Author::command_line());
    db::transaction(conn, |conn| {
        async move {
            diesel::sql_query(lock).bind::<SqlUuid, _>(id).execute(conn).await?;
            diesel::sql_query(mend).bind::<SqlUuid, _>(id).execute(conn).await?;
            let entry = Entry::new(Action::DatabaseRepaired, id).because(counter.what);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await
}

async fn requeue(conn: &mut Connection, event: EventId, now: DateTime<Utc>) -> Result<()> {
    let author = &Author::command_line();
    db::transaction(conn, |conn| {
        async move {
            queue::enqueue(conn, Job::ProcessEvent(event), &event.to_string(), now, now).await?;
            audit::record(conn, author, Entry::new(Action::EventRetried, event), now).await
        }
        .scope_boxed()
    })
    .await
}
