//! Versions over HTTP: strong `ETag`s, `If-Match` (412) and `If-None-Match` (304).
//!
//! A tag is `"v7-3f2a9c01d84b6e57"`: the version that `If-Match` compares, and a digest of the body (XXH3, as nobody gains by
//! two bodies of one digest), since prices and availability change without a new version.

use actix_web::HttpRequest;
use actix_web::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::error::{Code, Error, Result};
use crate::http::extract::header;

/// The version that a change is based on, from `If-Match`; without the header every version will do.
#[derive(Debug, Clone)]
pub struct Expected(Option<String>);

impl Expected {
    /// Reads `If-Match`.
    ///
    /// # Errors
    /// `invalid_header` when it is not ASCII.
    pub fn from_request(request: &HttpRequest) -> Result<Self> {
        Ok(Self(header(request, IF_MATCH.as_str())?.map(str::to_owned)))
    }

    /// Every version will do.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// Whether the client says which version it has seen.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses when another version was expected. Call it under the row's lock.
    ///
    /// # Errors
    /// `precondition_failed`, with the present version.
    pub fn check(&self, version: i64) -> Result<()> {
        let Some(given) = &self.0 else { return Ok(()) };
        let names_version = |tag: &str| {
            let tag = tag.trim().trim_matches('"');
            tag == "*" || tag.split('-').next() == Some(&format!("v{version}"))
        };
        if given.split(',').any(names_version) {
            return Ok(());
        }
        let detail =
            format!("`If-Match: {given}` does not name the present version, {version}. Read it again and repeat.");
        Err(Error::problem(Code::PreconditionFailed, detail).with("version", version))
    }
}

/// Answers with the body and its tag, or 304 when the client has this version already.
///
/// # Errors
/// `invalid_header` for an unreadable `If-None-Match`.
pub fn respond<T: Serialize>(
    request: &HttpRequest,
    mut answer: HttpResponseBuilder,
    version: i64,
    body: &T,
) -> Result<HttpResponse> {
    let (tag, body) = tagged(version, body)?;
    if let Some(unchanged) = unchanged(request, &tag)? {
        return Ok(unchanged);
    }
    Ok(answer.insert_header((ETAG, tag)).content_type("application/json").body(body))
}

/// A body with its tag.
///
/// # Errors
/// When it is not JSON, which is a defect.
pub fn tagged<T: Serialize>(version: i64, body: &T) -> Result<(String, String)> {
    let body =
        serde_json::to_string(body).map_err(|error| Error::Internal(format!("an answer is not JSON: {error}")))?;
    let digest = xxhash_rust::xxh3::xxh3_64(body.as_bytes());
    Ok((format!("\"v{version}-{digest:016x}\""), body))
}

/// 304 when the client has what this tag names already, in whichever encoding.
///
/// # Errors
/// `invalid_header` for an unreadable `If-None-Match`.
pub fn unchanged(request: &HttpRequest, tag: &str) -> Result<Option<HttpResponse>> {
    let given = header(request, IF_NONE_MATCH.as_str())?;
    // A tag names an encoding; whichever the client has, it is the same version.
    let names = |one: &str| one == "*" || one == tag || without_encoding(one).as_deref() == Some(tag);
    let known =
        given.and_then(|given| given.split(',').map(|one| one.trim().trim_start_matches("W/")).find(|one| names(one)));
    Ok(known.filter(|_| request.method().is_safe()).map(|known| {
        let known = if known == "*" { tag } else { known };
        HttpResponse::NotModified().insert_header((ETAG, known)).finish()
    }))
}

/// `"v7-3f2a9c01"` of `"v7-3f2a9c01-gz"`.
fn without_encoding(tag: &str) -> Option<String> {
    let bare = tag.strip_suffix("-gz\"").or_else(|| tag.strip_suffix("-br\""))?;
    Some(format!("{bare}\""))
}
