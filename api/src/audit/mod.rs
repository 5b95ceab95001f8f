//! The audit log: every write by staff, by key or account, and by the command line leaves one entry, in the transaction of
//! the change. Entries are chained by SHA-256 and only ever added; docs/AUDIT.md says what they hold.
//!
//! [`record`] takes the chain's head, which is the last lock of a transaction: nothing is locked after it.

mod action;
pub mod admin;
mod changes;
mod file;
mod read;
pub mod verify;

pub use action::Action;

use std::fmt::Display;
use std::net::IpAddr;

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use self::changes::Changes;
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::http::caller::Caller;
use crate::http::request_log::RequestContext;
use crate::ids::AuditEntryId;

/// Where a change came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    request_id: Option<String>,
    address: Option<IpAddr>,
}

impl Origin {
    /// That of the request being answered.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let request_id = Some(RequestContext::current().id).filter(|id| !id.is_empty());
        Self { request_id, address: Caller::of(request).address }
    }
}

/// Who changes something.
#[derive(Debug, Clone)]
pub struct Author {
    /// An API key's or staff account's id, or `cli`.
    pub actor: String,
    /// What they are called now.
    pub name: String,
    /// From where.
    pub origin: Origin,
}

impl Author {
    /// Whoever runs the command line.
    #[must_use]
    pub fn command_line() -> Self {
        let user = std::env::var("USER").unwrap_or_else(|_| "merx".to_owned());
        Self { actor: "cli".to_owned(), name: user, origin: Origin::default() }
    }
}

/// What is written down about a change.
#[derive(Debug, Clone)]
pub struct Entry {
    action: Action,
    subject: String,
    reason: Option<String>,
    changes: Changes,
}

impl Entry {
    /// That something was done to this thing.
    #[must_use]
    pub fn new(action: Action, subject: impl Display) -> Self {
        Self { action, subject: subject.to_string(), reason: None, changes: Changes::default() }
    }

    /// What the thing is now that it was made.
    #[must_use]
    pub fn made(mut self, document: &impl Serialize) -> Self {
        self.changes.made(&value(document));
        self
    }

    /// What the thing was before it was deleted.
    #[must_use]
    pub fn deleted(mut self, document: &impl Serialize) -> Self {
        self.changes.deleted(&value(document));
        self
    }

    /// What differs between what it was and what it is.
    #[must_use]
    pub fn changed(mut self, before: &impl Serialize, after: &impl Serialize) -> Self {
        self.changes.between(&value(before), &value(after));
        self
    }

    /// That a member, by its JSON pointer, is this now.
    #[must_use]
    pub fn set(self, path: &str, after: impl Serialize) -> Self {
        self.moved(path, None::<()>, after)
    }

    /// That a member, by its JSON pointer, was this and is that; nothing when they are the same.
    #[must_use]
    pub fn moved(mut self, path: &str, before: impl Serialize, after: impl Serialize) -> Self {
        self.changes.at(path, &value(&before), &value(&after));
        self
    }

    /// Hides all values, of what is about a customer: that they changed is seen, not to what.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.changes.mask();
        self
    }

    /// Why, in staff's words or by the reason that they chose.
    #[must_use]
    pub fn because(mut self, reason: impl Display) -> Self {
        self.reason = Some(reason.to_string());
        self
    }

    /// What staff noted beside the reason.
    #[must_use]
    pub fn noted(mut self, note: Option<&str>) -> Self {
        if let Some(note) = note {
            self.reason = Some(self.reason.map_or_else(|| note.to_owned(), |reason| format!("{reason}: {note}")));
        }
        self
    }
}

fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

/// What an entry's hash is of, beside the hash before it: all its columns as one JSON array in PostgreSQL's own writing.
macro_rules! content {
    ($($column:literal),+ ; $created_at:literal) => {
        concat!(
            "convert_to(jsonb_build_array(", $($column, ", ",)+
            "(extract(epoch FROM ", $created_at, ") * 1000000)::bigint)::text, 'UTF8')"
        )
    };
}
use content;

/// Adds an entry to the log, as the last of the transaction: from here on until it ends, no other entry can be added.
///
/// # Errors
/// Those of the database.
pub async fn record(conn: &mut Connection, author: &Author, entry: Entry, now: DateTime<Utc>) -> Result<()> {
    let added = Statement::constant(concat!(
        "WITH head AS (UPDATE audit_head SET sequence = sequence + 1, previous_hash = hash, hash = sha256(hash || ",
        content!("sequence + 1", "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9"; "$10"),
        ") RETURNING sequence, previous_hash, hash) \
         INSERT INTO audit_log (id, sequence, actor, actor_name, request_id, client_address, action, subject_id, reason, \
             changes, created_at, previous_hash, hash) \
         SELECT $1, sequence, $2, $3, $4, $5, $6, $7, $8, $9, $10, previous_hash, hash FROM head",
    ))
    .with(Bind::Uuid(AuditEntryId::new().0))
    .with(Bind::Text(author.actor.clone()))
    .with(Bind::Text(author.name.clone()))
    .with(Bind::NullableText(author.origin.request_id.clone()))
    .with(Bind::NullableText(author.origin.address.map(|address| address.to_string())))
    .with(Bind::Text(entry.action.to_string()))
    .with(Bind::Text(entry.subject))
    .with(Bind::NullableText(entry.reason))
    .with(Bind::json(&entry.changes.into_json()))
    .with(Bind::Time(now))
    .execute(conn)
    .await?;
    // Without the log's head nothing is written, and nothing is done unseen.
    if added == 1 { Ok(()) } else { Err(Error::Internal("the audit log has no head".to_owned())) }
}
