//! How a cart's goods are sent. Pure.

use super::load::{Line, Shipping, Snapshot};
use super::model::{CartProblem, Severity};
use crate::error::Result;
use crate::shipping::model::ShippingRate;
use crate::shipping::table::{self, Parcel};

/// How a cart's goods are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing is sent.
    NotNeeded,
    /// By this rate: the chosen one, or the only one.
    By(ShippingRate),
    /// It is not known where to.
    NoAddress,
    /// The shop does not send there, or not this much.
    Unavailable,
    /// One of the rates is to be chosen.
    NotChosen,
    /// What was chosen is no longer to be had.
    Gone,
}

impl Delivery {
    /// The rate that the goods are sent by.
    #[must_use]
    pub fn rate(&self) -> Option<&ShippingRate> {
        match self {
            Self::By(rate) => Some(rate),
            Self::NotNeeded | Self::NoAddress | Self::Unavailable | Self::NotChosen | Self::Gone => None,
        }
    }

    /// What it costs before discounts; `None` while that is open.
    #[must_use]
    pub fn price(&self) -> Option<i64> {
        match self {
            Self::By(rate) => Some(rate.price.amount),
            Self::NotNeeded => Some(0),
            Self::NoAddress | Self::Unavailable | Self::NotChosen | Self::Gone => None,
        }
    }
}

/// The ways to send a cart's goods, and the one that is taken.
///
/// # Errors
/// When the database holds what are no rates, which is a defect.
pub fn delivery(snapshot: &Snapshot) -> Result<(Vec<ShippingRate>, Delivery)> {
    let sent: Vec<&Line> = snapshot.lines.iter().filter(|line| line.requires_shipping).collect();
    if sent.is_empty() {
        return Ok((Vec::new(), Delivery::NotNeeded));
    }
    let rates = match &snapshot.shipping {
        Shipping::Quoted(rate) => {
            let rates: Vec<ShippingRate> = rate.iter().cloned().collect();
            return Ok((rates, rate.clone().map_or(Delivery::NotChosen, Delivery::By)));
        }
        Shipping::Table(rates) => rates,
    };
    if snapshot.cart.shipping_address.is_none() {
        return Ok((Vec::new(), Delivery::NoAddress));
    }
    let weight = |line: &&Line| line.weight_grams.unwrap_or_default().saturating_mul(line.quantity);
    let value = |line: &Line| line.unit_price.unwrap_or_default().saturating_mul(line.quantity);
    let rates = table::applicable(
        rates,
        Parcel {
            currency: snapshot.cart.currency,
            weight_grams: sent.iter().map(weight).fold(0, i64::saturating_add),
            subtotal: snapshot.lines.iter().map(value).fold(0, i64::saturating_add),
        },
    )?;
    let delivery = match (&snapshot.cart.shipping_rate_id, rates.as_slice()) {
        (_, []) => Delivery::Unavailable,
        (None, [only]) => Delivery::By(only.clone()),
        (None, _) => Delivery::NotChosen,
        (Some(chosen), rates) => {
            let chosen = rates.iter().find(|rate| rate.id == *chosen);
            chosen.map_or(Delivery::Gone, |rate| Delivery::By(rate.clone()))
        }
    };
    Ok((rates, delivery))
}

/// What is wrong with how the goods are sent. What is only missing yet is no problem.
#[must_use]
pub fn delivery_problem(delivery: &Delivery) -> Option<CartProblem> {
    let (code, pointer, detail) = match delivery {
        Delivery::NotNeeded | Delivery::By(_) | Delivery::NoAddress | Delivery::NotChosen => return None,
        Delivery::Unavailable => (
            "shipping_unavailable",
            "/shipping_address",
            "The shop does not send these goods there in this currency; change the address, the lines or the currency.",
        ),
        Delivery::Gone => (
            "shipping_rate_gone",
            "/shipping_rate",
            "The chosen shipping rate is no longer to be had; choose one of `GET …/shipping-rates`.",
        ),
    };
    Some(CartProblem {
        code: code.to_owned(),
        severity: Severity::Blocking,
        detail: detail.to_owned(),
        pointer: pointer.to_owned(),
    })
}
