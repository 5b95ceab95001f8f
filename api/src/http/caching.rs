//! What shoppers' browsers and shared caches may keep of the catalogue (RFC 9111, RFC 5861), and a strong tag per
//! encoding (RFC 9110, 8.8.3.3).

use std::io::Write as _;
use std::sync::OnceLock;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, ETAG, Encoding, Header as _,
    HeaderValue, LINK, LOCATION, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use brotli::enc::BrotliEncoderParams;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::error::Result;
use crate::http::pagination::Page;
use crate::http::{etag, pagination};
use crate::locale::{self, Locale};

/// Fresh for five seconds; for a minute after that shown while a new one is fetched.
const PUBLIC: &str = "public, max-age=5, stale-while-revalidate=60";

/// The encodings that answers are kept in, the preferred first.
const ENCODINGS: [Encoding; 3] = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];

/// How hard Brotli tries (0 to 11): above this it takes several times as long for a few hundredths less.
const BROTLI_QUALITY: i32 = 4;

/// An answer of the catalogue that is ready to send: its bytes, made once in each encoding that is asked for, and its
/// headers.
#[derive(Debug)]
pub struct Prepared {
    body: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
    tag: String,
    language: Option<HeaderValue>,
    link: Option<HeaderValue>,
}

impl Prepared {
    /// An answer with the version of what it shows, and the language it is in.
    ///
    /// # Errors
    /// When it is not JSON, which is a defect.
    pub fn new<T: Serialize>(version: i64, locale: &Locale, body: &T) -> Result<Self> {
        let (tag, body) = etag::tagged(version, body)?;
        let language = HeaderValue::from_str(locale.as_str()).ok();
        Ok(Self { body: body.into(), gzip: OnceLock::new(), brotli: OnceLock::new(), tag, language, link: None })
    }

    /// The same with the `Link` to the next page.
    #[must_use]
    pub fn with_next(mut self, request: &HttpRequest, page: &Page) -> Self {
        self.link = pagination::link(request, page).and_then(|link| HeaderValue::from_str(&link).ok());
        self
    }

    /// How many bytes it takes at most, whatever is asked for.
    #[must_use]
    pub fn size(&self) -> usize {
        2 * self.body.len() + self.tag.len() + self.link.as_ref().map_or(0, HeaderValue::len) + size_of::<Self>()
    }

    /// The answer in the encoding that the client likes best, or 304.
    ///
    /// # Errors
    /// `invalid_header` for an unreadable `If-None-Match`.
    pub fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let mut response = match etag::unchanged(request, &self.tag)? {
            Some(unchanged) => unchanged,
            None => self.full(request),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(PUBLIC));
        for (name, value) in [(CONTENT_LANGUAGE, &self.language), (LINK, &self.link)] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        Ok(response)
    }

    fn full(&self, request: &HttpRequest) -> HttpResponse {
        let (encoding, body) = match preferred(request) {
            Some(encoding) if encoding == Encoding::brotli() => {
                (Some("br"), self.brotli.get_or_init(|| self.by_brotli()))
            }
            Some(encoding) if encoding == Encoding::gzip() => (Some("gzip"), self.gzip.get_or_init(|| self.by_gzip())),
            Some(_) | None => (None, &self.body),
        };
        let mut answer = HttpResponse::Ok();
        answer.insert_header((ETAG, self.tag.as_str())).content_type("application/json");
        if let Some(encoding) = encoding {
            answer.insert_header((CONTENT_ENCODING, encoding));
        }
        answer.body(body.clone())
    }

    fn by_brotli(&self) -> Bytes {
        let params = BrotliEncoderParams { quality: BROTLI_QUALITY, ..BrotliEncoderParams::default() };
        let mut encoded = Vec::new();
        // Writing into memory does not fail.
        let _ = brotli::BrotliCompress(&mut self.body.as_ref(), &mut encoded, &params);
        encoded.into()
    }

    fn by_gzip(&self) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        // Writing into memory does not fail.
        let _ = encoder.write_all(&self.body);
        encoder.finish().unwrap_or_default().into()
    }
}

/// The encoding to answer in; `None` for a client that names none.
fn preferred(request: &HttpRequest) -> Option<Encoding> {
    request.headers().get(ACCEPT_ENCODING)?;
    AcceptEncoding::parse(request).ok()?.negotiate(ENCODINGS.iter())
}

/// What an answer of the catalogue is kept under: what was asked for, and the language that the client likes best.
#[must_use]
pub fn key(request: &HttpRequest, shop: &[Locale]) -> String {
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    format!("{} {asked}", locale::negotiate(None, request, shop))
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
