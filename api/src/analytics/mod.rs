//! What the shop sold and gave back, over time. See docs/ANALYTICS.md for what each figure means.
//!
//! Views in the database say what is counted; [`roll_up`] keeps their sums. What is not rolled up yet is added when it is
//! asked for, so that every answer is exact.

mod convert;
pub mod files;
mod funnel;
mod inventory;
pub mod metrics;
mod period;
mod products;
pub mod record;
pub mod roll_up;
pub mod routes;
mod series;
mod shapes;
mod sums;
mod table;
