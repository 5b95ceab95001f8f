//! Stripe Tax: calculations and the transactions that record them (CONTRACTS §1.5).

use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::currency::{from_stripe, to_stripe};
use super::{ProviderError, Stripe};
use crate::address::Address;
use crate::money::{Currency, Money, Percentage};
use crate::tax::model::{Assessment, TaxBehavior, TaxComponent, TaxExemption, Taxed};
use crate::tax::question::Question;

#[derive(Serialize)]
struct NewCalculation<'a> {
    currency: String,
    line_items: Vec<NewLine<'a>>,
    customer_details: CustomerDetails<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_cost: Option<ShippingCost<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_from_details: Option<ShipFrom<'a>>,
    expand: [&'static str; 2],
}

#[derive(Serialize)]
struct NewLine<'a> {
    amount: i64,
    quantity: i64,
    reference: &'a str,
    tax_code: &'a str,
    tax_behavior: TaxBehavior,
}

#[derive(Serialize)]
struct ShippingCost<'a> {
    amount: i64,
    tax_code: &'a str,
    tax_behavior: TaxBehavior,
}

#[derive(Serialize)]
struct ShipFrom<'a> {
    address: Place<'a>,
}

#[derive(Serialize)]
struct CustomerDetails<'a> {
    address: Place<'a>,
    address_source: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tax_ids: &'a [crate::tax::model::TaxId],
    #[serde(skip_serializing_if = "Option::is_none")]
    taxability_override: Option<&'static str>,
}

#[derive(Serialize)]
struct Place<'a> {
    country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line1: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
}

#[derive(Serialize)]
struct NewTransaction<'a> {
    calculation: &'a str,
    reference: &'a str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    order_id: &'a str,
}

impl<'a> Place<'a> {
    fn of(address: &'a Address) -> Self {
        Self {
            country: &address.country,
            line1: address.line1.as_deref(),
            line2: address.line2.as_deref(),
            city: address.city.as_deref(),
            state: address.state.as_deref(),
            postal_code: address.postal_code.as_deref(),
        }
    }
}

fn exactly(amount: i64, currency: Currency) -> Result<i64, ProviderError> {
    to_stripe(Money::new(amount, currency)).ok_or_else(|| ProviderError::Rejected {
        code: Some("amount_not_chargeable".to_owned()),
        public_message: format!("{amount} minor units of {currency} cannot be sent exactly"),
    })
}

impl Stripe {
    /// Asks for the tax of a cart; answers the calculation's id and what it says.
    ///
    /// # Errors
    /// [`ProviderError`]; `Rejected` for a place that Stripe cannot find.
    pub async fn calculate_tax(
        &self,
        key: &str,
        question: &Question,
        deadline: Instant,
    ) -> Result<(String, Assessment), ProviderError> {
        let lines = question.lines.iter().map(|line| {
            Ok(NewLine {
                amount: exactly(line.amount, question.currency)?,
                quantity: line.quantity,
                reference: &line.reference,
                tax_code: &line.tax_code,
                tax_behavior: question.behavior,
            })
        });
        let shipping_cost = match question.shipping {
            0 => None,
            amount => Some(ShippingCost {
                amount: exactly(amount, question.currency)?,
                tax_code: &question.shipping_tax_code,
                tax_behavior: question.behavior,
            }),
        };
        let form = NewCalculation {
            currency: question.currency.code().to_ascii_lowercase(),
            line_items: lines.collect::<Result<_, ProviderError>>()?,
            customer_details: CustomerDetails {
                address: Place::of(&question.place.address),
                address_source: if question.place.is_shipping { "shipping" } else { "billing" },
                tax_ids: &question.tax_ids,
                taxability_override: match question.exemption {
                    TaxExemption::None => None,
                    TaxExemption::Exempt => Some("customer_exempt"),
                    TaxExemption::ReverseCharge => Some("reverse_charge"),
                },
            },
            shipping_cost,
            ship_from_details: question.ship_from.as_ref().map(|address| ShipFrom { address: Place::of(address) }),
            expand: ["line_items.data.tax_breakdown", "shipping_cost.tax_breakdown"],
        };
        let request = RequestBuilder::new(StripeMethod::Post, "/tax/calculations").form(&form);
        let answer = self.document(&request, Some(key), Some(deadline)).await?;
        read(&answer, question)
            .ok_or_else(|| ProviderError::unknown("the tax calculation lacks what its documentation promises"))
    }

    /// Records a calculation as a sale, once, under a reference that no other has; answers the transaction's id.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn record_tax(&self, key: &str, calculation: &str, order_id: &str) -> Result<String, ProviderError> {
        let form = NewTransaction { calculation, reference: order_id, metadata: Metadata { order_id } };
        let path = "/tax/transactions/create_from_calculation";
        let request = RequestBuilder::new(StripeMethod::Post, path).form(&form);
        let answer = self.document(&request, Some(key), None).await?;
        let id = answer.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| ProviderError::unknown("a tax transaction without an id"))
    }
}

/// The answer in our terms; `None` when it is not what was asked for.
fn read(answer: &Value, question: &Question) -> Option<(String, Assessment)> {
    let amount = |value: &Value| from_stripe(value.as_i64()?, question.currency).map(|money| money.amount);
    let lines = answer.pointer("/line_items/data")?.as_array()?;
    let taxed = |part: &Value| -> Option<Taxed> {
        let tax = amount(part.get("amount_tax")?)?;
        let included = part.get("tax_behavior")?.as_str()? == "inclusive";
        let breakdown = part.get("tax_breakdown").and_then(Value::as_array).into_iter().flatten();
        let breakdown = breakdown.map(|each| component(each, question.currency, included)).collect::<Option<_>>()?;
        let (added, contained) = if included { (0, tax) } else { (tax, 0) };
        Some(Taxed { added, included: contained, breakdown })
    };
    let assessed = lines.iter().map(|line| Some((line.get("reference")?.as_str()?.to_owned(), taxed(line)?)));
    let assessed = assessed.collect::<Option<Vec<_>>>()?;
    let is_complete =
        question.lines.iter().all(|line| assessed.iter().any(|(reference, _)| *reference == line.reference));
    let shipping = match answer.get("shipping_cost").filter(|cost| !cost.is_null()) {
        Some(cost) => taxed(cost)?,
        None => Taxed::default(),
    };
    let sums: (i64, i64) = assessed
        .iter()
        .map(|(_, taxed)| taxed)
        .chain([&shipping])
        .fold((0, 0), |sums, taxed| (sums.0 + taxed.added, sums.1 + taxed.included));
    let said = (amount(answer.get("tax_amount_exclusive")?)?, amount(answer.get("tax_amount_inclusive")?)?);
    let id = answer.get("id")?.as_str()?.to_owned();
    (is_complete && sums == said).then_some((id, Assessment { lines: assessed, shipping }))
}

fn component(value: &Value, currency: Currency, included: bool) -> Option<TaxComponent> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let money = |pointer: &str| from_stripe(value.pointer(pointer)?.as_i64()?, currency);
    Some(TaxComponent {
        jurisdiction: text("/jurisdiction/display_name")?,
        country: text("/jurisdiction/country")?,
        state: text("/jurisdiction/state"),
        tax_type: text("/tax_rate_details/tax_type"),
        percentage: text("/tax_rate_details/percentage_decimal").map(|percentage| {
            // As this API writes percentages: `19`, where Stripe may write `19.0`.
            percentage.parse::<Percentage>().map_or(percentage, |percentage| percentage.to_string())
        }),
        amount: money("/amount")?,
        taxable_amount: money("/taxable_amount")?,
        included,
        reason: text("/taxability_reason"),
    })
}
