//! Orders: what was bought, as it was when it was bought.

pub mod admin;
pub mod cancel;
pub mod file;
pub mod fulfillment_status;
pub mod list;
pub mod list_admin;
pub mod model;
pub mod note_admin;
pub mod notes;
pub mod place;
pub mod read;
pub mod review;
pub mod routes;
mod search;
pub mod summary;
pub mod timeline;
