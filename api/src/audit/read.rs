//! Reading the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::Connection;
use crate::db::schema::audit_log;
use crate::error::{Error, Result};
use crate::http::pagination::Page;
use crate::ids::AuditEntryId;
use crate::tokens;

/// Something that staff or the command line did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// The entry's id.
    pub id: AuditEntryId,
    /// Its place in the chain, from 1, without gaps.
    pub sequence: i64,
    /// Who: an API key's id, a staff account's, or `cli`.
    #[schema(example = "key_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub actor: String,
    /// What they were called then.
    #[schema(example = "back office")]
    pub actor_name: String,
    /// The `X-Request-Id` of the request.
    pub request_id: Option<String>,
    /// Whence it came.
    #[schema(example = "203.0.113.7")]
    pub client_address: Option<String>,
    /// What was done; the part before the point says to what.
    #[schema(example = "product.updated")]
    pub action: String,
    /// The id of what it was done to.
    #[schema(example = "prod_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub subject_id: String,
    /// Why, where the request says so.
    pub reason: Option<String>,
    /// What differs, by JSON pointer into the thing's document; items of lists are named by their id. Customers' data and
    /// secrets are `[masked]`.
    pub changes: BTreeMap<String, AuditChange>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The hash of the entry before, in hexadecimal.
    pub previous_hash: String,
    /// SHA-256 of that and of this entry's content, in hexadecimal.
    pub hash: String,
}

/// What a member was and is.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditChange {
    /// What it was; absent when it was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent when it is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// A page of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AuditEntryList {
    /// The entries, newest first.
    pub data: Vec<AuditEntry>,
    /// Where the list goes on.
    pub page: Page,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) actor: Option<String>,
    /// A whole action, or the part before the point.
    pub(super) action: Option<String>,
    pub(super) subject_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: AuditEntryId,
    sequence: i64,
    actor: String,
    actor_name: String,
    request_id: Option<String>,
    client_address: Option<String>,
    action: String,
    subject_id: String,
    reason: Option<String>,
    changes: Value,
    created_at: DateTime<Utc>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

fn shown(row: Row) -> Result<AuditEntry> {
    let changes = serde_json::from_value(row.changes)
        .map_err(|error| Error::Internal(format!("audit_log.changes of {}: {error}", row.id)))?;
    Ok(AuditEntry {
        id: row.id,
        sequence: row.sequence,
        actor: row.actor,
        actor_name: row.actor_name,
        request_id: row.request_id,
        client_address: row.client_address,
        action: row.action,
        subject_id: row.subject_id,
        reason: row.reason,
        changes,
        created_at: row.created_at,
        previous_hash: tokens::hex(&row.previous_hash),
        hash: tokens::hex(&row.hash),
    })
}

/// Entries before this place in the chain, newest first.
///
/// # Errors
/// Those of the database.
pub(super) async fn list(
    conn: &mut Connection,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let mut query = audit_log::table.select(Row::as_select()).into_boxed();
    if let Some(actor) = &filter.actor {
        query = query.filter(audit_log::actor.eq(actor));
    }
    query = match &filter.action {
        None => query,
        Some(action) if action.contains('.') => query.filter(audit_log::action.eq(action)),
        Some(subject) => query.filter(audit_log::action.like(format!("{}.%", subject.replace('_', "\\_")))),
    };
    if let Some(subject) = &filter.subject_id {
        query = query.filter(audit_log::subject_id.eq(subject));
    }
    if let Some(request) = &filter.request_id {
        query = query.filter(audit_log::request_id.eq(request));
    }
    if let Some(since) = filter.since {
        query = query.filter(audit_log::created_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_log::created_at.lt(until));
    }
    if let Some(before) = before {
        query = query.filter(audit_log::sequence.lt(before));
    }
    let rows = query.order(audit_log::sequence.desc()).limit(limit).load(conn).await?;
    rows.into_iter().map(shown).collect()
}

/// One entry.
///
/// # Errors
/// `not_found`.
pub(super) async fn find(conn: &mut Connection, id: AuditEntryId) -> Result<AuditEntry> {
    let row = audit_log::table.find(id).select(Row::as_select()).first(conn).await.optional()?;
    shown(row.ok_or_else(|| Error::not_found("audit entry"))?)
}
