//! What shipping costs: rates by zone, and within a zone by weight or by the value of the goods.

pub mod admin;
pub mod model;
pub mod offers;
pub mod pack;
pub mod question;
pub mod settings;
pub mod settings_admin;
pub mod table;
pub mod zones;
