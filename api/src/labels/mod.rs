//! Carriers' labels: bought and voided at Shippo, once, whatever dies or does not answer.
//!
//! A purchase is noted, with the rate that is bought, before it is sent; it carries our id. Shippo knows no idempotency
//! keys, so whoever does not know the answer lists the rate's purchases and waits a while before buying again.

pub mod admin;
pub mod apply;
pub mod buy;
pub mod model;
pub mod question;
pub mod read;
pub mod request;
pub mod void;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::shipping_labels;
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::ShippingLabelId;
use crate::jobs::{Job, queue};
use model::LabelStatus;

/// How long a label may wait for its own job.
const JOB_PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How often it is asked what became of voiding; carriers take days.
const VOIDING_GAP: TimeDelta = TimeDelta::hours(1);

/// How many one run looks at.
const BATCH: i64 = 100;

/// Queues a job for each label that nobody brings forward.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let left = shipping_labels::status
        .eq_any([LabelStatus::Pending, LabelStatus::VoidRequested])
        .and(shipping_labels::updated_at.lt(now - JOB_PATIENCE));
    let voiding =
        shipping_labels::status.eq(LabelStatus::Voiding).and(shipping_labels::updated_at.lt(now - VOIDING_GAP));
    let waiting: Vec<(ShippingLabelId, LabelStatus)> = shipping_labels::table
        .filter(left.or(voiding))
        .select((shipping_labels::id, shipping_labels::status))
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for (id, status) in waiting {
        let job = if status == LabelStatus::Pending { Job::BuyLabel(id) } else { Job::VoidLabel(id) };
        queue::enqueue(conn, job, &id.to_string(), now, now).await?;
    }
    Ok(())
}
