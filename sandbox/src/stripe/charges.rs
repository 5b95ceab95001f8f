//! Charges: read only, as payments make them.

use crate::error::{Reply, StripeError};
use crate::state::Store;
use crate::stripe::{Call, listing};

/// `/v1/charges…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let params = call.params();
            let intent = params.text("payment_intent")?;
            listing::page(call, store.charges.newest_first(), |charge| {
                listing::allows(intent, charge, "payment_intent")
            })
        }
        ("GET", [id]) => store.charges.get(id).cloned().ok_or_else(|| StripeError::no_such("charge", id)),
        _ => Err(call.unrecognized()),
    }
}
