//! Stripe's API as far as the shop and the official tools need it: which path does what.

pub(crate) mod catalog;
pub(crate) mod chargebacks;
pub(crate) mod charges;
pub(crate) mod checkout;
pub(crate) mod contact;
pub(crate) mod coupons;
pub(crate) mod customers;
pub(crate) mod disputes;
pub(crate) mod event_reads;
pub(crate) mod expansion;
pub(crate) mod listing;
pub(crate) mod payment_intents;
pub(crate) mod payment_methods;
pub(crate) mod payment_pages;
pub(crate) mod payments;
pub(crate) mod promotion_codes;
pub(crate) mod refunds;
pub(crate) mod session_lines;
pub(crate) mod tax;
pub(crate) mod webhook_endpoints;

use serde_json::Value;

use crate::error::{Reply, StripeError};
use crate::params::Params;
use crate::state::{Cause, Store};

/// One authorised request that executes.
#[derive(Debug)]
pub(crate) struct Call {
    /// HTTP method.
    pub(crate) method: String,
    /// Path, starting with `/v1/`.
    pub(crate) path: String,
    /// Form of a POST, query of anything else.
    pub(crate) params: Value,
    /// Time and request, for the events.
    pub(crate) cause: Cause,
    /// Base of the pay page links.
    pub(crate) public_url: String,
    /// Whether a session made now gets a total one unit too high.
    pub(crate) wrong_total: bool,
}

impl Call {
    /// The parameters, to be read with types.
    pub(crate) fn params(&self) -> Params<'_> {
        Params::root(&self.params)
    }

    /// Stripe's answer to a path it does not know.
    pub(crate) fn unrecognized(&self) -> StripeError {
        StripeError::new(
            404,
            "invalid_request_error",
            format!(
                "Unrecognized request URL ({}: {}). Please see https://stripe.com/docs or we can \
                 help at https://support.stripe.com/.",
                self.method, self.path
            ),
        )
    }
}

/// Executes a request.
pub(crate) fn route(store: &mut Store, call: &Call) -> Reply {
    let path = call.path.trim_start_matches("/v1/");
    let segments: Vec<&str> = path.split('/').collect();
    let object = match segments.as_slice() {
        ["checkout", "sessions", rest @ ..] => checkout::route(store, call, rest),
        ["payment_intents", rest @ ..] => payment_intents::route(store, call, rest),
        ["charges", rest @ ..] => charges::route(store, call, rest),
        ["disputes", rest @ ..] => disputes::route(store, call, rest),
        ["refunds", rest @ ..] => refunds::route(store, call, rest),
        ["customers", rest @ ..] => customers::route(store, call, rest),
        ["coupons", rest @ ..] => coupons::route(store, call, rest),
        ["promotion_codes", rest @ ..] => promotion_codes::route(store, call, rest),
        ["tax", rest @ ..] => tax::route(store, call, rest),
        ["products", rest @ ..] => catalog::route_products(store, call, rest),
        ["prices", rest @ ..] => catalog::route_prices(store, call, rest),
        ["payment_methods", rest @ ..] => payment_methods::route(store, call, rest),
        ["payment_pages", rest @ ..] => payment_pages::route(store, call, rest),
        ["webhook_endpoints", rest @ ..] => webhook_endpoints::route(store, call, rest),
        ["events", rest @ ..] => event_reads::route(store, call, rest),
        _ => Err(call.unrecognized()),
    }?;
    expansion::expand(store, object, &call.params())
}
