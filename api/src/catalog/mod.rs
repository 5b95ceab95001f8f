//! Products, variants and prices.

pub mod admin;
pub mod model;
pub mod read;
pub mod requests;
pub mod routes;
pub mod write;
