//! Discounts: codes and automatic promotions, what they give, and how often they were used.
//!
//! [`apply`] is pure: it says what a cart's discounts give to each line and to the shipping.

pub mod admin;
pub mod apply;
pub mod code_admin;
pub mod codes;
pub mod import;
pub mod load;
pub mod model;
pub mod read;
pub mod requests;
pub mod uses;
pub mod write;
