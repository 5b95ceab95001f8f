//! What shipping costs: rates by zone, and within a zone by weight or by the value of the goods.

pub mod admin;
pub mod model;
pub mod table;
pub mod zones;
