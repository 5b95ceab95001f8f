//! Refunds: never more than was captured; their status moves by the control side.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id, nulls};
use crate::state::{Cause, Store};
use crate::stripe::{Call, disputes, listing};

/// `/v1/refunds…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => list(store, call),
        ("GET", [id]) => store.refunds.get(id).cloned().ok_or_else(|| StripeError::no_such("refund", id)),
        ("POST", [id]) => update(store, call, id),
        ("POST", [id, "cancel"]) => cancel(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

fn list(store: &Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&["charge", "created", "ending_before", "expand", "limit", "payment_intent", "starting_after"])?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    listing::page(call, store.refunds.newest_first(), |refund| {
        listing::allows(charge, refund, "charge") && listing::allows(intent, refund, "payment_intent")
    })
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&[
        "amount",
        "charge",
        "currency",
        "expand",
        "instructions_email",
        "metadata",
        "payment_intent",
        "reason",
    ])?;
    let charge = charge_of(store, call)?;
    let (charge_id, captured) = (object::owned(&charge, "id"), object::integer(&charge, "amount_captured"));
    let left = captured.saturating_sub(object::integer(&charge, "amount_refunded"));
    if left == 0 {
        return Err(StripeError::invalid(format!("Charge {charge_id} has already been refunded."))
            .code("charge_already_refunded"));
    }
    let amount = params.at_least("amount", 1)?.unwrap_or(left);
    if amount > left {
        return Err(StripeError::invalid(format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        ))
        .param("amount"));
    }
    let reason = params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let status = store.refund_start.as_str();
    let id = fresh_id("re");
    let mut refund = nulls(&[
        "balance_transaction",
        "customer",
        "customer_account",
        "payment_method",
        "receipt_number",
        "source_transfer_reversal",
        "transfer_reversal",
    ]);
    object::merge(
        &mut refund,
        json!({
            "id": id,
            "object": "refund",
            "amount": amount,
            "charge": charge_id,
            "created": call.cause.now,
            "currency": charge.get("currency"),
            "destination_details": {"card": {"type": "refund", "reference_status": "pending"}, "type": "card"},
            "metadata": params.metadata()?,
            "payment_intent": charge.get("payment_intent"),
            "reason": reason,
            "status": status,
        }),
    );
    store.refunds.insert(refund.clone());
    take_back(store, &charge_id, amount);
    store.emit("refund.created", &id, &call.cause);
    store.emit("charge.refunded", &charge_id, &call.cause);
    Ok(refund)
}

/// The charge to refund, unless a dispute bars that.
fn charge_of(store: &Store, call: &Call) -> Reply {
    let params = call.params();
    let charge_id = match (params.text("charge")?, params.text("payment_intent")?) {
        (Some(_), Some(_)) => return Err(StripeError::exclusive(&["charge", "payment_intent"])),
        (Some(id), None) => id.to_owned(),
        (None, Some(id)) => {
            let intent = store
                .payment_intents
                .get(id)
                .ok_or_else(|| StripeError::dangling("payment_intent", id, "payment_intent"))?;
            if !object::is(intent, "status", "succeeded") {
                return Err(StripeError::invalid("This PaymentIntent does not have a successful charge to refund.")
                    .param("payment_intent"));
            }
            object::owned(intent, "latest_charge")
        }
        (None, None) => return Err(StripeError::missing("payment_intent")),
    };
    if disputes::bars_refund(store, &charge_id) {
        return Err(StripeError::invalid(format!("Charge {charge_id} has been charged back; cannot issue a refund."))
            .code("charge_disputed"));
    }
    store.charges.get(&charge_id).cloned().ok_or_else(|| StripeError::dangling("charge", &charge_id, "charge"))
}

fn take_back(store: &mut Store, charge_id: &str, amount: i64) {
    let Some(charge) = store.charges.get_mut(charge_id) else { return };
    let refunded = object::integer(charge, "amount_refunded").saturating_add(amount);
    let full = refunded == object::integer(charge, "amount_captured");
    object::merge(charge, json!({"amount_refunded": refunded, "refunded": full}));
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    let params = call.params();
    params.only(&["metadata", "expand"])?;
    let metadata = params.metadata()?;
    let refund = store.refunds.get_mut(id).ok_or_else(|| StripeError::no_such("refund", id))?;
    if let Some(present) = refund.get_mut("metadata") {
        object::merge(present, metadata);
    }
    let refund = refund.clone();
    tell_update(store, id, &call.cause);
    Ok(refund)
}

fn cancel(store: &mut Store, call: &Call, id: &str) -> Reply {
    let refund = store.refunds.get(id).ok_or_else(|| StripeError::no_such("refund", id))?;
    if !object::is(refund, "status", "requires_action") {
        return Err(StripeError::invalid("Only refunds with a status of requires_action can be canceled."));
    }
    set_status(store, id, "canceled", &call.cause)
}

/// Moves a refund to another status; a failed or cancelled one gives the money back to the charge.
pub(crate) fn set_status(store: &mut Store, id: &str, status: &str, cause: &Cause) -> Reply {
    let refund = store.refunds.get_mut(id).ok_or_else(|| StripeError::no_such("refund", id))?;
    let was_alive = !matches!(object::text(refund, "status"), Some("failed" | "canceled"));
    if !was_alive {
        return Err(StripeError::invalid("The refund has ended; its status is final."));
    }
    object::set(refund, "status", status);
    if status == "failed" {
        object::set(refund, "failure_reason", "expired_or_canceled_card");
    }
    let refund: Value = refund.clone();
    if matches!(status, "failed" | "canceled") {
        take_back(store, &object::owned(&refund, "charge"), -object::integer(&refund, "amount"));
    }
    tell_update(store, id, cause);
    if status == "failed" {
        store.emit("refund.failed", id, cause);
    }
    Ok(refund)
}

/// The present event, and the older one that Stripe still sends for cards.
fn tell_update(store: &mut Store, id: &str, cause: &Cause) {
    store.emit("refund.updated", id, cause);
    store.emit("charge.refund.updated", id, cause);
}
