//! Versions over HTTP: strong `ETag`s, `If-Match` (412) and `If-None-Match` (304).

use actix_web::HttpRequest;
use actix_web::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::error::{Code, Error, Result};
use crate::http::extract::header;

/// The entity tag of a version.
#[must_use]
pub fn tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// Refuses when `If-Match` is there and names another version.
///
/// # Errors
/// `precondition_failed`, with the present version.
pub fn require_match(request: &HttpRequest, version: i64) -> Result<()> {
    let present = tag(version);
    match header(request, IF_MATCH.as_str())? {
        Some(given) if !lists(given, &present) => Err(Error::problem(
            Code::PreconditionFailed,
            format!("`If-Match: {given}` does not name the present version, {present}. Read it again and repeat."),
        )
        .with("etag", present)),
        Some(_) | None => Ok(()),
    }
}

fn lists(header: &str, tag: &str) -> bool {
    header.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == tag)
}

/// Answers with the body and its tag, or 304 when the client has this version already.
///
/// # Errors
/// `invalid_header` for an unreadable `If-None-Match`.
pub fn respond<T: Serialize>(request: &HttpRequest, mut answer: HttpResponseBuilder, version: i64, body: &T) -> Result<HttpResponse> {
    let tag = tag(version);
    let known = header(request, IF_NONE_MATCH.as_str())?.is_some_and(|given| lists(given, &tag));
    if known && request.method().is_safe() {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(answer.insert_header((ETAG, tag)).json(body))
}
