//! PaymentIntents: read only, as sessions make them.

use crate::error::{Reply, StripeError};
use crate::state::Store;
use crate::stripe::{Call, listing};

/// `/v1/payment_intents…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let params = call.params();
            let customer = params.text("customer")?;
            listing::page(call, store.payment_intents.newest_first(), |intent| {
                listing::allows(customer, intent, "customer")
            })
        }
        ("GET", [id]) => {
            store.payment_intents.get(id).cloned().ok_or_else(|| StripeError::no_such("payment_intent", id))
        }
        _ => Err(call.unrecognized()),
    }
}
