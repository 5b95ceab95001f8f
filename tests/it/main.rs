//! Tests of the running service over HTTP, each on a database of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![expect(clippy::too_many_lines, reason = "a test is one story")]

mod account_mail;
mod browse;
mod cancellation;
mod carts;
mod catalogue;
mod checkout;
mod clients;
mod contract;
mod conventions;
mod crashes;
mod currencies;
mod customer_carts;
mod customer_sessions;
mod customers;
mod development;
mod discounts;
mod disputes;
mod expiry;
mod fuzz;
mod harness;
mod holds;
mod hostile;
mod idempotency;
mod imports;
mod jobs;
mod limits;
mod live;
mod matrix;
mod model;
mod operation;
mod outage;
mod providers;
mod races;
mod recovery;
mod refunds;
mod shipping;
mod shippo;
mod storefront;
mod sums;
mod tax;
mod webhooks;
