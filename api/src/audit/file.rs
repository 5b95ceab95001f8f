//! The log as a CSV file, of any length: read in pieces, with no connection held while the client takes its time.

use std::sync::Arc;

use actix_web::web::Bytes;
use chrono::SecondsFormat;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde_json::json;

use super::read::{self, AuditEntry, Filter};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::csv::harmless;

/// How many rows are read at a time.
const PIECE: i64 = 500;

const COLUMNS: [&str; 12] = [
    "sequence",
    "created_at",
    "actor",
    "actor_name",
    "action",
    "subject_id",
    "reason",
    "changes",
    "request_id",
    "client_address",
    "id",
    "hash",
];

/// The entries that are wanted, newest first; the first of them are read before it answers, so that what is wrong with the
/// database is still told as a problem.
///
/// # Errors
/// Those of the database.
pub(super) async fn stream(app: Arc<App>, filter: Filter) -> Result<impl Stream<Item = Result<Bytes>>> {
    let filter = Arc::new(filter);
    let first = piece(&app, &filter, None).await?;
    let head = row(&COLUMNS.map(str::to_owned))?;
    Ok(try_unfold(Some((head, first)), move |state| {
        let (app, filter) = (Arc::clone(&app), Arc::clone(&filter));
        async move {
            let Some((mut text, entries)) = state else { return Ok(None) };
            for entry in &entries {
                text.extend(line(entry)?);
            }
            let is_last = entries.len() < usize::try_from(PIECE).unwrap_or_default();
            let next = match entries.last().filter(|_| !is_last) {
                Some(last) => Some((Vec::new(), piece(&app, &filter, Some(last.sequence)).await?)),
                None => None,
            };
            Ok(Some((Bytes::from(text), next)))
        }
    }))
}

/// To its end even when the client hangs up, as a query that is cut off costs its connection.
async fn piece(app: &Arc<App>, filter: &Arc<Filter>, before: Option<i64>) -> Result<Vec<AuditEntry>> {
    let (task_app, filter) = (Arc::clone(app), Arc::clone(filter));
    app.run_to_end(async move {
        let mut conn = task_app.connection().await?;
        read::list(&mut conn, &filter, before, PIECE).await
    })
    .await
}

fn line(entry: &AuditEntry) -> Result<Vec<u8>> {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    row(&[
        entry.sequence.to_string(),
        entry.created_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        entry.actor.clone(),
        harmless(&entry.actor_name),
        entry.action.clone(),
        harmless(&entry.subject_id),
        text(&entry.reason),
        json!(entry.changes).to_string(),
        text(&entry.request_id),
        text(&entry.client_address),
        entry.id.to_string(),
        entry.hash.clone(),
    ])
}

fn row(cells: &[String]) -> Result<Vec<u8>> {
    let failed = |error: String| Error::Internal(format!("the file could not be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    writer.into_inner().map_err(|error| failed(error.to_string()))
}
