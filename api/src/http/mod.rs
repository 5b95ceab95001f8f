//! HTTP: everything that every endpoint shares. Handlers live with their domains.

pub mod auth;
pub mod caching;
pub mod caller;
pub mod client_address;
pub mod csv;
pub mod dashboard;
pub mod document;
pub mod etag;
pub mod extract;
pub mod html;
pub mod idempotency;
pub mod metrics;
pub mod openapi;
pub mod operation;
pub mod pagination;
pub mod patch;
pub mod problem;
pub mod rate_limit;
pub mod request_log;
pub mod router;
pub mod server;
pub mod session_cookie;
pub mod shared_limits;
mod strict;
