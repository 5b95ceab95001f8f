//! One try: a request signed after Standard Webhooks, and what the receiver said.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::address::{self, Guard};
use crate::tokens::hmac_sha256;

/// How much of an answer's body is kept, in bytes.
const KEPT_BODY: usize = 1024;

/// The longest pause that a receiver is granted.
const LONGEST_PAUSE: u64 = 24 * 3600;

/// What is sent.
pub struct Message {
    /// `webhook-id`: the event's id, the same at each try.
    pub id: String,
    /// JSON.
    pub body: String,
    /// The keys to sign with.
    pub secrets: Vec<[u8; 32]>,
}

/// What the receiver said, or why nothing was heard of it.
#[derive(Debug, Clone)]
pub struct Said {
    /// The status of its answer.
    pub http_status: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// Why there is no answer.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub body: Option<String>,
    /// After how many seconds it wants to be asked again.
    pub retry_after: Option<u64>,
}

impl Said {
    /// Nothing was heard of it.
    #[must_use]
    pub const fn failed(error: String) -> Self {
        Self { http_status: None, latency_ms: 0, error: Some(error), body: None, retry_after: None }
    }

    /// Whether it took the event.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether it wants nothing any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.http_status == Some(410)
    }
}

/// Sends webhooks: no redirects, no proxy of the environment, public addresses only.
#[derive(Debug)]
pub struct Sender {
    allow_private: bool,
    timeout: Duration,
    /// Made at the first use: a process that delivers nothing reads no root certificates for it.
    http: OnceLock<Result<reqwest::Client, String>>,
}

impl Sender {
    /// A sender; opens no connection yet.
    #[must_use]
    pub const fn new(allow_private: bool, timeout: Duration) -> Self {
        Self { allow_private, timeout, http: OnceLock::new() }
    }

    /// Reads an endpoint's address.
    ///
    /// # Errors
    /// Says what is wrong, as the end of a sentence about the address.
    pub fn check(&self, url: &str) -> Result<reqwest::Url, String> {
        address::check(url, self.allow_private)
    }

    /// Sends a message once, and hears what the receiver says.
    pub async fn send(&self, url: &str, message: &Message, now: DateTime<Utc>) -> Said {
        let started = Instant::now();
        let outcome = self.try_send(url, message, now).await;
        let latency_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        match outcome {
            Ok((http_status, headers, body)) => Said {
                http_status: Some(http_status),
                latency_ms,
                error: None,
                body: Some(body),
                retry_after: retry_after(&headers, now),
            },
            Err(error) => Said { latency_ms, ..Said::failed(error) },
        }
    }

    async fn try_send(
        &self,
        url: &str,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Result<(u16, HeaderMap, String), String> {
        // Read anew: what is allowed may have changed since the endpoint was made.
        let url = self.check(url).map_err(|wrong| format!("the address {wrong}"))?;
        let http = self.http.get_or_init(|| self.client()).as_ref().map_err(Clone::clone)?;
        let timestamp = now.timestamp();
        let mut answer = http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures(message, timestamp))
            .body(message.body.clone())
            .send()
            .await
            .map_err(|error| self.reason(error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while body.len() < KEPT_BODY {
            // The status is what counts: a body that breaks off is kept as far as it came.
            let Ok(Some(chunk)) = answer.chunk().await else { break };
            body.extend_from_slice(&chunk);
        }
        body.truncate(KEPT_BODY);
        // PostgreSQL keeps no NUL.
        Ok((status, headers, String::from_utf8_lossy(&body).replace('\0', "\u{fffd}")))
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        reqwest::Client::builder()
            .timeout(self.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Guard { allow_private: self.allow_private })
            .user_agent(concat!("merx/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("the HTTP client cannot start: {error}"))
    }

    /// The innermost cause, which says most.
    fn reason(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} ms", self.timeout.as_millis());
        }
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = inner.to_string();
            cause = inner.source();
        }
        reason.replace('\0', "\u{fffd}")
    }
}

/// `v1,` and the HMAC-SHA256 of id, time and body in base64, for each key.
fn signatures(message: &Message, timestamp: i64) -> String {
    let (id, timestamp) = (message.id.as_bytes(), timestamp.to_string());
    let parts: [&[u8]; 5] = [id, b".", timestamp.as_bytes(), b".", message.body.as_bytes()];
    let signed = message.secrets.iter().map(|key| format!("v1,{}", STANDARD.encode(hmac_sha256(key, &parts))));
    signed.collect::<Vec<_>>().join(" ")
}

/// `Retry-After` in seconds, given as such or as a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = text.parse().ok().or_else(|| {
        let until = DateTime::parse_from_rfc2822(text).ok()?;
        u64::try_from((until.with_timezone(&Utc) - now).num_seconds()).ok()
    })?;
    Some(seconds.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's own libraries.
    #[test]
    fn the_specification_s_example_is_signed_alike() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let parts: [&[u8]; 1] = [b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"];
        let signature = STANDARD.encode(hmac_sha256(&secret, &parts));
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_pause_is_read_in_seconds_or_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-25T12:00:00Z").unwrap().with_timezone(&Utc);
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Wed, 25 Nov 2026 12:02:00 GMT"), Some(120));
        assert_eq!(read("99999999"), Some(LONGEST_PAUSE));
        assert_eq!((read("soon"), read("Wed, 25 Nov 2020 12:02:00 GMT")), (None, None));
    }
}
