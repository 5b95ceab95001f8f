//! What shoppers' browsers and shared caches may keep of the catalogue (RFC 9111, RFC 5861), and a strong tag per
//! encoding (RFC 9110, 8.8.3.3).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, ETAG, HeaderValue, LOCATION, VARY};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::error::Result;
use crate::http::etag;
use crate::locale::Locale;

/// Fresh for five seconds; for a minute after that shown while a new one is fetched.
const PUBLIC: &str = "public, max-age=5, stale-while-revalidate=60";

/// An answer of the catalogue, with its tag, its language and how long it may be kept.
///
/// # Errors
/// `invalid_header` for an unreadable `If-None-Match`.
pub fn respond<T: Serialize>(
    request: &HttpRequest,
    answer: HttpResponseBuilder,
    version: i64,
    locale: &Locale,
    body: &T,
) -> Result<HttpResponse> {
    let mut response = etag::respond(request, answer, version, body)?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(PUBLIC));
    if let Ok(language) = HeaderValue::from_str(locale.as_str()) {
        headers.insert(CONTENT_LANGUAGE, language);
    }
    Ok(response)
}

/// 308 to where something is now, with the query it was asked with.
#[must_use]
pub fn moved(request: &HttpRequest, to: &str) -> HttpResponse {
    let query = request.query_string();
    let to = if query.is_empty() { to.to_owned() } else { format!("{to}?{query}") };
    HttpResponse::PermanentRedirect().insert_header((LOCATION, to)).insert_header((CACHE_CONTROL, PUBLIC)).finish()
}

/// Marks tags with the encoding that was negotiated, and forbids keeping what nobody said may be kept.
///
/// # Errors
/// Only what the inner service answers.
pub async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let encoding = response.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let suffix = match encoding {
        Some("gzip") => "-gz",
        Some("br") => "-br",
        Some(_) | None => "",
    };
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|_| !suffix.is_empty());
    let tag = tag.and_then(|tag| HeaderValue::from_str(&format!("{}{suffix}\"", tag.strip_suffix('"')?)).ok());
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    if headers.contains_key(CONTENT_LANGUAGE) {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding, accept-language"));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}
