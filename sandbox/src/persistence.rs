//! Keeping the state between starts of `merx dev`, so that a shop finds its sessions again.

use std::path::Path;

use crate::state::Store;

/// The state of an earlier start; empty when there is none or it is unreadable.
pub(crate) fn load(path: &Path) -> Store {
    let Ok(text) = std::fs::read(path) else { return Store::default() };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "the sandbox's state is unreadable; it starts empty");
        Store::default()
    })
}

/// Writes the state when something has happened since the last time.
pub(crate) fn save(store: &mut Store, path: &Path) {
    let mark = (store.changes, store.events.len());
    if mark == store.saved {
        return;
    }
    let fresh = path.with_extension("new");
    let written = serde_json::to_vec(store)
        .map_err(std::io::Error::other)
        .and_then(|bytes| std::fs::write(&fresh, bytes))
        .and_then(|()| std::fs::rename(&fresh, path));
    match written {
        Ok(()) => store.saved = mark,
        Err(error) => tracing::warn!(error = %error, "the sandbox's state could not be saved"),
    }
}
