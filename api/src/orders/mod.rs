//! Orders: what was bought, as it was when it was bought.

pub mod admin;
pub mod cancel;
pub mod fulfillment_status;
pub mod model;
pub mod read;
pub mod review;
pub mod routes;
pub mod timeline;
