//! Disputes: a customer's bank takes the money back until it is decided. What Stripe says is always read anew, as
//! events come in any order.

pub mod admin;
pub mod apply;
pub mod model;
pub mod read;
pub mod tax;
