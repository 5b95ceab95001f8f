//! Fulfillments: which units of an order are sent, how to follow them, and where they are.

pub mod admin;
pub mod carriers;
pub mod change;
pub mod model;
pub mod packing_slip;
pub mod read;
pub mod tracker;
pub mod tracking;
pub mod write;
