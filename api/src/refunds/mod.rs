//! Refunds: what money goes back, why, and for which lines.
//!
//! `plan` says what a refund comes to, `request` writes it under the order's lock, `send` asks Stripe, `apply` takes
//! over what Stripe says, `import` what others refunded there. Tax follows in [`crate::tax::reverse`].

pub mod admin;
pub mod apply;
pub mod import;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod read;
pub mod request;
pub mod routes;
pub mod send;
