//! Reversals of tax transactions (CONTRACTS §1.5): by line, as one amount, or of a whole transaction.

use serde::Serialize;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::currency::to_stripe;
use super::{ProviderError, Stripe};
use crate::money::Money;

/// A part of a line of a recorded sale.
#[derive(Debug, Clone)]
pub struct ReversedLine {
    /// The line of the transaction, `tax_li_…`.
    pub line: String,
    /// Units.
    pub quantity: i64,
    /// What is taken back: without the tax when that came on top, with it when it was contained.
    pub amount: Money,
    /// The tax in it.
    pub tax: Money,
}

/// What is taken back of a recorded sale.
#[derive(Debug, Clone)]
pub enum ReversedTax {
    /// An amount with its tax; Stripe spreads it.
    Flat(Money),
    /// Parts of lines, and an amount of the shipping with its tax.
    Lines {
        /// The lines.
        lines: Vec<ReversedLine>,
        /// The shipping: amount and tax.
        shipping: Option<(Money, Money)>,
    },
}

impl ReversedTax {
    /// Whether Stripe can be told exactly this: some currencies are sent in steps.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Flat(amount) => to_stripe(*amount).is_some(),
            Self::Lines { lines, shipping } => lines
                .iter()
                .flat_map(|line| [line.amount, line.tax])
                .chain(shipping.iter().flat_map(|(amount, tax)| [*amount, *tax]))
                .all(|amount| to_stripe(amount).is_some()),
        }
    }
}

#[derive(Serialize)]
struct NewReversal<'a> {
    original_transaction: &'a str,
    mode: &'static str,
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_amount: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    line_items: Vec<NewLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_cost: Option<NewShipping>,
}

#[derive(Serialize)]
struct NewLine<'a> {
    original_line_item: &'a str,
    reference: String,
    quantity: i64,
    amount: i64,
    amount_tax: i64,
}

#[derive(Serialize)]
struct NewShipping {
    amount: i64,
    amount_tax: i64,
}

/// Taken back, in Stripe's units.
fn negative(amount: Money) -> Result<i64, ProviderError> {
    to_stripe(amount).map(|amount| -amount).ok_or_else(|| ProviderError::Rejected {
        code: None,
        public_message: format!("{} {} cannot be sent exactly", amount.decimal(), amount.currency),
    })
}

impl Stripe {
    /// Reverses a transaction: as much as `reversed` says, or all of it (of a reversal, that gives back what it took).
    /// Answers the reversal's id.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn reverse_tax(
        &self,
        key: &str,
        transaction: &str,
        reference: &str,
        reversed: Option<&ReversedTax>,
    ) -> Result<String, ProviderError> {
        let mut form = NewReversal {
            original_transaction: transaction,
            mode: if reversed.is_some() { "partial" } else { "full" },
            reference,
            flat_amount: None,
            line_items: Vec::new(),
            shipping_cost: None,
        };
        match reversed {
            None => {}
            Some(ReversedTax::Flat(amount)) => form.flat_amount = Some(negative(*amount)?),
            Some(ReversedTax::Lines { lines, shipping }) => {
                for line in lines {
                    form.line_items.push(NewLine {
                        original_line_item: &line.line,
                        reference: format!("{reference}-{}", line.line),
                        quantity: line.quantity,
                        amount: negative(line.amount)?,
                        amount_tax: negative(line.tax)?,
                    });
                }
                if let Some((amount, tax)) = shipping {
                    form.shipping_cost = Some(NewShipping { amount: negative(*amount)?, amount_tax: negative(*tax)? });
                }
            }
        }
        let request = RequestBuilder::new(StripeMethod::Post, "/tax/transactions/create_reversal").form(&form);
        let answer = self.document(&request, Some(key), None).await?;
        let id = answer.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| ProviderError::unknown("a tax reversal without an id"))
    }

    /// The lines of a transaction: their ids, and what the calculation called them.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn tax_lines(&self, transaction: &str) -> Result<Vec<(String, String)>, ProviderError> {
        let path = format!("/tax/transactions/{transaction}/line_items");
        let request = RequestBuilder::new(StripeMethod::Get, path).query(&[("limit", 100)]);
        let answer = self.document(&request, None, None).await?;
        let text = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let lines = answer.get("data").and_then(Value::as_array).into_iter().flatten();
        Ok(lines.filter_map(|line| Some((text(line, "id")?, text(line, "reference")?))).collect())
    }
}
