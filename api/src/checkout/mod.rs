//! The checkout: from a cart to a paid order. Its rules are in docs/ARCHITECTURE.md, "How a checkout flows".
//!
//! One checkout is one order is one Stripe session. Every change of a checkout's state is a compare-and-set in one
//! transaction; stock is released only in the transaction that closes the checkout, after Stripe said that the
//! session can no longer be paid. Locks are taken in this order: idempotency claim, cart, order with its checkout,
//! stock by variant.

pub mod admin;
pub mod advance;
mod apply;
mod chargeable;
mod close;
pub mod create;
mod freeze;
mod holds;
pub mod model;
mod open;
mod order;
mod paid;
mod reserve;
mod review;
pub mod routes;
mod start;
mod stock;

pub use apply::{apply, release};
pub use close::{Closed, close, request_cancel};
pub use review::{dismiss_review, settle_review};
