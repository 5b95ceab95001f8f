//! Products, variants, prices, pictures; search, filters and facets.

pub mod admin;
pub mod changes;
pub mod facets;
pub mod filter;
pub mod html;
pub mod list;
mod media;
pub mod model;
mod parts;
pub mod patches;
mod prices;
pub mod read;
pub mod ready;
pub mod requests;
pub mod routes;
pub mod search;
pub mod shown;
pub mod slug;
pub mod translate;
pub mod variant_admin;
pub(crate) mod variants;
pub mod write;
