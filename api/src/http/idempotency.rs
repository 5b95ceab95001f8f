//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a key takes effect once.
//!
//! Two ways to use it. A request that is one transaction claims the key and stores its answer in that
//! transaction ([`once`]); a second one with the same key waits for it and replays. A checkout, which calls a
//! provider, claims with a lease ([`claim`]), so that a dead process blocks nobody for long.
//! Only the work's lasting answers are stored; errors that changed nothing and 5xx are not.

use std::future::Future;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::db::schema::idempotency_keys;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::extract::header;
use crate::tokens::sha256;

/// How long a claim lasts when its process dies.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// A key with the caller it belongs to and the request it was first used for.
#[derive(Debug, Clone)]
pub struct Key {
    /// Whose key it is, such as `cart:cart_…`.
    pub scope: String,
    /// The key as sent.
    pub key: String,
    /// SHA-256 of the request: method, path and the body's fingerprint.
    pub fingerprint: Vec<u8>,
}

/// A stored answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Answer {
    /// An answer with a body.
    ///
    /// # Errors
    /// When the body cannot be JSON, which is a defect.
    pub fn of(status: u16, body: &impl serde::Serialize) -> Result<Self> {
        let body =
            serde_json::to_value(body).map_err(|error| Error::Internal(format!("an answer is not JSON: {error}")))?;
        Ok(Self { status, body })
    }

    /// Sets a member of the body, such as a token, which is never stored.
    pub fn set(&mut self, member: &str, value: impl Into<Value>) {
        if let Some(members) = self.body.as_object_mut() {
            members.insert(member.to_owned(), value.into());
        }
    }
}

/// What claiming a key found.
pub enum Claim {
    /// It is ours to work on.
    Mine {
        /// Under this token.
        token: Uuid,
        /// Whether somebody began before, and did not get to an answer.
        is_resumed: bool,
    },
    /// It was done before.
    Done(Answer),
}

/// What tells a request from others: its method, its path and the fingerprint of its body.
#[must_use]
pub fn fingerprint_of(request: &HttpRequest, body: &[u8]) -> Vec<u8> {
    let line = format!("{} {}\n", request.method(), request.path());
    sha256(&[line.as_bytes(), body].concat())
}

/// The request's key, if it sent one. The same key for another path is another request, as for another body.
///
/// # Errors
/// `invalid_header` unless it is 1 to 255 printable ASCII characters.
pub fn key(request: &HttpRequest, scope: impl Into<String>, body: &[u8]) -> Result<Option<Key>> {
    let Some(key) = header(request, "Idempotency-Key")? else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        let detail = "must have 1 to 255 characters; a random UUID is fine";
        return Err(Error::problem(Code::InvalidHeader, format!("`Idempotency-Key` {detail}."))
            .with_errors(vec![FieldError::new("header:Idempotency-Key", "length", detail)]));
    }
    Ok(Some(Key { scope: scope.into(), key: key.to_owned(), fingerprint: fingerprint_of(request, body) }))
}

/// Refuses a key that could be guessed, where the key alone says whose request it is.
///
/// # Errors
/// `invalid_header` under 16 characters.
pub fn require_random(key: Option<&Key>) -> Result<()> {
    if key.is_none_or(|key| key.key.len() >= 16) {
        return Ok(());
    }
    let detail = "must be random here, of 16 characters or more, such as a UUID: it is all that tells callers apart";
    Err(Error::problem(Code::InvalidHeader, format!("`Idempotency-Key` {detail}.")).with_errors(vec![FieldError::new(
        "header:Idempotency-Key",
        "length",
        detail,
    )]))
}

/// When a claim is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Before anything is done under it.
    AtOnce,
    /// With the first transaction under it, before which nothing is done that a second try must know of: a database that crashes
    /// until then has kept neither.
    WithTheWork,
}

/// Claims a key with a lease, in a statement of its own.
///
/// # Errors
/// `idempotency_mismatch` for another body, `request_in_flight` while somebody works on it.
pub async fn claim(conn: &mut Connection, key: &Key, lasting: Lasting, now: DateTime<Utc>) -> Result<Claim> {
    let token = Uuid::new_v4();
    let taken: Option<Taken> = Statement::constant(
        "INSERT INTO idempotency_keys AS mine (scope, key, fingerprint, token, leased_until, created_at) \
         SELECT $1, $2, $3, $4, $5, $6 WHERE $7 = 0 OR set_config('synchronous_commit', 'off', true) = 'off' \
         ON CONFLICT (scope, key) DO UPDATE SET token = $4, leased_until = $5 \
         WHERE mine.status IS NULL AND mine.leased_until < $6 AND mine.fingerprint = $3 \
         RETURNING xmax <> 0 AS is_resumed",
    )
    .with(Bind::Text(key.scope.clone()))
    .with(Bind::Text(key.key.clone()))
    .with(Bind::Bytes(key.fingerprint.clone()))
    .with(Bind::Uuid(token))
    .with(Bind::Time(now + LEASE))
    .with(Bind::Time(now))
    .with(Bind::Int((lasting == Lasting::WithTheWork).into()))
    .optional(conn)
    .await?;
    if let Some(Taken { is_resumed }) = taken {
        return Ok(Claim::Mine { token, is_resumed });
    }
    match find(conn, key).await? {
        Some(answer) => Ok(Claim::Done(answer)),
        None => Err(Error::problem(
            Code::RequestInFlight,
            "A request with this Idempotency-Key is still running. Repeat the same request in a moment.",
        )
        .retry_after(1)),
    }
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_resumed: bool,
}

/// The stored answer of a key; `None` while there is none.
async fn find(conn: &mut Connection, key: &Key) -> Result<Option<Answer>> {
    let row: Option<(Vec<u8>, Option<i16>, Option<Value>)> = idempotency_keys::table
        .find((&key.scope, &key.key))
        .select((idempotency_keys::fingerprint, idempotency_keys::status, idempotency_keys::body))
        .first(conn)
        .await
        .optional()?;
    let Some((fingerprint, status, body)) = row else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(mismatch());
    }
    Ok(status.and_then(|status| u16::try_from(status).ok()).zip(body).map(|(status, body)| Answer { status, body }))
}

/// The error for a key that was used for another request.
#[must_use]
pub fn mismatch() -> Error {
    let detail = "This Idempotency-Key was used for a request with another body. Use a new key for a new request.";
    Error::problem(Code::IdempotencyMismatch, detail)
}

/// Locks the claim and says whether it is still held under `token`.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut Connection, key: &Key, token: Uuid) -> Result<bool> {
    Ok(locking(key, token).execute(conn).await? > 0)
}

/// The statement of [`lock`], the first lock of every transaction that works under a claim: a row if it is still held under
/// `token`.
#[must_use]
pub fn locking(key: &Key, token: Uuid) -> Statement {
    Statement::constant(
        "SELECT token FROM idempotency_keys WHERE scope = $1 AND key = $2 AND token = $3 AND status IS NULL FOR UPDATE",
    )
    .with(Bind::Text(key.scope.clone()))
    .with(Bind::Text(key.key.clone()))
    .with(Bind::Uuid(token))
}

/// Stores the answer, if the claim is still held under `token`.
///
/// # Errors
/// Those of the database.
pub async fn store(conn: &mut Connection, key: &Key, token: Uuid, answer: &Answer) -> Result<()> {
    storing(key, token, answer).execute(conn).await.map(|_| ())
}

/// The statement of [`store`], which ends in its condition.
#[must_use]
pub fn storing(key: &Key, token: Uuid, answer: &Answer) -> Statement {
    Statement::constant(
        "UPDATE idempotency_keys SET status = $4, body = $5 WHERE scope = $1 AND key = $2 AND token = $3",
    )
    .with(Bind::Text(key.scope.clone()))
    .with(Bind::Text(key.key.clone()))
    .with(Bind::Uuid(token))
    .with(Bind::Int(answer.status.into()))
    .with(Bind::json(&answer.body))
}

/// Gives the claim up without an answer, so that a retry may work on it at once.
///
/// # Errors
/// Those of the database.
pub async fn free(conn: &mut Connection, key: &Key, token: Uuid) -> Result<()> {
    diesel::delete(idempotency_keys::table.find((&key.scope, &key.key)))
        .filter(idempotency_keys::token.eq(token))
        .filter(idempotency_keys::status.is_null())
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the claim's lease: the next try goes on with what this one may have begun.
async fn lapse(conn: &mut Connection, key: &Key, token: Uuid) -> Result<()> {
    diesel::update(idempotency_keys::table.find((&key.scope, &key.key)))
        .filter(idempotency_keys::token.eq(token))
        .filter(idempotency_keys::status.is_null())
        .set(idempotency_keys::leased_until.eq(DateTime::<Utc>::UNIX_EPOCH))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Runs `work` in one transaction, at most once per key, and answers with what it answered the first time.
///
/// # Errors
/// What `work` answers, which then leaves no trace; `idempotency_mismatch`.
pub async fn once<'work, F>(
    conn: &mut Connection,
    key: Option<&Key>,
    now: DateTime<Utc>,
    work: F,
) -> Result<(Answer, bool)>
where
    F: for<'conn> Fn(&'conn mut Connection) -> db::Work<'work, 'conn, Answer> + Sync,
{
    let work = &work;
    db::transaction(conn, |conn| {
        async move {
            let Some(key) = key else { return Ok((work(conn).await?, false)) };
            let token = Uuid::new_v4();
            let inserted = diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::scope.eq(&key.scope),
                    idempotency_keys::key.eq(&key.key),
                    idempotency_keys::fingerprint.eq(&key.fingerprint),
                    idempotency_keys::token.eq(token),
                    idempotency_keys::leased_until.eq(now),
                    idempotency_keys::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .prepared()
                .execute(conn)
                .await?;
            if inserted == 0
                && let Some(answer) = find(conn, key).await?
            {
                return Ok((answer, true));
            }
            let answer = work(conn).await?;
            store(conn, key, token, &answer).await?;
            Ok((answer, false))
        }
        .scope_boxed()
    })
    .await
}

/// Runs `work`, which may call providers, to its end under a claim on the key: its answer is stored, a refusal gives the
/// key free. It is told whether an earlier try died, or failed by no fault of the client's, and may have begun.
///
/// # Errors
/// What `work` answers; `idempotency_mismatch`, `request_in_flight`.
pub async fn claimed<F>(
    app: &Arc<App>,
    key: Option<Key>,
    work: impl FnOnce(bool) -> F + Send + 'static,
) -> Result<(Answer, bool)>
where
    F: Future<Output = Result<Answer>> + Send + 'static,
{
    let Some(key) = key else { return Ok((app.run_to_end(work(false)).await?, false)) };
    let task_app = Arc::clone(app);
    app.run_to_end(async move {
        let (token, is_resumed) = {
            let mut conn = task_app.connection().await?;
            match claim(&mut conn, &key, Lasting::AtOnce, task_app.clock.now()).await? {
                Claim::Done(answer) => return Ok((answer, true)),
                Claim::Mine { token, is_resumed } => (token, is_resumed),
            }
        };
        let outcome = work(is_resumed).await;
        let mut conn = task_app.connection().await?;
        match outcome {
            Ok(answer) => {
                store(&mut conn, &key, token, &answer).await?;
                Ok((answer, false))
            }
            Err(error) => {
                if error.is_ours() {
                    lapse(&mut conn, &key, token).await?;
                } else {
                    free(&mut conn, &key, token).await?;
                }
                Err(error)
            }
        }
    })
    .await
}

/// Deletes keys older than 24 hours.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let old = idempotency_keys::created_at.lt(now - TimeDelta::hours(24));
    Ok(diesel::delete(idempotency_keys::table.filter(old)).execute(conn).await?)
}

/// The answer over HTTP, marked when it is a replay.
#[must_use]
pub fn respond(answer: &Answer, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    if replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    if answer.status >= 400 {
        response.content_type(crate::http::problem::PROBLEM_JSON);
        return response.body(answer.body.to_string());
    }
    response.json(&answer.body)
}

/// The answer to a creation over HTTP, with the `Location` of what was created: `{base}/{id}`.
#[must_use]
pub fn respond_created(answer: &Answer, replayed: bool, base: &str) -> HttpResponse {
    let mut response = respond(answer, replayed);
    let location = answer.body.get("id").and_then(Value::as_str).map(|id| format!("{base}/{id}"));
    if let Some(Ok(location)) = location.map(|location| location.parse()) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
