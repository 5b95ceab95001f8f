//! Staff: for now, API keys with scopes.

pub mod api_keys;
pub mod key_commands;
