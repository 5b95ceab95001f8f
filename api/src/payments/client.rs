//! Stripe over our pooled HTTP client: timeouts, idempotency keys, retries within a budget, one governor.
//!
//! It implements async-stripe's `StripeClient`, so its typed requests run through here.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::ExposeSecret;
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, RequestBuilder, RequestStrategy, StripeClient, StripeClientErr,
    StripeMethod,
};

use super::ProviderError;
use super::breaker::Breaker;
use crate::config::StripeConfig;

/// How long a call waits for its turn before it is given up, unsent.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tries of one call, the first included (AMENDMENTS 6).
const MOST_TRIES: u32 = 3;

/// The longest wait between two tries, as in Stripe's own SDKs.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Stripe, reached with our key.
pub struct Stripe {
    http: reqwest::Client,
    config: StripeConfig,
    turn: DefaultDirectRateLimiter,
    breaker: Breaker,
}

/// One call, which notes whether its answer was a replay.
pub(super) struct Call<'a> {
    stripe: &'a Stripe,
    replayed: AtomicBool,
}

impl Call<'_> {
    /// Whether Stripe sent a stored answer again.
    pub(super) fn was_replayed(&self) -> bool {
        self.replayed.load(Ordering::Relaxed)
    }
}

/// One try's failure and whether another try may help.
struct Failure {
    error: ProviderError,
    retry: bool,
    wait: Option<Duration>,
}

impl Stripe {
    /// A client; opens no connection yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: &StripeConfig) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout.min(Duration::from_secs(5)))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("merx/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("The HTTP client cannot start: {error}."))?;
        let per_second = NonZeroU32::new(config.requests_per_second).unwrap_or(NonZeroU32::MIN);
        Ok(Self {
            http,
            config: config.clone(),
            turn: RateLimiter::direct(Quota::per_second(per_second)),
            breaker: Breaker::new(config.breaker_failures, config.breaker_pause),
        })
    }

    /// Whether the key is of live mode; events of the other mode are not ours.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.config.is_live
    }

    /// Sends a request and reads the answer as a document, for what async-stripe has no type for.
    pub(super) async fn document(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
    ) -> Result<serde_json::Value, ProviderError> {
        let bytes = self.run(request, key, &AtomicBool::new(false)).await?;
        serde_json::from_slice(&bytes).map_err(ProviderError::deserialize_err)
    }

    pub(super) fn call(&self) -> Call<'_> {
        Call { stripe: self, replayed: AtomicBool::new(false) }
    }

    async fn run(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        replayed: &AtomicBool,
    ) -> Result<Bytes, ProviderError> {
        if !self.breaker.allows() {
            return Err(ProviderError::Unavailable("the circuit is open after too many failures".to_owned()));
        }
        let outcome = self.try_often(request, key, replayed).await;
        let silent = matches!(outcome, Err(ProviderError::Unavailable(_) | ProviderError::Unknown { .. }));
        self.breaker.note(!silent);
        outcome
    }

    async fn try_often(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        replayed: &AtomicBool,
    ) -> Result<Bytes, ProviderError> {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            if tokio::time::timeout(PATIENCE, self.turn.until_ready()).await.is_err() {
                return Err(ProviderError::RateLimited { retry_after: 2 });
            }
            let failure = match self.try_once(request, key, replayed).await {
                Ok(bytes) => return Ok(bytes),
                Err(failure) => failure,
            };
            let wait = failure.wait.unwrap_or_else(|| self.backoff(tries));
            let repeatable = key.is_some() || !matches!(request.method, StripeMethod::Post);
            let fits = started.elapsed() + wait < self.config.budget;
            tracing::warn!(
                stripe.path = request.path, stripe.try = tries, error = %failure.error, "A call to Stripe failed"
            );
            if !failure.retry || !repeatable || tries >= MOST_TRIES || !fits {
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    async fn try_once(
        &self,
        request: &RequestBuilder,
        key: Option<&str>,
        replayed: &AtomicBool,
    ) -> Result<Bytes, Failure> {
        let mut url = format!("{}/v1{}", self.config.api_base, request.path);
        if let Some(query) = request.query.as_deref().filter(|query| !query.is_empty()) {
            url = format!("{url}?{query}");
        }
        let method = match request.method {
            StripeMethod::Get => reqwest::Method::GET,
            StripeMethod::Post => reqwest::Method::POST,
            StripeMethod::Delete => reqwest::Method::DELETE,
        };
        let mut call = self
            .http
            .request(method, url)
            .bearer_auth(self.config.secret_key.expose_secret())
            .header("Stripe-Version", stripe_client_core::VERSION.as_str());
        if let Some(key) = key {
            call = call.header("Idempotency-Key", key);
        }
        if let Some(body) = &request.body {
            call = call.header("Content-Type", "application/x-www-form-urlencoded").body(body.clone());
        }
        let answer = call.send().await.map_err(|error| Failure {
            error: if error.is_connect() {
                ProviderError::Unavailable(error.to_string())
            } else {
                ProviderError::Unknown { message: error.to_string(), stored: false }
            },
            retry: true,
            wait: None,
        })?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let is_replay = text(&headers, "idempotent-replayed") == Some("true");
        let body = answer.bytes().await.map_err(|error| Failure {
            error: ProviderError::Unknown { message: error.to_string(), stored: false },
            retry: true,
            wait: None,
        })?;
        if (200..300).contains(&status) {
            replayed.store(is_replay, Ordering::Relaxed);
            return Ok(body);
        }
        Err(classify(status, &headers, &body, is_replay))
    }

    fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.config.backoff.saturating_mul(1 << tries.saturating_sub(1).min(10));
        doubled.min(LONGEST_BACKOFF).mul_f64(rand::random_range(0.5..1.0))
    }
}

/// Runs a call under a key of ours.
pub(super) fn idempotent(key: &str) -> Result<RequestStrategy, ProviderError> {
    IdempotencyKey::new(key)
        .map(RequestStrategy::Idempotent)
        .map_err(|error| ProviderError::Unavailable(format!("the idempotency key `{key}` is not valid: {error}")))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What an answer that is no success proves (PROTOCOL.md 9, CONTRACTS §2.5).
fn classify(status: u16, headers: &HeaderMap, body: &[u8], is_replay: bool) -> Failure {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| document.pointer(&format!("/error/{name}")).and_then(serde_json::Value::as_str);
    let (kind, code) = (member("type").unwrap_or_default(), member("code").map(str::to_owned));
    let message = member("message").unwrap_or("no message").to_owned();
    let request = text(headers, "request-id").unwrap_or("no request id");
    let wait = text(headers, RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
    let error = match status {
        429 => ProviderError::RateLimited { retry_after: wait.unwrap_or(2) },
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
    let by_status = matches!(status, 409 | 424 | 429 | 500..) && !(status >= 500 && is_replay);
    let retry = match text(headers, "stripe-should-retry") {
        Some("true") => true,
        Some("false") => false,
        Some(_) | None => by_status,
    };
    Failure { error, retry, wait: wait.map(Duration::from_secs) }
}

impl StripeClientErr for ProviderError {
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::Unknown { message: format!("the answer could not be read: {message}"), stored: false }
    }
}

impl StripeClient for Call<'_> {
    type Err = ProviderError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, ProviderError> {
        let (request, options) = request.into_pieces();
        let key = options.request_strategy.as_ref().and_then(RequestStrategy::get_key);
        self.stripe.run(&request, key.as_ref().map(|key| key.as_str()), &self.replayed).await
    }
}
