//! Carts: what a shopper is about to buy. Prices are never copied into a cart; they are looked up at each reading.

pub mod add;
pub mod closed;
pub mod complete;
pub mod delivery;
pub mod discount_codes;
pub mod explain;
pub mod load;
pub mod model;
pub mod price;
pub mod requests;
pub mod routes;
mod rules;
pub mod shape;
pub mod tax;
pub mod write;
