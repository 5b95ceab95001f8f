//! Events: list and retrieve.

use crate::error::{Reply, StripeError};
use crate::state::Store;
use crate::stripe::listing::Listed;
use crate::stripe::{Call, listing};

/// `/v1/events…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let params = call.params();
            params.only(&[
                "created",
                "delivery_success",
                "ending_before",
                "expand",
                "limit",
                "starting_after",
                "type",
                "types",
            ])?;
            let (kind, kinds) = (params.text("type")?, params.words("types"));
            let delivered = params.boolean("delivery_success")?;
            listing::page(call, store.events.newest_first(), |event| {
                kind.is_none_or(|wanted| event.kind == wanted)
                    && (kinds.is_empty() || kinds.contains(&event.kind))
                    && delivered.is_none_or(|wanted| store.webhooks.was_delivered(event.id()) == wanted)
            })
        }
        ("GET", [id]) => store.events.get(id).map(Listed::shown).ok_or_else(|| StripeError::no_such("event", id)),
        _ => Err(call.unrecognized()),
    }
}
