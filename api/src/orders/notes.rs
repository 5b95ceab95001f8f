//! Notes and tags: what staff tell each other about an order. Shoppers never see them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;
use validator::{Validate, ValidationError};

use super::read;
use super::timeline::{self, EventKind};
use crate::audit::{self, Action, Author, Entry};
use crate::db::Connection;
use crate::db::schema::{order_notes, orders};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{OrderId, OrderNoteId};
use crate::staff::names;

/// The most tags of an order.
const MOST_TAGS: usize = 50;

/// A note about an order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrderNote {
    /// The note's id.
    pub id: OrderNoteId,
    /// What it says.
    pub body: String,
    /// Who wrote it.
    #[schema(example = "key_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub created_by: String,
    /// What they are called now; absent once they are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Grace Hopper")]
    pub created_by_name: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A note to be written.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewOrderNote {
    /// What it says; plain text.
    #[schema(min_length = 1, max_length = 5000, example = "Called back: wants it before Friday.")]
    #[validate(length(min = 1, max = 5000))]
    pub body: String,
}

/// A change of what staff keep with an order; a merge patch.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OrderPatch {
    /// All tags: up to 50 of 1 to 64 characters, without commas.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["vip", "gift"]))]
    #[validate(custom(function = lawful_tags))]
    pub tags: Patch<Vec<String>>,
    /// Tags to add to those that are there. Not together with `tags`.
    #[serde(default)]
    #[schema(max_items = 50)]
    #[validate(custom(function = lawful))]
    pub add_tags: Vec<String>,
    /// Tags to take away. Not together with `tags`.
    #[serde(default)]
    #[schema(max_items = 50)]
    #[validate(custom(function = lawful))]
    pub remove_tags: Vec<String>,
}

fn lawful_tags(tags: &Patch<Vec<String>>) -> Result<(), ValidationError> {
    tags.value().map_or(Ok(()), |tags| lawful(tags))
}

fn lawful(tags: &[String]) -> Result<(), ValidationError> {
    let is_lawful = |tag: &String| !tag.trim().is_empty() && tag.chars().count() <= 64 && !tag.contains(',');
    if tags.len() <= MOST_TAGS && tags.iter().all(is_lawful) {
        return Ok(());
    }
    Err(ValidationError::new("tags")
        .with_message("must be at most 50 tags of 1 to 64 characters without commas".into()))
}

impl OrderPatch {
    /// The tags afterwards: each once, trimmed, in the order in which they came.
    fn tags_after(&self, before: &[String]) -> Result<Vec<String>> {
        let is_relative = !self.add_tags.is_empty() || !self.remove_tags.is_empty();
        if self.tags.is_given() && is_relative {
            let detail = "are all tags; leave out `add_tags` and `remove_tags`";
            return Err(Error::invalid("/tags", "invalid", detail));
        }
        let removed: Vec<&str> = self.remove_tags.iter().map(|tag| tag.trim()).collect();
        let wanted: Vec<&String> = match &self.tags {
            Patch::Absent => before.iter().chain(&self.add_tags).collect(),
            Patch::Null => Vec::new(),
            Patch::Value(tags) => tags.iter().collect(),
        };
        let mut after: Vec<String> = Vec::new();
        for tag in wanted.into_iter().map(|tag| tag.trim()) {
            if !removed.contains(&tag) && !after.iter().any(|known| known == tag) {
                after.push(tag.to_owned());
            }
        }
        if after.len() > MOST_TAGS {
            let detail = format!("would make {}; an order has at most {MOST_TAGS} tags", after.len());
            return Err(Error::invalid("/add_tags", "length", detail));
        }
        Ok(after)
    }
}

/// Changes an order's tags. In a transaction.
///
/// # Errors
/// `not_found`, `precondition_failed`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: OrderId,
    patch: &OrderPatch,
    expected: &Expected,
    (author, now): (&Author, DateTime<Utc>),
) -> Result<()> {
    expected.check(read::row(conn, id, true).await?.version)?;
    let before: Vec<String> = orders::table.find(id).select(orders::tags).first(conn).await?;
    let after = patch.tags_after(&before)?;
    if after == before {
        return Ok(());
    }
    diesel::update(orders::table.find(id)).set(orders::tags.eq(&after)).execute(conn).await?;
    read::touch(conn, id, now).await?;
    let added: Vec<&String> = after.iter().filter(|tag| !before.contains(tag)).collect();
    let removed: Vec<&String> = before.iter().filter(|tag| !after.contains(tag)).collect();
    let detail = json!({"added": added, "removed": removed, "by": author.actor});
    timeline::record(conn, id, EventKind::Tagged, detail, now).await?;
    audit::record(conn, author, Entry::new(Action::OrderUpdated, id).moved("/tags", &before, &after), now).await
}

/// Writes a note. In a transaction. The timeline says that there is one, not what it says.
///
/// # Errors
/// `not_found`.
pub async fn add(
    conn: &mut Connection,
    order: OrderId,
    new: &NewOrderNote,
    (author, now): (&Author, DateTime<Utc>),
) -> Result<OrderNote> {
    read::row(conn, order, true).await?;
    let note = OrderNote {
        id: OrderNoteId::new(),
        body: new.body.clone(),
        created_by: author.actor.clone(),
        created_by_name: Some(author.name.clone()),
        created_at: now,
    };
    diesel::insert_into(order_notes::table)
        .values((
            order_notes::id.eq(note.id),
            order_notes::order_id.eq(order),
            order_notes::body.eq(&note.body),
            order_notes::created_by.eq(&note.created_by),
            order_notes::created_at.eq(note.created_at),
        ))
        .execute(conn)
        .await?;
    let detail = json!({"note_id": note.id, "by": author.actor});
    timeline::record(conn, order, EventKind::NoteAdded, detail, now).await?;
    // What it says is erased with the customer, and no entry ever is.
    let entry = Entry::new(Action::OrderNoteCreated, order).set("/note_id", note.id);
    audit::record(conn, author, entry, now).await?;
    Ok(note)
}

/// Deletes a note, for good. In a transaction.
///
/// # Errors
/// `not_found`, also for another order's.
pub async fn delete(
    conn: &mut Connection,
    order: OrderId,
    note: OrderNoteId,
    (author, now): (&Author, DateTime<Utc>),
) -> Result<()> {
    read::row(conn, order, true).await?;
    let it = order_notes::table.find(note).filter(order_notes::order_id.eq(order));
    if diesel::delete(it).execute(conn).await? == 0 {
        return Err(Error::not_found("note"));
    }
    let detail = json!({"note_id": note, "by": author.actor});
    timeline::record(conn, order, EventKind::NoteDeleted, detail, now).await?;
    let entry = Entry::new(Action::OrderNoteDeleted, order).moved("/note_id", note, None::<()>);
    audit::record(conn, author, entry, now).await
}

/// Where a page starts: after this note, newest first.
pub type After = (DateTime<Utc>, OrderNoteId);

/// One page of an order's notes and one more, newest first.
///
/// # Errors
/// `not_found`.
pub async fn list(conn: &mut Connection, order: OrderId, after: Option<After>, limit: i64) -> Result<Vec<OrderNote>> {
    read::row(conn, order, false).await?;
    let mut query = order_notes::table
        .filter(order_notes::order_id.eq(order))
        .select((order_notes::id, order_notes::body, order_notes::created_by, order_notes::created_at))
        .into_boxed();
    if let Some((at, id)) = after {
        let same_time = order_notes::created_at.eq(at).and(order_notes::id.lt(id));
        query = query.filter(order_notes::created_at.lt(at).or(same_time));
    }
    let newest_first = (order_notes::created_at.desc(), order_notes::id.desc());
    let rows: Vec<(OrderNoteId, String, String, DateTime<Utc>)> =
        query.order(newest_first).limit(limit + 1).load(conn).await?;
    let names = names::of(conn, rows.iter().map(|(_, _, created_by, _)| created_by.as_str())).await?;
    let note = |(id, body, created_by, created_at)| {
        let created_by_name = names.get(&created_by).cloned();
        OrderNote { id, body, created_by, created_by_name, created_at }
    };
    Ok(rows.into_iter().map(note).collect())
}
