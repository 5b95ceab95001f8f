//! Webhooks of providers: verified over the raw bytes, stored before the 200, processed by the worker.

pub mod admin;
pub mod attempt_admin;
pub mod attempts;
pub mod catch_up;
mod door;
pub mod drift;
pub mod events;
pub mod inbox;
mod masking;
pub mod process;
pub mod routes;
pub mod setup;
pub mod shippo;
pub mod watch;

pub use door::Door;

use crate::db::text_enum;

/// Whose events come in.
const PROVIDERS: [&str; 2] = [routes::PROVIDER, shippo::PROVIDER];

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
        /// Given up by staff.
        Discarded => "discarded",
    }
}

text_enum! {
    /// How an event came.
    EventSource {
        /// It was delivered.
        Webhook => "webhook",
        /// It was found in the provider's list of events.
        CatchUp => "catch_up",
    }
}

text_enum! {
    /// Why an event has no effect.
    IgnoredBecause {
        /// Its type is none that we want to hear of.
        UnknownType => "unknown_type",
        /// Another event says the same.
        NotNeeded => "not_needed",
        /// It is of live mode and our key of test mode, or the reverse.
        OtherMode => "other_mode",
        /// It is about nothing of this shop.
        NotOurs => "not_ours",
        /// It names an order of ours that was not known after an hour.
        OrderUnknown => "order_unknown",
    }
}
