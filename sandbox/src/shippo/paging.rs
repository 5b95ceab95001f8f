//! Lists: `next`, `previous`, `results`.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::{Call, Outcome, Refusal};

const USUAL: usize = 25;

const MOST: usize = 100;

/// The page of `rows` that the query asks for.
pub(super) fn page(call: &Call, rows: Vec<Value>) -> Outcome {
    let number = |key: &str, usual: usize| match object::text(&call.query, key) {
        None => Ok(usual),
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| Refusal::field(key, "A valid integer is required.")),
    };
    let (page, size) = (number("page", 1)?, number("results", USUAL)?.min(MOST));
    let start = (page - 1).saturating_mul(size);
    let link = |page: usize| format!("{}/shippo/{}?page={page}&results={size}", call.public_url, call.path);
    let next = (rows.len() > start.saturating_add(size)).then(|| link(page.saturating_add(1)));
    let previous = (page > 1).then(|| link(page - 1));
    let results: Vec<Value> = rows.into_iter().skip(start).take(size).collect();
    Ok(json!({"next": next, "previous": previous, "results": results}))
}
