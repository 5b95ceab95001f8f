//! Refunds of labels: asked for, then granted when somebody looks again.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, Outcome, RefundsMode, Refusal, keep, known, paging};

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
    let transaction = depot.refunds.get(id).map(|refund| object::owned(refund, "transaction"));
    if let Some(transaction) = transaction {
        decide(depot, &transaction);
    }
    known(&depot.refunds, id)
}

/// The carrier says whether a transaction is refunded.
pub(super) fn decide(depot: &mut Depot, transaction: &str) {
    let (refund_status, status) = match depot.refunds_mode {
        RefundsMode::Normal => ("SUCCESS", "REFUNDED"),
        RefundsMode::Rejected => ("ERROR", "REFUNDREJECTED"),
    };
    let pending = |object: &&mut Value| object::is(object, "status", "REFUNDPENDING");
    if let Some(found) = depot.transactions.get_mut(transaction).filter(pending) {
        object::set(found, "status", status);
        let refund = depot.refunds.newest_first().find(|refund| object::is(refund, "transaction", transaction));
        let refund = refund.map(|refund| object::owned(refund, "object_id"));
        if let Some(refund) = refund.and_then(|id| depot.refunds.get_mut(&id)) {
            object::set(refund, "status", refund_status);
        }
    }
}

/// `GET /refunds`, newest first.
pub(super) fn list(depot: &Depot, call: &Call) -> Outcome {
    let rows: Vec<Value> = depot.refunds.newest_first().cloned().collect();
    paging::page(call, rows)
}
