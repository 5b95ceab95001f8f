//! Stripe through [`Outbound`]: what its requests look like and what its answers prove.
//!
//! It implements async-stripe's `StripeClient`, so its typed requests run through here.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Bytes;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, RequestBuilder, RequestStrategy, StripeClient, StripeClientErr,
    StripeMethod,
};

use crate::config::{OutboundConfig, StripeConfig};
use crate::outbound::{Answer, Call, Failure, Governor, Outbound, ProviderError, header};

/// Stripe, reached with our key. Payments and tax have circuits of their own: one may be down without the other.
pub struct Stripe {
    config: StripeConfig,
    payments: Outbound,
    tax: Outbound,
}

impl Stripe {
    /// A client; opens no connection yet.
    #[must_use]
    pub fn new(config: &StripeConfig, http: &reqwest::Client, outbound: &OutboundConfig) -> Self {
        let governor = Arc::new(Governor::new(config.requests_per_second, config.requests_per_second_per_endpoint));
        Self {
            config: config.clone(),
            payments: Outbound::new("stripe", http, outbound, Arc::clone(&governor)),
            tax: Outbound::new("stripe_tax", http, outbound, governor),
        }
    }

    /// Whether the key is of live mode; events of the other mode are not ours.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.config.is_live
    }

    /// The ways to Stripe, for metrics and health.
    #[must_use]
    pub fn ways(&self) -> [&Outbound; 2] {
        [&self.payments, &self.tax]
    }

    /// Sends a request and reads the answer as a document, for what async-stripe has no type for.
    pub(super) async fn document(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<serde_json::Value, ProviderError> {
        self.read(request, key, deadline).await.map(|(document, _)| document)
    }

    /// Sends a request and reads the answer by a type of ours; whether that was stored before.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<(T, bool), ProviderError> {
        let (bytes, was_replayed) = self.send(request, key, deadline).await?;
        let answer = serde_json::from_slice(&bytes).map_err(ProviderError::deserialize_err)?;
        Ok((answer, was_replayed))
    }

    /// The answer's body, and whether it was stored before.
    async fn send(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<(Bytes, bool), ProviderError> {
        let mut url = format!("{}/v1{}", self.config.api_base, request.path);
        if let Some(query) = request.query.as_deref().filter(|query| !query.is_empty()) {
            url = format!("{url}?{query}");
        }
        let method = match request.method {
            StripeMethod::Get => reqwest::Method::GET,
            StripeMethod::Post => reqwest::Method::POST,
            StripeMethod::Delete => reqwest::Method::DELETE,
        };
        let mut headers = vec![
            ("Authorization", format!("Bearer {}", self.config.secret_key.expose_secret())),
            ("Stripe-Version", stripe_client_core::VERSION.as_str().to_owned()),
        ];
        headers.extend(key.map(|key| ("Idempotency-Key", key.to_owned())));
        let call = Call {
            endpoint: endpoint(&method, &request.path),
            repeatable: key.is_some() || method != reqwest::Method::POST,
            method,
            url,
            headers,
            body: request.body.clone().map(|body| ("application/x-www-form-urlencoded", body)),
            deadline,
        };
        let way = if request.path.starts_with("/tax/") { &self.tax } else { &self.payments };
        way.send(&call, read).await
    }
}

/// A path without ids: `POST /checkout/sessions/expire`.
fn endpoint(method: &reqwest::Method, path: &str) -> String {
    let is_name = |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).filter(is_name).collect();
    format!("{method} /{}", names.join("/"))
}

/// What an answer means (PROTOCOL.md 9, CONTRACTS §2.5).
fn read(answer: Answer) -> Result<(Bytes, bool), Failure> {
    let is_replay = header(&answer.headers, "idempotent-replayed") == Some("true");
    if (200..300).contains(&answer.status) {
        return Ok((answer.body, is_replay));
    }
    let status = answer.status;
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let member = |name: &str| document.pointer(&format!("/error/{name}")).and_then(serde_json::Value::as_str);
    let (kind, code) = (member("type").unwrap_or_default(), member("code").map(str::to_owned));
    let message = without_addresses(member("message").unwrap_or("no message"));
    let request = header(&answer.headers, "request-id").unwrap_or("no request id");
    let mut failure = Failure::of_status(status, &answer.headers, ProviderError::unknown(""));
    failure.error = match status {
        429 => ProviderError::RateLimited { retry_after: failure.wait.map_or(2, |wait| wait.as_secs()) },
        401 | 403 => ProviderError::Unauthorized(format!("{message} ({request})")),
        404 => ProviderError::NotFound(message),
        400..=499 if status != 409 && matches!(kind, "invalid_request_error" | "card_error") => {
            ProviderError::Rejected { code, public_message: message }
        }
        _ => ProviderError::Unknown {
            message: format!("HTTP {status} {kind}: {message} ({request})"),
            stored: status >= 500 && is_replay,
        },
    };
    failure.retry = match header(&answer.headers, "stripe-should-retry") {
        Some("true") => true,
        Some("false") => false,
        Some(_) | None => failure.retry && !(status >= 500 && is_replay),
    };
    Err(failure)
}

/// Runs a call under a key of ours.
pub(super) fn idempotent(key: &str) -> Result<RequestStrategy, ProviderError> {
    IdempotencyKey::new(key)
        .map(RequestStrategy::Idempotent)
        .map_err(|error| ProviderError::Unavailable(format!("the idempotency key `{key}` is not valid: {error}")))
}

impl StripeClientErr for ProviderError {
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::unknown(format!("the answer could not be read: {message}"))
    }
}

impl StripeClient for Stripe {
    type Err = ProviderError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, ProviderError> {
        let (request, options) = request.into_pieces();
        let key = options.request_strategy.as_ref().and_then(RequestStrategy::get_key);
        self.send(&request, key.as_ref().map(|key| key.as_str()), None).await.map(|(body, _)| body)
    }
}

/// A message of Stripe's without the e-mail addresses that it repeats: it gets into logs and alerts.
fn without_addresses(message: &str) -> String {
    let words = message.split(' ').map(|word| if word.contains('@') { "(an e-mail address)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
