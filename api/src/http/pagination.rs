//! Keyset pages: `{"data": […], "page": {"next_cursor", "has_more"}}` with a `Link` header.

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use validator::ValidationError;

use crate::error::{Error, Result};

/// How many items a page has when the client does not say.
pub const DEFAULT_LIMIT: i64 = 20;

/// Where a list goes on.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page {
    /// Send it as `cursor` to get the next page; `null` on the last.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// Cuts the one item too many that the query fetched, and makes the cursor from the last that stays.
pub fn paginate<T, K: Serialize>(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> K) -> (Vec<T>, Page) {
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| encode(&key(last)));
    (items, Page { next_cursor, has_more })
}

/// An opaque cursor from a sort key.
pub fn encode<K: Serialize>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The sort key of a cursor: a time and an id.
///
/// # Errors
/// `invalid_query` when the cursor is not one of ours.
pub fn decode<I: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<(DateTime<Utc>, I)>> {
    let key: Option<(DateTime<Utc>, I)> = decode_key(cursor)?;
    match key {
        Some((at, _)) if check_time(&at).is_err() => Err(not_ours()),
        key => Ok(key),
    }
}

/// The rule of a time that a list is filtered by: PostgreSQL knows fewer years than chrono.
///
/// # Errors
/// Before 1970 or after 9999.
pub fn check_time(at: &DateTime<Utc>) -> Result<(), ValidationError> {
    if (1970..=9999).contains(&at.year()) {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must be between the years 1970 and 9999".into()))
}

/// The sort key of a cursor, of whatever kind.
///
/// # Errors
/// `invalid_query` when the cursor is not one of ours.
pub fn decode_key<K: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    serde_json::from_slice(&bytes).ok().map(Some).ok_or_else(not_ours)
}

fn not_ours() -> Error {
    let detail = "is not a cursor of this list; send `next_cursor` of the page before, unchanged";
    Error::invalid_query("cursor", "invalid", detail)
}

/// An answer that names the next page in `Link`.
pub fn answer(request: &HttpRequest, page: &Page) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    if let Some(link) = link(request, page) {
        answer.insert_header((LINK, link));
    }
    answer
}

/// The `Link` to the next page, if there is one (RFC 8288).
#[must_use]
pub fn link(request: &HttpRequest, page: &Page) -> Option<String> {
    let cursor = page.next_cursor.as_ref()?;
    let others = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<String> = others.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    Some(format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&")))
}
