//! Calls to providers, all in one place: pooled connections, timeouts, keys, retries within a budget, a governor, a
//! circuit breaker, counts. What an answer means is for the provider's own adapter to say.

mod breaker;
pub mod budget;
mod governor;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use breaker::Breaker;
pub use governor::{Governor, Work, background};

use crate::config::OutboundConfig;

/// Tries of one call, the first included (AMENDMENTS 6).
const MOST_TRIES: u32 = 3;

/// The longest wait between two tries, as in Stripe's own SDKs.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Why a provider's call has no good answer, and so what is known about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// The request was executed and refused: it is certainly not done.
    #[error("refused: {public_message} ({})", .code.as_deref().unwrap_or("no code"))]
    Rejected {
        /// The provider's code.
        code: Option<String>,
        /// Fit for the shopper or the developer of the shop.
        public_message: String,
    },
    /// Our credentials do not work; says nothing about other requests under the same key.
    #[error("credentials refused: {0}")]
    Unauthorized(String),
    /// The provider does not know the object.
    #[error("not found: {0}")]
    NotFound(String),
    /// Too many requests; not executed.
    #[error("rate limited")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// It was certainly not sent.
    #[error("not sent: {0}")]
    Unavailable(String),
    /// It may have been done.
    #[error("unknown: {message}")]
    Unknown {
        /// For the log.
        message: String,
        /// The provider stored this failure under the idempotency key and replays it: asking again is no use.
        stored: bool,
    },
}

impl ProviderError {
    /// Nobody can tell what became of the call.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::Unknown { message: message.into(), stored: false }
    }
}

/// One try's failure and whether another try may help.
#[derive(Debug)]
pub struct Failure {
    /// What is known.
    pub error: ProviderError,
    /// Whether another try may help.
    pub retry: bool,
    /// What the provider asks to wait.
    pub wait: Option<Duration>,
}

impl Failure {
    /// From an HTTP error status: worth another try when the server is at fault or busy.
    #[must_use]
    pub fn of_status(status: u16, headers: &HeaderMap, error: ProviderError) -> Self {
        let wait = header(headers, RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
        Self { error, retry: matches!(status, 409 | 424 | 429 | 500..), wait: wait.map(Duration::from_secs) }
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A header's text.
#[must_use]
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A request. It has no `Debug`, as its headers carry credentials and its body addresses.
pub struct Call {
    /// HTTP method.
    pub method: reqwest::Method,
    /// The whole address.
    pub url: String,
    /// What is asked, without ids: what limits and counts go by.
    pub endpoint: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, with its content type.
    pub body: Option<(&'static str, String)>,
    /// Whether it may be sent again: it reads, or carries a key.
    pub repeatable: bool,
    /// When its answer is of no use any more; the configured budget when there is none.
    pub deadline: Option<Instant>,
}

/// Calls of a provider since the process started.
#[derive(Debug, Default)]
pub struct Counts {
    /// Answered as hoped.
    pub succeeded: AtomicU64,
    /// Answered with a refusal.
    pub refused: AtomicU64,
    /// Without a usable answer.
    pub failed: AtomicU64,
}

/// A way to one provider.
pub struct Outbound {
    name: &'static str,
    http: reqwest::Client,
    config: OutboundConfig,
    governor: Arc<Governor>,
    breaker: Breaker,
    counts: Counts,
}

/// The one HTTP client of the process: each would read the machine's root certificates for itself.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client(config: &OutboundConfig) -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .timeout(config.timeout)
        .connect_timeout(config.timeout.min(Duration::from_secs(5)))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("merx/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("The HTTP client cannot start: {error}."))
}

impl Outbound {
    /// A way to a provider; opens no connection yet.
    #[must_use]
    pub fn new(name: &'static str, http: &reqwest::Client, config: &OutboundConfig, governor: Arc<Governor>) -> Self {
        let breaker = Breaker::new(config.breaker_failures, config.breaker_pause);
        Self { name, http: http.clone(), config: config.clone(), governor, breaker, counts: Counts::default() }
    }

    /// The provider's name, for metrics and health.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether calls fail at once for a while, as too many failed in a row.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// Its calls so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Sends a request until it is answered, refused, or out of budget. `read` says what an answer means.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn send<T>(&self, call: &Call, read: impl Fn(Answer) -> Result<T, Failure>) -> Result<T, ProviderError> {
        if !self.breaker.allows() {
            return Err(ProviderError::Unavailable("the circuit is open after too many failures".to_owned()));
        }
        let mut tries = 0;
        let outcome = self.try_often(call, &read, &mut tries).await;
        let silent = matches!(outcome, Err(ProviderError::Unavailable(_) | ProviderError::Unknown { .. }));
        // What was never sent proves nothing about the provider.
        if tries > 0 {
            self.breaker.note(!silent);
        }
        let counter = match &outcome {
            Ok(_) => &self.counts.succeeded,
            Err(ProviderError::Rejected { .. } | ProviderError::NotFound(_)) => &self.counts.refused,
            Err(_) => &self.counts.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    async fn try_often<T>(
        &self,
        call: &Call,
        read: &impl Fn(Answer) -> Result<T, Failure>,
        tries: &mut u32,
    ) -> Result<T, ProviderError> {
        let deadline = call.deadline.unwrap_or(Instant::now() + self.config.budget);
        let left = || deadline.saturating_duration_since(Instant::now());
        loop {
            self.governor.turn(&call.endpoint, left()).await?;
            let left = left();
            if left.is_zero() {
                return Err(ProviderError::Unavailable("there is no time left to ask".to_owned()));
            }
            *tries += 1;
            let failure = match self.try_once(call, left).await.and_then(read) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = failure.wait.unwrap_or_else(|| self.backoff(*tries));
            tracing::warn!(
                provider = self.name, provider.endpoint = call.endpoint, provider.try = *tries, error = %failure.error,
                "A call to a provider failed"
            );
            let fits = Instant::now().checked_add(wait).is_some_and(|then| then < deadline);
            if !failure.retry || !call.repeatable || *tries >= MOST_TRIES || !fits {
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn try_once(&self, call: &Call, left: Duration) -> Result<Answer, Failure> {
        let mut request = self.http.request(call.method.clone(), &call.url).timeout(left.min(self.config.timeout));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some((content_type, body)) = &call.body {
            request = request.header("Content-Type", *content_type).body(body.clone());
        }
        // Without its address: a query may hold an e-mail address, which no log shall hold.
        let lost = |error: reqwest::Error| {
            let error = error.without_url();
            let error = if error.is_connect() {
                ProviderError::Unavailable(error.to_string())
            } else {
                ProviderError::unknown(error.to_string())
            };
            Failure { error, retry: true, wait: None }
        };
        let answer = request.send().await.map_err(lost)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.map_err(lost)?;
        Ok(Answer { status, headers, body })
    }

    fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.config.backoff.saturating_mul(1 << tries.saturating_sub(1).min(10));
        doubled.min(LONGEST_BACKOFF).mul_f64(rand::random_range(0.5..1.0))
    }
}
