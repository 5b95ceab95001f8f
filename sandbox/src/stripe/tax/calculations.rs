//! Tax calculations: what is asked, what it costs. Nothing is reported before a transaction is made of it.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, fresh_id};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::Call;
use crate::stripe::tax::Books;
use crate::stripe::tax::assessment::{self, Situation};
use crate::stripe::tax::customer;
use crate::stripe::tax::places::{DEFAULT_CODE, Item, SHIPPING_CODE};
use crate::stripe::tax::summary::Summary;

const MOST_LINES: usize = 100;

const DAY: i64 = 24 * 60 * 60;

/// How long a calculation can be committed.
const KEPT: i64 = 90 * DAY;

/// How far `tax_date` may be from now.
const FARTHEST_TAX_DATE: i64 = 31 * DAY;

const CREATE_PARAMS: &[&str] = &[
    "currency",
    "customer",
    "customer_details",
    "expand",
    "line_items",
    "ship_from_details",
    "shipping_cost",
    "tax_date",
];

/// A line as it was sent.
#[derive(Debug)]
struct Line {
    item: Item,
    reference: String,
    /// `metadata`, `product` and `performance_location`.
    more: Value,
}

/// The calculation, or Stripe's 404.
pub(super) fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.tax.calculations.get(id).ok_or_else(|| StripeError::no_such("tax calculation", id))
}

/// `POST /v1/tax/calculations`
pub(super) fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(CREATE_PARAMS)?;
    let currency = money::currency(params.required_text("currency")?, "currency")?;
    let customer = customer::read(store, &params)?;
    let ship_from = customer::ship_from(&params)?;
    let tax_date = tax_date(&params, call.cause.now)?;
    let lines = read_lines(&params, &currency)?;
    let shipping = read_shipping(&params, &currency)?;
    let situation = Situation {
        relief: customer.relief(&ship_from),
        step: if money::exponent(&currency) == 3 { 10 } else { 1 },
        place: customer.place,
    };
    let country = situation.place.country.as_str();
    let id = fresh_id("taxcalc");
    let mut summary = Summary::default();
    let shown = lines.iter().map(|line| assess_line(&mut store.tax, &situation, line, &mut summary)).collect();
    let shipping_cost =
        shipping.map(|item| assess_shipping(&mut store.tax, &situation, (id.as_str(), &item), &mut summary));
    let calculation = json!({
        "id": id,
        "object": "tax.calculation",
        "amount_total": summary.total(),
        "currency": currency,
        "customer": customer.id,
        "customer_details": customer.details,
        "expires_at": call.cause.now.saturating_add(KEPT),
        "livemode": false,
        "ship_from_details": ship_from,
        "shipping_cost": shipping_cost,
        "tax_amount_exclusive": summary.exclusive,
        "tax_amount_inclusive": summary.inclusive,
        "tax_breakdown": summary.shown(country),
        "tax_date": tax_date,
    });
    store.tax.lines.insert(id, shown);
    store.tax.calculations.insert(calculation.clone());
    Ok(calculation)
}

fn assess_line(books: &mut Books, situation: &Situation, line: &Line, summary: &mut Summary) -> Value {
    let assessed = assessment::assess(situation, &line.item);
    summary.add(&line.item, &assessed);
    let shown = line.shown(assessed.tax);
    books.breakdowns.insert(object::owned(&shown, "id"), assessed.breakdown(&situation.place.country));
    shown
}

fn assess_shipping(
    books: &mut Books,
    situation: &Situation,
    (calculation, item): (&str, &Item),
    summary: &mut Summary,
) -> Value {
    let assessed = assessment::assess(situation, item);
    summary.add(item, &assessed);
    books.breakdowns.insert(calculation.to_owned(), assessed.breakdown(&situation.place.country));
    json!({"amount": item.amount, "amount_tax": assessed.tax, "tax_behavior": behavior(item), "tax_code": item.code})
}

fn tax_date(params: &Params<'_>, now: i64) -> Result<i64, StripeError> {
    let date = params.integer("tax_date")?.unwrap_or(now);
    if now.abs_diff(date) > FARTHEST_TAX_DATE.unsigned_abs() {
        return Err(StripeError::invalid("The tax_date must be within 31 days of now.").param("tax_date"));
    }
    Ok(date)
}

fn read_lines(params: &Params<'_>, currency: &str) -> Result<Vec<Line>, StripeError> {
    let sent = params.children("line_items")?;
    if sent.is_empty() {
        return Err(StripeError::missing("line_items"));
    }
    if sent.len() > MOST_LINES {
        return Err(
            StripeError::invalid(format!("You cannot have more than {MOST_LINES} line items.")).param("line_items")
        );
    }
    let mut references = HashSet::new();
    let mut lines = Vec::new();
    for (index, line) in sent.iter().enumerate() {
        let line = read_line(line, currency, index)?;
        if !references.insert(line.reference.clone()) {
            return Err(StripeError::invalid(format!("The reference '{}' is used by two line items.", line.reference))
                .param(&format!("line_items[{index}][reference]")));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn read_line(line: &Params<'_>, currency: &str, index: usize) -> Result<Line, StripeError> {
    line.only(&[
        "amount",
        "metadata",
        "performance_location",
        "product",
        "quantity",
        "reference",
        "tax_behavior",
        "tax_code",
    ])?;
    let item = Item {
        amount: line.required_at_least("amount", 1)?,
        code: tax_code(line, DEFAULT_CODE)?,
        quantity: line.at_least("quantity", 1)?.unwrap_or(1),
        is_inclusive: is_inclusive(line)?,
        is_shipping: false,
    };
    money::check_step(item.amount, currency, &line.name("amount"))?;
    let reference = line.text("reference")?.map_or_else(|| format!("L{}", index + 1), str::to_owned);
    let more = json!({
        "metadata": if line.has("metadata") { line.metadata()? } else { Value::Null },
        "performance_location": line.text("performance_location")?,
        "product": line.text("product")?,
    });
    Ok(Line { item, reference, more })
}

fn read_shipping(params: &Params<'_>, currency: &str) -> Result<Option<Item>, StripeError> {
    let Some(cost) = params.child("shipping_cost")? else { return Ok(None) };
    cost.only(&["amount", "shipping_rate", "tax_behavior", "tax_code"])?;
    if let Some(rate) = cost.text("shipping_rate")? {
        return Err(StripeError::dangling("shipping rate", rate, &cost.name("shipping_rate")));
    }
    let amount = cost.required_at_least("amount", 0)?;
    money::check_step(amount, currency, &cost.name("amount"))?;
    let code = tax_code(&cost, SHIPPING_CODE)?;
    Ok(Some(Item { code, amount, quantity: 1, is_inclusive: is_inclusive(&cost)?, is_shipping: true }))
}

fn tax_code(params: &Params<'_>, otherwise: &str) -> Result<String, StripeError> {
    let code = params.text("tax_code")?.unwrap_or(otherwise);
    if code.starts_with("txcd_") {
        Ok(code.to_owned())
    } else {
        Err(StripeError::dangling("tax code", code, &params.name("tax_code")))
    }
}

fn is_inclusive(params: &Params<'_>) -> Result<bool, StripeError> {
    Ok(params.choice("tax_behavior", &["exclusive", "inclusive"])? == Some("inclusive"))
}

fn behavior(item: &Item) -> &'static str {
    if item.is_inclusive { "inclusive" } else { "exclusive" }
}

impl Line {
    /// As the API shows it, without its breakdown.
    fn shown(&self, tax: i64) -> Value {
        let mut shown = json!({
            "id": fresh_id("tax_li"),
            "object": "tax.calculation_line_item",
            "amount": self.item.amount,
            "amount_tax": tax,
            "livemode": false,
            "quantity": self.item.quantity,
            "reference": self.reference,
            "tax_behavior": behavior(&self.item),
            "tax_code": self.item.code,
        });
        object::merge(&mut shown, self.more.clone());
        shown
    }
}
