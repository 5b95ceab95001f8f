//! `merx check`: audits the whole database against the invariants and tells what it finds; [`repair`] mends what needs
//! no person.

pub mod repair;
mod rules;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz};
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::audit;
use crate::db::schema::{alerts as alert_rows, jobs, webhook_events};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{EventId, JobId};
use crate::jobs::JobKind;
use crate::webhooks_in::EventStatus;

/// Something that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which invariant.
    pub invariant: &'static str,
    /// What is wrong, with its id.
    pub detail: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Audits the database as it is at one moment, also while the shop goes on.
///
/// # Errors
/// Those of the database.
pub async fn run(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<Finding>> {
    db::transaction(conn, |conn| {
        async move {
            let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
            for setting in [snapshot, "SET LOCAL statement_timeout = '10min'"] {
                diesel::sql_query(setting).execute(conn).await?;
            }
            look(conn, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Audits, and raises an alert for each invariant that is broken.
///
/// # Errors
/// Those of the database.
pub async fn tell(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let findings = run(&mut conn, now).await?;
    let mut broken: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &findings {
        broken.entry(finding.invariant).or_default().push(&finding.detail);
    }
    for (invariant, details) in broken {
        let few: Vec<&str> = details.iter().take(3).copied().collect();
        let detail = format!("{invariant}: {} findings of `merx check`, as {}.", details.len(), few.join("; "));
        alerts::raise(&mut conn, AlertKind::BrokenInvariant, invariant, None, &detail, now).await?;
    }
    Ok(())
}

async fn look(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (invariant, query) in rules::QUERIES {
        let lines: Vec<Line> = if query.contains("$1") {
            diesel::sql_query(*query).bind::<Timestamptz, _>(now).load(conn).await?
        } else {
            diesel::sql_query(*query).load(conn).await?
        };
        findings.extend(lines.into_iter().map(|line| Finding { invariant, detail: line.detail }));
    }
    findings.extend(orphaned_events(conn).await?.into_iter().map(|(_, event)| Finding {
        invariant: "7 every event has its end or its job",
        detail: format!("event {event} is pending, but no job will process it"),
    }));
    findings.extend(untold_deaths(conn).await?);
    let broken = audit::verify::verify(conn).await?;
    findings
        .extend(broken.into_iter().map(|detail| Finding { invariant: "8 the audit log is as it was written", detail }));
    Ok(findings)
}

/// Pending events that no job will process.
async fn orphaned_events(conn: &mut Connection) -> Result<Vec<(EventId, String)>> {
    let pending: Vec<(EventId, String)> = webhook_events::table
        .filter(webhook_events::status.eq(EventStatus::Pending))
        .select((webhook_events::id, webhook_events::event_id))
        .load(conn)
        .await?;
    let jobs: Vec<Value> = jobs::table
        .filter(jobs::kind.eq(JobKind::ProcessEvent))
        .filter(jobs::status.eq_any(["queued", "running"]))
        .select(jobs::payload)
        .load(conn)
        .await?;
    let in_work: HashSet<String> =
        jobs.iter().filter_map(|payload| Some(payload.get("id")?.as_str()?.to_owned())).collect();
    Ok(pending.into_iter().filter(|(id, _)| !in_work.contains(&id.to_string())).collect())
}

/// Jobs that gave up without anybody being told.
async fn untold_deaths(conn: &mut Connection) -> Result<Vec<Finding>> {
    let dead: Vec<JobId> = jobs::table.filter(jobs::status.eq("dead")).select(jobs::id).load(conn).await?;
    let told: Vec<String> = alert_rows::table
        .filter(alert_rows::kind.eq(AlertKind::DeadJob))
        .select(alert_rows::dedupe_key)
        .load(conn)
        .await?;
    let told: HashSet<String> = told.into_iter().collect();
    let untold = dead.into_iter().map(|id| id.to_string()).filter(|id| !told.contains(id));
    Ok(untold
        .map(|id| Finding {
            invariant: "7 whatever gave up was told",
            detail: format!("job {id} is dead without an alert"),
        })
        .collect())
}
