//! Payments: what we need of Stripe, in our own terms. Every `stripe_*` type stays inside this folder.
//!
//! The seam is [`Stripe`] and [`SessionView`]; errors say what is known of a call ([`ProviderError`]).

mod breaker;
mod client;
mod coupon;
mod currency;
mod event;
mod refund;
mod request;
mod session;
mod signature;

pub use client::Stripe;
pub use coupon::freeze_coupon;
pub use currency::{minimum_charge, smallest_charge_step, to_stripe};
pub use event::EventEnvelope;
pub use refund::{RefundOutcome, RefundView};
pub use request::{NewSession, SessionAddress, SessionLine, freeze};
pub use session::{Create, SessionView, Standing};
pub use signature::{SignatureError, verify};

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
