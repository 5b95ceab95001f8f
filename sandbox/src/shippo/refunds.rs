//! Refunds of labels: asked for, then granted when somebody looks again.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, Outcome, Refusal, keep, known, paging};

/// `POST /refunds`
pub(super) fn create(depot: &mut Depot, call: &Call) -> Outcome {
    let mut fields = Fields::of(&call.body);
    let id = fields.required("transaction");
    fields.finish()?;
    let transaction = depot.transactions.get_mut(id).ok_or_else(|| {
        Refusal::field("transaction", &format!("Transaction with supplied object_id {id} not found."))
    })?;
    if !object::is(transaction, "status", "SUCCESS") {
        return Err(Refusal::field(
            "transaction",
            "Only successful transactions that were not refunded can be refunded.",
        ));
    }
    object::set(transaction, "status", "REFUNDPENDING");
    let mut refund = call.fresh_object();
    let status = if call.is_async() { "QUEUED" } else { "PENDING" };
    object::merge(&mut refund, json!({"status": status, "transaction": id}));
    keep(&mut depot.refunds, &refund);
    Ok(refund)
}

/// `GET /refunds/{id}`
pub(super) fn read(depot: &mut Depot, id: &str) -> Outcome {
    if let Some(refund) = depot.refunds.get_mut(id) {
        object::set(refund, "status", "SUCCESS");
        if let Some(transaction) = depot.transactions.get_mut(&object::owned(refund, "transaction")) {
            object::set(transaction, "status", "REFUNDED");
        }
    }
    known(&depot.refunds, id)
}

/// `GET /refunds`, newest first.
pub(super) fn list(depot: &Depot, call: &Call) -> Outcome {
    let rows: Vec<Value> = depot.refunds.newest_first().cloned().collect();
    paging::page(call, rows)
}
