//! Payments: what we need of Stripe, in our own terms. Every `stripe_*` type stays inside this folder.
//!
//! The seam is [`Stripe`] and [`SessionView`]; errors say what is known of a call ([`ProviderError`]).

mod account;
mod client;
mod coupon;
mod currency;
mod customer;
mod dispute;
mod event;
mod promotion;
mod refund;
mod request;
mod session;
mod signature;
mod tax;
mod tax_reversal;

pub use crate::outbound::ProviderError;
pub use account::{TaxAccount, WebhookEndpoint};
pub use client::Stripe;
pub use coupon::freeze_coupon;
pub use currency::{minimum_charge, smallest_charge_step, to_stripe};
pub use customer::NewStripeCustomer;
pub use dispute::DisputeView;
pub use event::EventEnvelope;
pub use promotion::PromotionCode;
pub use refund::{RefundOutcome, RefundView};
pub use request::{NewSession, SessionAddress, SessionLine, freeze};
pub use session::{Create, SessionView, Standing};
pub use signature::{SignatureError, verify};
pub use tax_reversal::{ReversedLine, ReversedTax};
