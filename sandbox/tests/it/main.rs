//! Tests of the Stripe side over HTTP, each on a sandbox of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod customers;
mod disputes;
mod lists;
mod payment_intents;
mod persistence;
mod refunds;
mod stand;
