//! Lists: filters on `created`, cursors, `has_more`.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object;
use crate::params::Params;
use crate::stripe::Call;

/// What lists are of.
pub(crate) trait Listed {
    /// What cursors name.
    fn id(&self) -> &str;
    /// When it was made, in Unix seconds.
    fn created(&self) -> i64;
    /// As it is shown.
    fn shown(&self) -> Value;
}

impl Listed for Value {
    fn id(&self) -> &str {
        object::text(self, "id").unwrap_or_default()
    }

    fn created(&self) -> i64 {
        object::integer(self, "created")
    }

    fn shown(&self) -> Value {
        self.clone()
    }
}

/// One page of `rows` (newest first), of those that `wanted` keeps.
pub(crate) fn page<'a, R: Listed + 'a>(
    call: &Call,
    rows: impl Iterator<Item = &'a R>,
    wanted: impl Fn(&R) -> bool,
) -> Reply {
    let params = call.params();
    let limit = match params.integer("limit")? {
        None => 10,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| StripeError::invalid("Invalid limit: must be between 1 and 100.").param("limit"))?,
    };
    let created = Created::read(&params)?;
    let mut rows: Vec<&R> = rows.collect();
    if let Some(cursor) = params.text("starting_after")? {
        let place = position(&rows, cursor, "starting_after")?;
        rows.drain(..=place);
    }
    let backwards = params.text("ending_before")?;
    if let Some(cursor) = backwards {
        let place = position(&rows, cursor, "ending_before")?;
        rows.truncate(place);
    }
    rows.retain(|row| created.keeps(row.created()) && wanted(row));
    let mut kept = rows;
    let has_more = kept.len() > limit;
    if backwards.is_some() {
        kept.drain(..kept.len().saturating_sub(limit));
    }
    kept.truncate(limit);
    Ok(list(kept.into_iter().map(Listed::shown).collect(), has_more, &call.path))
}

/// A list object.
pub(crate) fn list(data: Vec<Value>, has_more: bool, url: &str) -> Value {
    json!({"object": "list", "data": data, "has_more": has_more, "url": url})
}

/// Whether an optional filter allows the text under `key`.
pub(crate) fn allows(filter: Option<&str>, row: &Value, key: &str) -> bool {
    filter.is_none_or(|wanted| object::is(row, key, wanted))
}

fn position<R: Listed>(rows: &[&R], id: &str, param: &str) -> Result<usize, StripeError> {
    rows.iter().position(|row| row.id() == id).ok_or_else(|| StripeError::dangling("object", id, param))
}

struct Created {
    least: i64,
    most: i64,
}

impl Created {
    fn read(params: &Params<'_>) -> Result<Self, StripeError> {
        let mut range = Self { least: i64::MIN, most: i64::MAX };
        if params.raw("created").is_some_and(Value::is_string) {
            if let Some(exact) = params.integer("created")? {
                range.least = exact;
                range.most = exact;
            }
        } else if let Some(bounds) = params.child("created")? {
            bounds.only(&["gt", "gte", "lt", "lte"])?;
            if let Some(bound) = bounds.integer("gt")? {
                range.least = range.least.max(bound.saturating_add(1));
            }
            if let Some(bound) = bounds.integer("gte")? {
                range.least = range.least.max(bound);
            }
            if let Some(bound) = bounds.integer("lt")? {
                range.most = range.most.min(bound.saturating_sub(1));
            }
            if let Some(bound) = bounds.integer("lte")? {
                range.most = range.most.min(bound);
            }
        }
        Ok(range)
    }

    fn keeps(&self, created: i64) -> bool {
        (self.least..=self.most).contains(&created)
    }
}
