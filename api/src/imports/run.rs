//! Importing a whole file: product by product, from a command or as a job that goes on where a dead worker stopped.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::apply::{self, Context, Refusal, Report};
use super::draft::{self, Draft, Fault};
use super::file::{self, Event, Group, Pieces};
use super::model::{ImportRow, ImportStatus, Options, Summary};
use crate::app::App;
use crate::catalog::write;
use crate::db::schema::{import_chunks, import_rows, imports};
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::ids::ImportId;
use crate::jobs::{Job, queue};

/// How many rows one run of the job imports before it lets others have their turn, well within its lease.
const SLICE: usize = 2000;

/// What one pass over the file must know before the next imports it.
#[derive(Default)]
struct Names {
    /// Handles whose rows do not follow each other: such a product would be imported by halves.
    split: HashSet<String>,
    /// The line on which each SKU was first.
    skus: HashMap<String, i64>,
}

impl Names {
    /// Reads the whole file once.
    ///
    /// # Errors
    /// When the file cannot be had now.
    async fn survey(mut events: mpsc::Receiver<Event>) -> Result<Self> {
        let (mut once, mut names) = (HashSet::new(), Self::default());
        while let Some(event) = events.recv().await {
            match event {
                Event::Group(group) => {
                    if !group.handle.is_empty() && !once.insert(group.handle.clone()) {
                        names.split.insert(group.handle);
                    }
                }
                Event::Interrupted(message) => return Err(interrupted(message)),
                // The second pass says so.
                Event::Header(_) | Event::Broken(_) => {}
            }
        }
        Ok(names)
    }

    /// What is wrong with a product's names in this file.
    fn faults(&mut self, draft: &Draft) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.split.contains(&draft.handle) {
            let detail =
                "`Handle` is on rows elsewhere in the file as well; the rows of a product must follow each other";
            faults.push(Fault { line: draft.first_line(), detail: detail.to_owned() });
        }
        for variant in &draft.variants {
            let Some(sku) = &variant.sku else { continue };
            match self.skus.insert(sku.clone(), variant.line) {
                Some(before) if !draft.lines.contains(&before) => {
                    let detail = format!("`Variant SKU` is that of line {before} as well; each variant needs its own");
                    faults.push(Fault { line: variant.line, detail });
                }
                Some(_) | None => {}
            }
        }
        faults
    }
}

fn interrupted(message: String) -> Error {
    Error::Internal(format!("the file could not be read: {message}"))
}

/// Imports a file for a command; each row's outcome goes to `tell`. The file is opened twice.
///
/// # Errors
/// What is wrong with the file as a whole; rows are only told.
pub async fn import_file<R: Read + Send + 'static>(
    app: &App,
    open: impl Fn() -> std::io::Result<R>,
    options: &Options,
    mut tell: impl FnMut(&ImportRow),
) -> Result<Summary> {
    let opened = || open().map_err(|error| Error::Internal(format!("the file cannot be read: {error}")));
    let mut names = Names::survey(file::read(opened()?)).await?;
    let mut events = file::read(opened()?);
    let mut summary = Summary::default();
    let mut conn = app.connection().await?;
    while let Some(event) = events.recv().await {
        match event {
            Event::Header(header) => summary.ignored_columns.clone_from(&header.ignored),
            Event::Broken(message) => return Err(Error::Internal(message)),
            Event::Interrupted(message) => return Err(interrupted(message)),
            Event::Group(group) => {
                let (draft, faults) = read(&group, options, &mut names);
                let context = Context { options, locale: app.config.locale(), now: app.clock.now() };
                let report = import_product(&mut conn, &draft, faults, context).await?;
                count(&mut summary, &report);
                report.rows.iter().for_each(&mut tell);
            }
        }
    }
    if !options.dry_run {
        write::analyze(&mut conn).await;
    }
    Ok(summary)
}

fn read(group: &Group, options: &Options, names: &mut Names) -> (Draft, Vec<Fault>) {
    let draft = draft::read(group, options.currency);
    let mut faults = names.faults(&draft);
    faults.extend(draft.faults.iter().cloned());
    faults.sort_by_key(|fault| fault.line);
    (draft, faults)
}

fn count(summary: &mut Summary, report: &Report) {
    summary.products.add(report.product);
    report.rows.iter().for_each(|row| summary.rows.add(row.outcome));
}

/// One product, in one transaction; a dry run's is rolled back.
async fn import_product(
    conn: &mut Connection,
    draft: &Draft,
    faults: Vec<Fault>,
    context: Context<'_>,
) -> Result<Report> {
    if !faults.is_empty() {
        return Ok(apply::refused(draft, &faults));
    }
    let work = async |conn: &mut Connection| -> Result<Report> {
        apply::apply(conn, &mut draft.clone(), context).await.map_err(into_error)
    };
    let outcome = if context.options.dry_run {
        db::rehearse(conn, |conn| work(conn).scope_boxed()).await
    } else {
        db::transaction(conn, |conn| work(conn).scope_boxed()).await
    };
    match outcome {
        Err(error) => Ok(apply::refused(draft, &faults_of(error, draft.first_line())?)),
        report => report,
    }
}

/// The member of an error under which a refusal's faults travel through a transaction's end.
const FAULTS: &str = "import_faults";

fn into_error(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Error(error) => error,
        Refusal::Faults(faults) => {
            let faults: Vec<Value> = faults.iter().map(|fault| json!([fault.line, fault.detail])).collect();
            Error::invalid("", "import", "was refused").with(FAULTS, faults)
        }
    }
}

fn faults_of(error: Error, line: i64) -> Result<Vec<Fault>> {
    if let Error::Database(cause) = &error
        && db::is_about_the_data(cause)
    {
        let detail = format!("the database cannot keep this product: {cause}");
        return Ok(vec![Fault { line, detail }]);
    }
    let faults = match &error {
        Error::Problem(problem) => problem.extensions.get(FAULTS).cloned(),
        Error::Database(_) | Error::Internal(_) => None,
    };
    let faults: Option<Vec<(i64, String)>> = faults.and_then(|faults| serde_json::from_value(faults).ok());
    let faults = faults.ok_or(error)?;
    Ok(faults.into_iter().map(|(line, detail)| Fault { line, detail }).collect())
}

/// An import's row as the job needs it.
struct Work {
    options: Options,
    done_line: i64,
}

/// Runs a slice of an uploaded import; the next slice is queued in the same transaction as the last product.
///
/// # Errors
/// Those of the database; what was done stays done.
pub async fn work(app: &Arc<App>, id: ImportId) -> Result<()> {
    let mut conn = app.connection().await?;
    let Some(work) = load(&mut conn, id).await? else { return Ok(()) };
    let Work { options, done_line } = work;
    let mut names = Names::survey(open(app, id)).await?;
    let mut events = open(app, id);
    let (mut imported, mut ignored) = (0, Vec::new());
    let mut ending = None;
    while let Some(event) = events.recv().await {
        match event {
            Event::Header(header) => ignored.clone_from(&header.ignored),
            Event::Broken(message) => ending = Some(message),
            Event::Interrupted(message) => return Err(interrupted(message)),
            Event::Group(group) => {
                let (draft, faults) = read(&group, &options, &mut names);
                let last = draft.last_line();
                if last <= done_line {
                    continue;
                }
                let context = Context { options: &options, locale: app.config.locale(), now: app.clock.now() };
                step(&mut conn, id, &draft, faults, context, &ignored).await?;
                app.faults.point("during_import").await;
                imported += draft.lines.len();
                if imported >= SLICE {
                    queue::enqueue(&mut conn, Job::Import(id), &id.to_string(), context.now, context.now).await?;
                    app.wake.ring();
                    return Ok(());
                }
            }
        }
    }
    finish(&mut conn, id, ending, app.clock.now()).await?;
    if !options.dry_run {
        write::analyze(&mut conn).await;
    }
    Ok(())
}

async fn load(conn: &mut Connection, id: ImportId) -> Result<Option<Work>> {
    let found: Option<(Value, i64, ImportStatus)> = imports::table
        .find(id)
        .select((imports::options, imports::done_line, imports::status))
        .first(conn)
        .await
        .optional()?;
    let Some((options, done_line, status)) = found else { return Ok(None) };
    if !matches!(status, ImportStatus::Queued | ImportStatus::Running) {
        return Ok(None);
    }
    diesel::update(imports::table.find(id).filter(imports::finished_at.is_null()))
        .set(imports::status.eq(ImportStatus::Running))
        .execute(conn)
        .await?;
    let options =
        serde_json::from_value(options).map_err(|error| Error::Internal(format!("imports.options: {error}")))?;
    Ok(Some(Work { options, done_line }))
}

/// Reads an uploaded file from its start.
fn open(app: &Arc<App>, id: ImportId) -> mpsc::Receiver<Event> {
    let (sender, pieces) = mpsc::channel(4);
    // It ends with the file, or when nobody reads any more.
    tokio::spawn(feed(Arc::clone(app), id, sender));
    file::read(Pieces::new(pieces))
}

/// Sends the file's pieces to the reading thread.
async fn feed(app: Arc<App>, id: ImportId, sender: mpsc::Sender<Result<Vec<u8>, String>>) {
    for position in 0.. {
        let piece = match app.connection().await {
            Ok(mut conn) => {
                let chunk = import_chunks::table.find((id, position)).select(import_chunks::data);
                chunk.first::<Vec<u8>>(&mut conn).await.optional().map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        let Some(piece) = piece.transpose() else { return };
        if sender.send(piece).await.is_err() {
            return;
        }
    }
}

/// One product with its report and the progress, in one transaction; again after a crash it is passed over.
async fn step(
    conn: &mut Connection,
    id: ImportId,
    draft: &Draft,
    faults: Vec<Fault>,
    context: Context<'_>,
    ignored: &[String],
) -> Result<()> {
    let last = draft.last_line();
    let real = faults.is_empty() && !context.options.dry_run;
    if real {
        let outcome = db::transaction(conn, |conn| {
            async move {
                let Some(so_far) = next(conn, id, last).await? else { return Ok(()) };
                let report = apply::apply(conn, &mut draft.clone(), context).await.map_err(into_error)?;
                record(conn, id, &report, so_far, ignored, last).await
            }
            .scope_boxed()
        })
        .await;
        return match outcome {
            Ok(()) => Ok(()),
            Err(error) => {
                let report = &apply::refused(draft, &faults_of(error, draft.first_line())?);
                note(conn, id, report, ignored, last).await
            }
        };
    }
    let report = &import_product(conn, draft, faults, context).await?;
    note(conn, id, report, ignored, last).await
}

/// Records a report that nothing else was done for.
async fn note(conn: &mut Connection, id: ImportId, report: &Report, ignored: &[String], last: i64) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            match next(conn, id, last).await? {
                Some(so_far) => record(conn, id, report, so_far, ignored, last).await,
                None => Ok(()),
            }
        }
        .scope_boxed()
    })
    .await
}

/// Locks the import; the report so far, if the product that ends on this line is still to be done.
async fn next(conn: &mut Connection, id: ImportId, last: i64) -> Result<Option<Summary>> {
    let found: Option<(i64, Value)> = imports::table
        .find(id)
        .filter(imports::status.eq(ImportStatus::Running))
        .select((imports::done_line, imports::summary))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    match found {
        Some((done, summary)) if last > done => serde_json::from_value(summary)
            .map(Some)
            .map_err(|error| Error::Internal(format!("imports.summary: {error}"))),
        Some(_) | None => Ok(None),
    }
}

async fn record(
    conn: &mut Connection,
    id: ImportId,
    report: &Report,
    mut summary: Summary,
    ignored: &[String],
    last: i64,
) -> Result<()> {
    count(&mut summary, report);
    summary.ignored_columns = ignored.to_vec();
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            (
                import_rows::import_id.eq(id),
                import_rows::line.eq(row.line),
                import_rows::handle.eq(&row.handle),
                import_rows::sku.eq(&row.sku),
                import_rows::outcome.eq(row.outcome),
                import_rows::messages.eq(json!(row.messages)),
            )
        })
        .collect();
    diesel::insert_into(import_rows::table).values(rows).on_conflict_do_nothing().execute(conn).await?;
    diesel::update(imports::table.find(id))
        .set((imports::summary.eq(json!(summary)), imports::done_line.eq(last)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends an import; the file itself is no longer kept.
async fn finish(conn: &mut Connection, id: ImportId, error: Option<String>, now: DateTime<Utc>) -> Result<()> {
    let error = &error;
    db::transaction(conn, |conn| {
        async move {
            let status = if error.is_some() { ImportStatus::Failed } else { ImportStatus::Done };
            let mine = imports::table.find(id).filter(imports::status.eq(ImportStatus::Running));
            diesel::update(mine)
                .set((imports::status.eq(status), imports::error.eq(error), imports::finished_at.eq(now)))
                .execute(conn)
                .await?;
            diesel::delete(import_chunks::table.filter(import_chunks::import_id.eq(id))).execute(conn).await?;
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

/// An import whose job died is failed; what was reported is imported.
///
/// # Errors
/// Those of the database.
pub async fn give_up(conn: &mut Connection, id: ImportId, error: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(imports::table.find(id).filter(imports::finished_at.is_null()))
        .set((imports::status.eq(ImportStatus::Failed), imports::error.eq(error), imports::finished_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes imports of more than 30 days ago, and uploads that broke off a day ago.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let old = imports::created_at.lt(now - TimeDelta::days(30));
    let broken = imports::status.eq(ImportStatus::Uploading).and(imports::created_at.lt(now - TimeDelta::days(1)));
    diesel::delete(imports::table.filter(old.or(broken))).execute(conn).await?;
    Ok(())
}
