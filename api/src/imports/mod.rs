//! Shopify's product CSV in both directions. A product is imported whole or not at all; rows are reported one by one.

mod apply;
mod build;
mod cells;
pub mod columns;
mod draft;
pub mod export;
pub mod export_routes;
mod file;
pub mod model;
pub mod routes;
pub mod run;
mod upload;
