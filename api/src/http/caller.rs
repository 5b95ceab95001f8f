//! Who sends a request to the open endpoints: a browser, or a storefront's server under its key (AMENDMENTS 8).
//!
//! A storefront that renders on a server sends every shopper's requests from one address. With a storefront key it may
//! name the shopper's own in `X-Buyer-Address`; limits then count for that one, and the key has a ceiling of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

use crate::app::App;
use crate::error::{Code, Error, FieldError, Result};
use crate::http::client_address::client_address;
use crate::http::extract::header;
use crate::ids::ApiKeyId;
use crate::staff::api_keys::{self, STOREFRONT_PREFIX, Scope};
use crate::tokens;

/// How long a key's answer is remembered; a revoked key works no longer than this.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The most keys that are remembered.
const MOST_REMEMBERED: usize = 1000;

/// Where a request comes from, as far as limits go.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The storefront key, if there is one.
    pub key: Option<ApiKeyId>,
    /// The shopper's address; `None` for a storefront's server that does not name it.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// The caller of a request that passed [`identify`].
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().copied().unwrap_or(Self { key: None, address: None })
    }
}

/// Storefront keys that were looked up a moment ago, so that a busy storefront costs no query per request.
#[derive(Default)]
pub struct KnownKeys(Mutex<HashMap<Vec<u8>, (Instant, ApiKeyId)>>);

impl KnownKeys {
    fn get(&self, hash: &[u8]) -> Option<ApiKeyId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, key)| *key)
    }

    fn put(&self, hash: Vec<u8>, key: ApiKeyId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(hash, (Instant::now(), key));
    }
}

/// Says who calls, for the limits behind; a wrong storefront key is refused here.
///
/// # Errors
/// Only what the inner service answers.
pub async fn identify<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if request.path().starts_with("/v1/webhooks/") {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    match read(request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => {
            let response = error.error_response();
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

async fn read(request: &HttpRequest) -> Result<Caller> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| Error::Internal("no app".to_owned()))?;
    let peer = client_address(request, &app.config.trusted_proxies);
    let bearer = header(request, AUTHORIZATION.as_str())?.and_then(bearer_token).unwrap_or_default();
    // Staff call for themselves, so what a storefront says of its shoppers is no word about them.
    if !bearer.starts_with(STOREFRONT_PREFIX) || request.path().starts_with("/v1/admin/") {
        return Ok(Caller { key: None, address: Some(peer) });
    }
    let hash = tokens::sha256(bearer.as_bytes());
    let key = match app.known_keys.get(&hash) {
        Some(key) => key,
        None => {
            // Guessing costs the guesser's limit, and the database is asked no more often than that allows.
            app.limits.request_from(peer)?;
            let mut conn = app.connection().await?;
            let found = api_keys::find(&mut conn, bearer, app.clock.now()).await?;
            let key = found.filter(|(_, _, scopes)| scopes.contains(&Scope::Storefront)).map(|(key, ..)| key);
            let key = key.ok_or_else(|| {
                Error::problem(Code::Unauthenticated, "This storefront key does not exist, is expired, or was revoked.")
            })?;
            app.known_keys.put(hash, key);
            key
        }
    };
    let address = header(request, "X-Buyer-Address")?.map(|address| address.trim().parse::<IpAddr>()).transpose();
    let address =
        address.map_err(|error| {
            let detail = format!("must be the shopper's IP address: {error}");
            Error::problem(Code::InvalidHeader, format!("`X-Buyer-Address` {detail}."))
                .with_errors(vec![FieldError::new("header:X-Buyer-Address", "invalid", detail)])
        })?;
    Ok(Caller { key: Some(key), address })
}

/// The token of `Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
pub(super) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
