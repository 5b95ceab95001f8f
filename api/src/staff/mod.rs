//! Staff: for now, API keys with scopes.

pub mod api_keys;
