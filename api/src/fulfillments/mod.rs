//! Fulfillments: which units of an order were sent, and how to follow them.

pub mod admin;
pub mod model;
pub mod read;
pub mod write;
