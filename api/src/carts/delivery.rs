//! How a cart's goods are sent. Pure.

use super::load::{Line, Shipping, Snapshot};
use super::model::{CartProblem, Severity};
use super::price::address;
use crate::address::{self as addresses, Address};
use crate::error::Result;
use crate::settings::Versioned;
use crate::shipping::model::ShippingRate;
use crate::shipping::offers::{Answered, ShippingOffer};
use crate::shipping::pack::{self, Goods, Unpackable};
use crate::shipping::question::{CustomsLine, ShipmentQuestion};
use crate::shipping::settings::{RateFailurePolicy, ShippingSettings};
use crate::shipping::table::{self, Measures, TableRate};
use crate::shippo::crosses_border;

/// How a cart's goods are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing is sent.
    NotNeeded,
    /// By this rate: the chosen one, or the only one.
    By(ShippingRate),
    /// It is not known where to: a pointer to what is missing.
    Missing(&'static str),
    /// Carriers must be asked.
    Open(Box<ShipmentQuestion>),
    /// The shop does not send there, or not this much: why.
    Unavailable(String),
    /// One of the rates is to be chosen.
    NotChosen,
    /// What was chosen is no longer to be had.
    Gone,
}

/// What carriers are asked from, when they are.
#[derive(Debug, Clone, PartialEq)]
pub struct CarrierBasis {
    /// How the shop packs and sends.
    pub settings: Versioned<ShippingSettings>,
    /// What carriers have answered so far.
    pub offers: Vec<ShippingOffer>,
}

impl Delivery {
    /// The rate that the goods are sent by.
    #[must_use]
    pub fn rate(&self) -> Option<&ShippingRate> {
        match self {
            Self::By(rate) => Some(rate),
            Self::NotNeeded
            | Self::Missing(_)
            | Self::Open(_)
            | Self::Unavailable(_)
            | Self::NotChosen
            | Self::Gone => None,
        }
    }

    /// What it costs before discounts; `None` while that is open.
    #[must_use]
    pub fn price(&self) -> Option<i64> {
        match self {
            Self::By(rate) => Some(rate.price.amount),
            Self::NotNeeded => Some(0),
            Self::Missing(_) | Self::Open(_) | Self::Unavailable(_) | Self::NotChosen | Self::Gone => None,
        }
    }
}

/// The ways to send a cart's goods, the one that is taken, and what is wrong with the address.
#[derive(Debug)]
pub struct Ways {
    /// The ways there are.
    pub rates: Vec<ShippingRate>,
    /// The one that is taken.
    pub delivery: Delivery,
    /// What Shippo finds of the address.
    pub problems: Vec<CartProblem>,
}

impl Ways {
    fn none(delivery: Delivery) -> Self {
        Self { rates: Vec::new(), delivery, problems: Vec::new() }
    }
}

/// The ways to send a cart's goods.
///
/// # Errors
/// When the database holds what are no rates or no address, which is a defect.
pub fn ways(snapshot: &Snapshot) -> Result<Ways> {
    let sent: Vec<&Line> = snapshot.lines.iter().filter(|line| line.requires_shipping).collect();
    if sent.is_empty() {
        return Ok(Ways::none(Delivery::NotNeeded));
    }
    let (table, carriers) = match &snapshot.shipping {
        Shipping::Quoted { rate, problems } => {
            let delivery = rate.clone().map_or(Delivery::NotChosen, Delivery::By);
            return Ok(Ways { rates: rate.iter().cloned().collect(), delivery, problems: problems.clone() });
        }
        Shipping::Live { table, carriers } => (table, carriers.as_deref()),
    };
    let Some(destination) = address(snapshot.cart.shipping_address.as_ref())? else {
        return Ok(Ways::none(Delivery::Missing("/shipping_address")));
    };
    let by_table = by_table(snapshot, table, &sent)?;
    let Some(carriers) = carriers else {
        return Ok(choose(snapshot, by_table, NOT_THERE, Vec::new()));
    };
    let needs_code = addresses::required_parts(&destination.country).contains(&"postal_code");
    if needs_code && destination.postal_code.is_none() {
        return Ok(Ways::none(Delivery::Missing("/shipping_address/postal_code")));
    }
    Ok(match question(snapshot, &sent, &destination, &carriers.settings) {
        Err(unpackable) if carriers.settings.value.on_failure == RateFailurePolicy::Fallback => {
            choose(snapshot, by_table, too_much(unpackable), Vec::new())
        }
        Err(unpackable) => Ways::none(Delivery::Unavailable(too_much(unpackable).to_owned())),
        Ok(None) => choose(snapshot, by_table, NOT_THERE, Vec::new()),
        Ok(Some(question)) => by_carriers(snapshot, carriers, question, by_table),
    })
}

/// Why there are no rates in the shop's own zones.
const NOT_THERE: &str = "the shop does not send these goods there in this currency";

const fn too_much(unpackable: Unpackable) -> &'static str {
    match unpackable {
        Unpackable::TooLarge => "something in the cart is too heavy or too long for a parcel",
        Unpackable::TooMany => "it is more than one shipment can hold; order it in parts",
    }
}

fn by_table(snapshot: &Snapshot, rates: &[TableRate], sent: &[&Line]) -> Result<Vec<ShippingRate>> {
    let weight = |line: &&Line| line.weight_grams.unwrap_or_default().saturating_mul(line.quantity);
    let value = |line: &Line| line.unit_price.unwrap_or_default().saturating_mul(line.quantity);
    table::applicable(
        rates,
        Measures {
            currency: snapshot.cart.currency,
            weight_grams: sent.iter().map(weight).fold(0, i64::saturating_add),
            subtotal: snapshot.lines.iter().map(value).fold(0, i64::saturating_add),
        },
    )
}

fn by_carriers(
    snapshot: &Snapshot,
    carriers: &CarrierBasis,
    question: ShipmentQuestion,
    by_table: Vec<ShippingRate>,
) -> Ways {
    let fingerprint = question.fingerprint();
    let Some(offer) = carriers.offers.iter().find(|offer| offer.fingerprint == fingerprint) else {
        return Ways::none(Delivery::Open(Box::new(question)));
    };
    let settings = &carriers.settings.value;
    let problems = address_problems(&offer.answered, settings.strict_addresses);
    match &offer.answered.failure {
        None => choose(snapshot, offer.answered.rates.clone(), NOT_THERE, problems),
        Some(reason) if settings.on_failure == RateFailurePolicy::Fallback && !offer.answered.refused => {
            choose(snapshot, by_table, reason, problems)
        }
        Some(reason) => Ways { problems, ..Ways::none(Delivery::Unavailable(reason.clone())) },
    }
}

fn choose(snapshot: &Snapshot, rates: Vec<ShippingRate>, why_none: &str, problems: Vec<CartProblem>) -> Ways {
    let delivery = match (&snapshot.cart.shipping_rate_id, rates.as_slice()) {
        (_, []) => Delivery::Unavailable(why_none.to_owned()),
        (None, [only]) => Delivery::By(only.clone()),
        (None, _) => Delivery::NotChosen,
        (Some(chosen), rates) => {
            let chosen = rates.iter().find(|rate| rate.id == *chosen);
            chosen.map_or(Delivery::Gone, |rate| Delivery::By(rate.clone()))
        }
    };
    Ways { rates, delivery, problems }
}

fn address_problems(answered: &Answered, strict: bool) -> Vec<CartProblem> {
    let check = answered.address.as_ref();
    let severity = match check {
        Some(check) if !check.is_valid && strict => Severity::Blocking,
        Some(_) | None => Severity::Notice,
    };
    let mut messages: Vec<String> = check.map(|check| check.messages.clone()).unwrap_or_default();
    if messages.is_empty() && check.is_some_and(|check| !check.is_valid) {
        messages.push("It cannot be delivered to as it is written.".to_owned());
    }
    let problem = |detail| CartProblem {
        code: "address_questionable".to_owned(),
        severity,
        detail,
        pointer: "/shipping_address".to_owned(),
    };
    messages.into_iter().map(problem).collect()
}

/// What carriers are asked; nothing without an origin.
fn question(
    snapshot: &Snapshot,
    sent: &[&Line],
    destination: &Address,
    settings: &Versioned<ShippingSettings>,
) -> Result<Option<ShipmentQuestion>, Unpackable> {
    let shop = &settings.value;
    let Some(origin) = &shop.origin else { return Ok(None) };
    let weight = |line: &Line| line.weight_grams.filter(|grams| *grams > 0).unwrap_or(shop.default_weight_grams);
    let goods = sent.iter().map(|line| Goods {
        quantity: line.quantity,
        weight_grams: weight(line),
        size: line.dimensions_mm.unwrap_or(shop.default_dimensions_mm),
    });
    let parcels = pack::pack(&goods.collect::<Vec<_>>(), shop)?;
    let customs = |line: &&Line| CustomsLine {
        description: line.title.clone(),
        quantity: line.quantity,
        weight_grams: weight(line).saturating_mul(line.quantity),
        value: line.unit_price.unwrap_or_default().saturating_mul(line.quantity),
        origin_country: line.origin_country.clone().unwrap_or_else(|| origin.country.clone()),
        hs_code: line.hs_code.clone(),
        sku: line.sku.clone(),
    };
    let crosses = crosses_border(&origin.country, &destination.country);
    Ok(Some(ShipmentQuestion {
        cart: snapshot.cart.id,
        currency: snapshot.cart.currency,
        origin: origin.clone(),
        origin_email: shop.origin_email.clone(),
        destination: destination.clone(),
        email: snapshot.cart.email.clone(),
        parcels,
        customs: if crosses { sent.iter().map(customs).collect() } else { Vec::new() },
        settings_version: settings.version,
    }))
}

/// What is wrong with how the goods are sent. What is only missing yet is no problem.
#[must_use]
pub fn delivery_problem(delivery: &Delivery) -> Option<CartProblem> {
    let (code, pointer, detail) = match delivery {
        Delivery::NotNeeded | Delivery::By(_) | Delivery::Missing(_) | Delivery::Open(_) | Delivery::NotChosen => {
            return None;
        }
        Delivery::Unavailable(why) => (
            "shipping_unavailable",
            "/shipping_address",
            format!("The goods cannot be sent: {why}. Change the address, the lines or the currency."),
        ),
        Delivery::Gone => (
            "shipping_rate_gone",
            "/shipping_rate",
            "The chosen shipping rate is no longer to be had; choose one of `GET …/shipping-rates`.".to_owned(),
        ),
    };
    Some(CartProblem { code: code.to_owned(), severity: Severity::Blocking, detail, pointer: pointer.to_owned() })
}
