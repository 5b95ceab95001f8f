//! Reversals of tax transactions: in full, by lines, by a flat amount; and the reversal of a reversal.
//!
//! `Books::open` says what can still be reversed of each line, so nothing is reversed twice, and
//! reversing a reversal gives back what it took.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::arithmetic;
use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::Call;
use crate::stripe::tax::{Books, Open, transactions};

/// A line of the reversal, with the signs of the answer.
#[derive(Debug)]
struct Part {
    original: Value,
    amounts: Open,
    reference: String,
    quantity: i64,
    metadata: Value,
}

/// All that a reversal reverses.
#[derive(Debug, Default)]
struct Plan {
    parts: Vec<Part>,
    shipping: Option<Open>,
}

/// `POST /v1/tax/transactions/create_reversal`
pub(super) fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&[
        "expand",
        "flat_amount",
        "line_items",
        "metadata",
        "mode",
        "original_transaction",
        "reference",
        "shipping_cost",
    ])?;
    let mode = params.choice("mode", &["full", "partial"])?.ok_or_else(|| StripeError::missing("mode"))?;
    let original_id = params.required_text("original_transaction")?;
    let reference = params.required_text("reference")?;
    let metadata = params.metadata()?;
    let original = store
        .tax
        .transactions
        .get(original_id)
        .cloned()
        .ok_or_else(|| StripeError::dangling("tax transaction", original_id, "original_transaction"))?;
    transactions::check_reference(store, reference)?;
    let plan = if mode == "full" { full(store, &params, &original) } else { partial(store, &params, &original) }?;
    let open = plan.taken(&store.tax, original_id)?;
    store.tax.open.extend(open);
    if object::is(&original, "type", "reversal") {
        store.tax.lifted.insert(original_id.to_owned());
    }
    let id = fresh_id("tax");
    let root = root_of(&store.tax, original_id);
    store.tax.roots.insert(id.clone(), root);
    let lines: Vec<Value> = plan.parts.iter().map(Part::shown).collect();
    for (line, part) in lines.iter().zip(&plan.parts) {
        let root = root_of(&store.tax, &object::owned(&part.original, "id"));
        store.tax.roots.insert(object::owned(line, "id"), root);
    }
    let mut transaction = json!({
        "id": id,
        "object": "tax.transaction",
        "metadata": metadata,
        "posted_at": call.cause.now,
        "reference": reference,
        "reversal": {"original_transaction": original_id},
        "shipping_cost": plan.shipping.map(|amounts| shipping_cost(&original, amounts)),
        "type": "reversal",
    });
    transactions::take_over(&mut transaction, &original);
    Ok(transactions::record(store, transaction, lines, call.cause.now))
}

fn lines_of(store: &Store, transaction: &Value) -> Vec<Value> {
    store.tax.lines.get(&object::owned(transaction, "id")).cloned().unwrap_or_default()
}

fn negated((amount, tax): Open) -> Open {
    (-amount, -tax)
}

/// Everything, of a transaction that nothing was reversed of, or of a reversal that stands.
fn full(store: &Store, params: &Params<'_>, original: &Value) -> Result<Plan, StripeError> {
    if let Some(key) = ["flat_amount", "line_items", "shipping_cost"].into_iter().find(|key| params.has(key)) {
        return Err(StripeError::invalid(format!("You may only specify {key} when mode is partial.")).param(key));
    }
    let id = object::owned(original, "id");
    if store.tax.lifted.contains(&id) {
        return Err(too_much("This reversal was already reversed.", "original_transaction"));
    }
    let is_reversal = object::is(original, "type", "reversal");
    let is_whole = |id: &str, amounts: Open| store.tax.open.get(id).is_none_or(|open| *open == amounts);
    let mut plan = Plan::default();
    for line in lines_of(store, original) {
        let amounts = transactions::amounts(&line);
        if !is_reversal && !is_whole(&object::owned(&line, "id"), amounts) {
            return Err(too_much("The transaction was already reversed, in part or in full.", "original_transaction"));
        }
        plan.parts.push(Part::of(line, negated(amounts)));
    }
    let shipping = original.get("shipping_cost").filter(|cost| cost.is_object()).map(transactions::amounts);
    if let Some(amounts) = shipping.filter(|amounts| !is_reversal && !is_whole(&id, *amounts)) {
        let (amount, _) = amounts;
        return Err(too_much(&format!("The shipping of {amount} was already reversed."), "original_transaction"));
    }
    plan.shipping = shipping.map(negated);
    Ok(plan)
}

fn partial(store: &Store, params: &Params<'_>, original: &Value) -> Result<Plan, StripeError> {
    if object::is(original, "type", "reversal") {
        return Err(StripeError::invalid("A reversal can only be reversed in full.").param("mode"));
    }
    let by_parts = params.has("line_items") || params.has("shipping_cost");
    match params.integer("flat_amount")? {
        Some(_) if by_parts => Err(StripeError::exclusive(&["flat_amount", "line_items", "shipping_cost"])),
        Some(amount) if amount >= 0 => {
            Err(StripeError::invalid("The flat_amount must be negative.").param("flat_amount"))
        }
        Some(amount) => flat(store, original, -amount),
        None if by_parts => parts(store, params, original),
        None => Err(StripeError::missing("line_items")),
    }
}

fn parts(store: &Store, params: &Params<'_>, original: &Value) -> Result<Plan, StripeError> {
    let known = lines_of(store, original);
    let mut plan = Plan::default();
    for sent in params.children("line_items")? {
        sent.only(&["amount", "amount_tax", "metadata", "original_line_item", "quantity", "reference"])?;
        let id = sent.required_text("original_line_item")?;
        let line = known
            .iter()
            .find(|line| object::is(line, "id", id))
            .ok_or_else(|| StripeError::dangling("tax line item", id, &sent.name("original_line_item")))?;
        let mut part = Part::of(line.clone(), taken_amounts(&sent)?);
        part.reference = sent.required_text("reference")?.to_owned();
        part.quantity = sent.integer("quantity")?.unwrap_or(part.quantity);
        part.metadata = sent.metadata()?;
        plan.parts.push(part);
    }
    if let Some(sent) = params.child("shipping_cost")? {
        sent.only(&["amount", "amount_tax"])?;
        plan.shipping = Some(taken_amounts(&sent)?);
    }
    Ok(plan)
}

fn taken_amounts(sent: &Params<'_>) -> Result<Open, StripeError> {
    let negative = |key: &str| match sent.integer(key)? {
        None => Err(StripeError::missing(&sent.name(key))),
        Some(amount) if amount > 0 => {
            Err(StripeError::invalid("The amounts of a reversal must be negative.").param(&sent.name(key)))
        }
        Some(amount) => Ok(amount),
    };
    Ok((negative("amount")?, negative("amount_tax")?))
}

/// Spreads an amount with tax over what is open, by largest remainder, and splits each share the same way.
fn flat(store: &Store, original: &Value, total: i64) -> Result<Plan, StripeError> {
    let lines = lines_of(store, original);
    let shipping = original.get("shipping_cost").filter(|cost| cost.is_object());
    let id = object::owned(original, "id");
    let open = |id: &str| store.tax.open.get(id).copied().unwrap_or_default();
    let mut sources: Vec<(&Value, Open)> = lines.iter().map(|line| (line, open(&object::owned(line, "id")))).collect();
    sources.extend(shipping.map(|cost| (cost, open(&id))));
    let weights: Vec<i64> = sources.iter().map(|(source, open)| gross(source, *open)).collect();
    if total > weights.iter().sum::<i64>() {
        return Err(too_much("The flat_amount exceeds what can still be reversed.", "flat_amount"));
    }
    let mut plan = Plan::default();
    for ((source, open), share) in sources.into_iter().zip(arithmetic::allocate(total, &weights)) {
        if share == 0 {
            continue;
        }
        let amounts = negated(split(source, open, share));
        if object::is(source, "object", "tax.transaction_line_item") {
            plan.parts.push(Part::of(source.clone(), amounts));
        } else {
            plan.shipping = Some(amounts);
        }
    }
    Ok(plan)
}

fn gross(source: &Value, (amount, tax): Open) -> i64 {
    if object::is(source, "tax_behavior", "inclusive") { amount } else { amount.saturating_add(tax) }
}

fn split(source: &Value, open: Open, share: i64) -> Open {
    let (_, open_tax) = open;
    let tax = arithmetic::half_up(i128::from(share) * i128::from(open_tax), i128::from(gross(source, open).max(1)));
    if object::is(source, "tax_behavior", "inclusive") { (share, tax) } else { (share - tax, tax) }
}

fn root_of(books: &Books, id: &str) -> String {
    books.roots.get(id).cloned().unwrap_or_else(|| id.to_owned())
}

fn too_much(message: &str, param: &str) -> StripeError {
    StripeError::invalid(message).param(param)
}

impl Plan {
    /// What stays open of everything this touches; refuses to take more than there is.
    fn taken(&self, books: &Books, original: &str) -> Result<HashMap<String, Open>, StripeError> {
        let mut left: HashMap<String, Open> = HashMap::new();
        let lines = self.parts.iter().map(|part| (object::owned(&part.original, "id"), part.amounts));
        let shipping = self.shipping.map(|amounts| (original.to_owned(), amounts));
        for (id, (amount, tax)) in lines.chain(shipping) {
            let root = root_of(books, &id);
            let (open_amount, open_tax): Open =
                left.get(&root).or_else(|| books.open.get(&root)).copied().unwrap_or_default();
            let rest = (open_amount.saturating_add(amount), open_tax.saturating_add(tax));
            if rest.0 < 0 || rest.1 < 0 {
                return Err(too_much(
                    &format!("The reversal takes more of {root} than the {open_amount} and {open_tax} of tax left."),
                    "line_items",
                ));
            }
            left.insert(root, rest);
        }
        Ok(left)
    }
}

impl Part {
    fn of(original: Value, amounts: Open) -> Self {
        let (reference, quantity) = (object::owned(&original, "reference"), object::integer(&original, "quantity"));
        Self { original, amounts, reference, quantity, metadata: json!({}) }
    }

    fn shown(&self) -> Value {
        let (amount, tax) = self.amounts;
        let mut line = json!({
            "id": fresh_id("tax_li"),
            "object": "tax.transaction_line_item",
            "amount": amount,
            "amount_tax": tax,
            "livemode": false,
            "metadata": self.metadata,
            "quantity": self.quantity,
            "reference": self.reference,
            "reversal": {"original_line_item": self.original.get("id")},
            "type": "reversal",
        });
        transactions::copy(&mut line, &self.original, &["product", "tax_behavior", "tax_code"]);
        line
    }
}

fn shipping_cost(original: &Value, (amount, tax): Open) -> Value {
    let mut cost = json!({"amount": amount, "amount_tax": tax});
    let source = original.get("shipping_cost").cloned().unwrap_or_default();
    transactions::copy(&mut cost, &source, &["tax_behavior", "tax_code"]);
    cost
}
