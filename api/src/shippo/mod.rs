//! Shippo: what carriers ask for sending parcels, and what they find wrong with an address (CONTRACTS §4).
//!
//! Bodies are JSON with decimal numbers as texts. There are no idempotency keys; asking for rates twice costs nothing but
//! the second answer. Labels cost money: a purchase is sent once, and whoever does not know its answer looks first.

mod labels;
mod rates;
mod shipment;
mod tracks;

use std::sync::Arc;
use std::time::Instant;

use secrecy::ExposeSecret;
use serde_json::Value;

pub use labels::{LabelRate, Transaction, TransactionStatus};
pub use shipment::{AddressCheck, Offer, crosses_border};
pub use tracks::{TrackNews, TrackStatus};

use crate::config::{OutboundConfig, ShippoConfig};
use crate::outbound::{Answer, Call, Failure, Governor, Outbound, ProviderError};

/// The API version that the contract describes.
const VERSION: &str = "2018-02-08";

/// What buys or voids when it is posted to, so that a try whose answer is lost must not be followed by another.
const ONCE: [&str; 2] = ["/transactions", "/refunds"];

/// Shippo, reached with our token.
pub struct Shippo {
    config: ShippoConfig,
    way: Outbound,
}

impl Shippo {
    /// A client; opens no connection yet.
    #[must_use]
    pub fn new(config: &ShippoConfig, http: &reqwest::Client, outbound: &OutboundConfig) -> Self {
        let governor = Governor::new(config.requests_per_second, config.requests_per_second);
        Self { config: config.clone(), way: Outbound::new("shippo", http, outbound, Arc::new(governor)) }
    }

    /// The way to Shippo, for metrics and health.
    #[must_use]
    pub const fn way(&self) -> &Outbound {
        &self.way
    }

    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        endpoint: &str,
        body: Option<&Value>,
        deadline: Option<Instant>,
    ) -> Result<Value, ProviderError> {
        let call = Call {
            repeatable: method != reqwest::Method::POST || !ONCE.contains(&endpoint),
            endpoint: format!("{method} {endpoint}"),
            method,
            url: format!("{}{path}", self.config.api_base),
            headers: vec![
                ("Authorization", format!("ShippoToken {}", self.config.token.expose_secret())),
                ("SHIPPO-API-VERSION", VERSION.to_owned()),
                ("Accept", "application/json".to_owned()),
            ],
            body: body.map(|body| ("application/json", body.to_string())),
            deadline,
        };
        self.way.send(&call, read).await
    }
}

/// What an answer means.
fn read(answer: Answer) -> Result<Value, Failure> {
    let document: Result<Value, serde_json::Error> = serde_json::from_slice(&answer.body);
    let status = answer.status;
    if (200..300).contains(&status) {
        return document.map_err(|error| Failure {
            error: ProviderError::unknown(format!("the answer could not be read: {error}")),
            retry: true,
            wait: None,
        });
    }
    let document = document.unwrap_or_default();
    // Only which members are at fault: their values may be somebody's address.
    let members = || document.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>().join(", "));
    let detail = document.get("detail").and_then(Value::as_str).map(str::to_owned).or_else(members).unwrap_or_default();
    let mut failure = Failure::of_status(status, &answer.headers, ProviderError::unknown(""));
    failure.error = match status {
        429 => ProviderError::RateLimited { retry_after: failure.wait.map_or(2, |wait| wait.as_secs()) },
        401 | 403 => ProviderError::Unauthorized(detail),
        404 => ProviderError::NotFound(detail),
        400..=499 => ProviderError::Rejected { code: None, public_message: detail },
        _ => ProviderError::unknown(format!("HTTP {status}: {detail}")),
    };
    Err(failure)
}
