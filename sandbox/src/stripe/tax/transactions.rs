//! Tax transactions: a calculation becomes a record for the tax office.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::state::Store;
use crate::stripe::tax::Open;
use crate::stripe::{Call, listing};

/// The transaction, or Stripe's 404.
pub(super) fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.tax.transactions.get(id).ok_or_else(|| StripeError::no_such("tax transaction", id))
}

/// Refuses a reference that another transaction has.
pub(super) fn check_reference(store: &Store, reference: &str) -> Result<(), StripeError> {
    if store.tax.references.contains(reference) {
        return Err(StripeError::invalid(format!(
            "A tax transaction with the reference '{reference}' already exists."
        ))
        .code("resource_already_exists")
        .param("reference"));
    }
    Ok(())
}

/// `POST /v1/tax/transactions/create_from_calculation`
pub(super) fn from_calculation(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&["calculation", "expand", "metadata", "posted_at", "reference"])?;
    let calculation_id = params.required_text("calculation")?;
    let reference = params.required_text("reference")?;
    let posted_at = params.integer("posted_at")?.unwrap_or(call.cause.now);
    let metadata = params.metadata()?;
    let calculation = committable(store, calculation_id, call.cause.now, reference)?;
    let id = fresh_id("tax");
    let lines: Vec<Value> =
        store.tax.lines.get(calculation_id).map(Vec::as_slice).unwrap_or_default().iter().map(committed_line).collect();
    for line in &lines {
        store.tax.open.insert(object::owned(line, "id"), amounts(line));
    }
    let shipping_cost = calculation.get("shipping_cost").cloned().unwrap_or_default();
    store.tax.open.insert(id.clone(), amounts(&shipping_cost));
    let mut transaction = json!({
        "id": id,
        "object": "tax.transaction",
        "metadata": metadata,
        "posted_at": posted_at,
        "reference": reference,
        "reversal": null,
        "shipping_cost": shipping_cost,
        "type": "transaction",
    });
    take_over(&mut transaction, &calculation);
    if let Some(breakdown) = store.tax.breakdowns.get(calculation_id).cloned() {
        store.tax.breakdowns.insert(id.clone(), breakdown);
    }
    store.tax.committed.insert(calculation_id.to_owned(), id);
    Ok(record(store, transaction, lines, call.cause.now))
}

fn committable(store: &Store, id: &str, now: i64, reference: &str) -> Reply {
    let calculation =
        store.tax.calculations.get(id).ok_or_else(|| StripeError::dangling("tax calculation", id, "calculation"))?;
    check_reference(store, reference)?;
    if let Some(transaction) = store.tax.committed.get(id) {
        return Err(StripeError::invalid(format!(
            "The calculation {id} was already committed as the transaction {transaction}."
        ))
        .param("calculation"));
    }
    if now >= object::integer(calculation, "expires_at") {
        return Err(StripeError::invalid(format!("The calculation {id} has expired; make a new one."))
            .code("tax_calculation_expired")
            .param("calculation"));
    }
    Ok(calculation.clone())
}

fn committed_line(line: &Value) -> Value {
    let mut committed = json!({
        "id": fresh_id("tax_li"),
        "object": "tax.transaction_line_item",
        "livemode": false,
        "reversal": null,
        "type": "transaction",
    });
    copy(&mut committed, line, &["amount", "amount_tax", "metadata", "product", "quantity", "reference"]);
    copy(&mut committed, line, &["tax_behavior", "tax_code"]);
    committed
}

/// What a line or a shipping cost comes to; nothing for null.
pub(super) fn amounts(part: &Value) -> Open {
    (object::integer(part, "amount"), object::integer(part, "amount_tax"))
}

/// Copies what every transaction shares with the one, or the calculation, that it comes from.
pub(super) fn take_over(transaction: &mut Value, source: &Value) {
    copy(transaction, source, &["currency", "customer", "customer_details", "ship_from_details", "tax_date"]);
}

/// Copies fields.
pub(super) fn copy(target: &mut Value, source: &Value, keys: &[&str]) {
    for key in keys {
        object::set(target, key, source.get(*key).cloned().unwrap_or_default());
    }
}

/// Stores a transaction with its lines and answers it in full.
pub(super) fn record(store: &mut Store, mut transaction: Value, lines: Vec<Value>, now: i64) -> Value {
    let id = object::owned(&transaction, "id");
    let list = listing::list(lines.clone(), false, &format!("/v1/tax/transactions/{id}/line_items"));
    object::merge(&mut transaction, json!({"created": now, "livemode": false, "line_items": list}));
    store.tax.references.insert(object::owned(&transaction, "reference"));
    store.tax.lines.insert(id, lines);
    store.tax.transactions.insert(transaction.clone());
    transaction
}
