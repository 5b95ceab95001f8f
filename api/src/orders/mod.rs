//! Orders: what was bought, as it was when it was bought.

pub mod admin;
pub mod model;
pub mod read;
pub mod routes;
pub mod timeline;
