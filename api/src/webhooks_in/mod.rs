//! Webhooks of providers: verified over the raw bytes, stored before the 200, processed by the worker.

pub mod catch_up;
pub mod inbox;
pub mod process;
pub mod routes;

use crate::db::text_enum;

text_enum! {
    /// What became of an event.
    EventStatus {
        /// Stored, to be processed.
        Pending => "pending",
        /// Took its effect.
        Processed => "processed",
        /// Not about us.
        Ignored => "ignored",
        /// Given up; a person was told.
        Dead => "dead",
    }
}
