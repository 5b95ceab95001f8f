//! Collections: products that belong together.

pub mod admin;
pub mod model;
pub mod read;
pub mod routes;
pub mod write;
