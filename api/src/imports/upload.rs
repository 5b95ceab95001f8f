//! Receiving a file piece by piece, so that no upload is ever held in memory.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::model::{ImportStatus, Options, Summary};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::{import_chunks, imports};
use crate::db::{self, Connection};
use crate::error::{Code, Error, FieldError, Result};
use crate::ids::ImportId;
use crate::jobs::{Job, queue};

/// The largest file, in bytes.
const MAX_FILE: usize = 256 * 1024 * 1024;

/// The size of the pieces that are stored.
const PIECE: usize = 1024 * 1024;

/// The largest other part of the form, in bytes.
const MAX_PART: usize = 1000;

/// Who sends a file.
pub(super) struct Sent<'a> {
    /// Who.
    pub(super) author: &'a Author,
    /// Whether they may set stock, or the refusal.
    pub(super) may_set_stock: Result<()>,
}

/// Stores a form's file and queues its import.
///
/// # Errors
/// `malformed_body`, `body_too_large`, `unsupported_media_type`, `validation_failed`.
pub(super) async fn receive(app: &App, request: &HttpRequest, payload: Payload, sent: Sent<'_>) -> Result<ImportId> {
    let now = app.clock.now();
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        let detail = "Send the file as `multipart/form-data`, in a part named `file`.";
        return Err(Error::problem(Code::UnsupportedMediaType, detail));
    }
    let id = ImportId::new();
    let currency = app.config.default_currency;
    let mut options = Options { dry_run: false, currency, set_inventory: false, as_of: None };
    diesel::insert_into(imports::table)
        .values((
            imports::id.eq(id),
            imports::status.eq(ImportStatus::Uploading),
            imports::options.eq(json!(options)),
            imports::bytes.eq(0),
            imports::summary.eq(json!(Summary::default())),
            // The header is line 1.
            imports::done_line.eq(1),
            imports::created_at.eq(now),
        ))
        .execute(&mut app.connection().await?)
        .await?;
    let read = read_form(app, id, Multipart::new(request.headers(), payload), &mut options).await;
    let lawful = read.and_then(|read| if options.set_inventory { sent.may_set_stock.map(|()| read) } else { Ok(read) });
    let mut conn = app.connection().await?;
    match lawful {
        Ok((file_name, bytes)) => {
            let file = File { name: file_name.as_deref(), bytes: i64::try_from(bytes).unwrap_or(i64::MAX) };
            queue_import(&mut conn, id, &options, file, sent.author, now).await?;
            Ok(id)
        }
        Err(error) => {
            diesel::delete(imports::table.find(id)).execute(&mut conn).await?;
            Err(error)
        }
    }
}

fn unreadable(error: MultipartError) -> Error {
    Error::problem(Code::MalformedBody, format!("The form could not be read: {error}."))
}

async fn read_form(
    app: &App,
    id: ImportId,
    mut form: Multipart,
    options: &mut Options,
) -> Result<(Option<String>, usize)> {
    let mut file = None;
    while let Some(field) = form.next().await {
        let field = field.map_err(unreadable)?;
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if file.is_some() {
                return Err(Error::invalid("/file", "duplicate", "is given twice"));
            }
            let file_name = field.content_disposition().and_then(|kind| kind.get_filename()).map(str::to_owned);
            let file_name =
                file_name.map(|name| name.chars().filter(|letter| !letter.is_control()).take(255).collect());
            file = Some((file_name, store_file(app, id, field).await?));
        } else {
            set_option(options, &name, &read_part(&name, field).await?)?;
        }
    }
    if options.as_of.is_some() && !options.set_inventory {
        return Err(Error::invalid("/as_of", "invalid", "means something only with `set_inventory=true`"));
    }
    file.ok_or_else(|| Error::invalid("/file", "required", "is missing: send the CSV in a part named `file`"))
}

async fn read_part(name: &str, mut field: Field) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(unreadable)?);
        if bytes.len() > MAX_PART {
            return Err(Error::invalid(format!("/{name}"), "length", format!("must be at most {MAX_PART} bytes")));
        }
    }
    String::from_utf8(bytes)
        .map_err(|error| Error::invalid(format!("/{name}"), "invalid", format!("is not UTF-8: {error}")))
}

fn set_option(options: &mut Options, name: &str, value: &str) -> Result<()> {
    let value = value.trim();
    let flag = || match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::invalid(format!("/{name}"), "invalid", "must be true or false")),
    };
    match name {
        "dry_run" => options.dry_run = flag()?,
        "set_inventory" => options.set_inventory = flag()?,
        "currency" => {
            options.currency = value.parse().map_err(|error: String| Error::invalid("/currency", "invalid", error))?;
        }
        "as_of" => {
            let time = value.parse::<DateTime<Utc>>();
            let wrong = |error| {
                Error::invalid("/as_of", "invalid", format!("must be a time such as 2026-11-24T08:00:00Z: {error}"))
            };
            options.as_of = Some(time.map_err(wrong)?);
        }
        other => {
            let known = "is not known here; known are file, dry_run, currency, set_inventory, as_of";
            let error = FieldError::new(format!("/{other}"), "unknown_field", known);
            return Err(Error::problem(Code::ValidationFailed, format!("`/{other}` {known}.")).with_errors(vec![error]));
        }
    }
    Ok(())
}

async fn store_file(app: &App, id: ImportId, mut field: Field) -> Result<usize> {
    let (mut piece, mut position, mut bytes) = (Vec::with_capacity(PIECE), 0, 0);
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(unreadable)?;
        bytes += chunk.len();
        if bytes > MAX_FILE {
            return Err(Error::problem(Code::BodyTooLarge, format!("The file may have at most {MAX_FILE} bytes.")));
        }
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE {
            store_piece(app, id, position, &piece).await?;
            piece.clear();
            position += 1;
        }
    }
    store_piece(app, id, position, &piece).await?;
    Ok(bytes)
}

/// Stores a piece over a connection that is held only for that: the client sets the pace between two.
async fn store_piece(app: &App, id: ImportId, position: i32, data: &[u8]) -> Result<()> {
    diesel::insert_into(import_chunks::table)
        .values((import_chunks::import_id.eq(id), import_chunks::position.eq(position), import_chunks::data.eq(data)))
        .execute(&mut app.connection().await?)
        .await?;
    Ok(())
}

#[derive(Clone, Copy)]
struct File<'a> {
    name: Option<&'a str>,
    bytes: i64,
}

async fn queue_import(
    conn: &mut Connection,
    id: ImportId,
    options: &Options,
    file: File<'_>,
    author: &Author,
    now: DateTime<Utc>,
) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            diesel::update(imports::table.find(id))
                .set((
                    imports::status.eq(ImportStatus::Queued),
                    imports::options.eq(json!(options)),
                    imports::file_name.eq(file.name),
                    imports::bytes.eq(file.bytes),
                ))
                .execute(conn)
                .await?;
            queue::enqueue(conn, Job::Import(id), &id.to_string(), now, now).await?;
            let entry = Entry::new(Action::ImportCreated, id).made(options).set("/file_name", file.name);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await
}
