//! What a person should know about the queue although no job fails: jobs that pile up, pauses that last.

use chrono::{DateTime, TimeDelta, Utc};

use super::kinds;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::Connection;
use crate::error::Result;
use crate::{live, mail, webhooks_in};

/// A job that is due for longer is told.
const BACKLOG_AGE: TimeDelta = TimeDelta::minutes(15);

/// A pause that lasts longer is told.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(1);

/// Looks at the inbox and the queue, raises what there is to tell, and forgets what screens were told long ago.
///
/// # Errors
/// Those of the database.
pub async fn watch(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    tell_of_jobs(&mut conn, now).await?;
    webhooks_in::watch::watch(&mut conn, now).await?;
    live::prune(&mut conn, now).await?;
    drop(conn);
    // An alert that was raised while the mail before was written is in none yet.
    mail::alerts::tell(app).await
}

async fn tell_of_jobs(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let pauses = kinds::pauses(conn).await?;
    for depth in kinds::depths(conn, now).await? {
        let Some(oldest) = depth.oldest_due_at.filter(|oldest| *oldest < now - BACKLOG_AGE) else { continue };
        if pauses.iter().any(|pause| pause.kind == depth.kind) {
            continue;
        }
        let (kind, due, since) = (depth.kind, depth.due, oldest.format("%Y-%m-%d %H:%M:%S UTC"));
        let detail = format!("{due} {kind} jobs are due, the oldest since {since}.");
        alerts::raise(conn, AlertKind::JobBacklog, kind.as_str(), None, &detail, now).await?;
    }
    for pause in pauses.into_iter().filter(|pause| pause.since < now - LONGEST_PAUSE) {
        let (kind, by, since) = (pause.kind, pause.paused_by, pause.since.format("%Y-%m-%d %H:%M UTC"));
        let detail = format!("{kind} jobs are paused since {since} by {by}: {}", pause.reason);
        alerts::raise(conn, AlertKind::JobKindPaused, kind.as_str(), None, &detail, now).await?;
    }
    Ok(())
}
