//! The tax of a cart: the question that its lines ask, and what is known of the answer. Pure.

use super::delivery::Delivery;
use super::load::{Line, Snapshot};
use super::model::{CartProblem, Severity};
use super::price::address;
use crate::address::Address;
use crate::error::{FieldError, Result};
use crate::ids::TaxCalculationId;
use crate::money::Money;
use crate::settings::Versioned;
use crate::tax::model::{Assessment, ShippingTax, TaxBehavior, TaxId, TaxSource, TaxSummary, Taxed, merge};
use crate::tax::question::{self, AskedLine, Place, Question};
use crate::tax::settings::{TaxProvider, TaxSettings};
use crate::tax::store::{Calculation, Outcome};
use crate::tax::table;

/// What a cart's tax depends on.
#[derive(Debug, Clone, PartialEq)]
pub enum TaxBasis {
    /// The settings, and what the provider has answered so far.
    Live(Box<LiveTax>),
    /// What a quote promised.
    Promised(Box<Known>),
}

/// What a cart's tax depends on while nothing is promised.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTax {
    /// How tax is reckoned.
    pub settings: Versioned<TaxSettings>,
    /// Where goods come from.
    pub ship_from: Option<Address>,
    /// The provider's answers.
    pub calculations: Vec<Calculation>,
}

/// A tax that is known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Known {
    /// Where it comes from.
    pub source: TaxSource,
    /// The provider's calculation, to be recorded when it is paid.
    pub calculation: Option<TaxCalculationId>,
    /// What it is.
    pub assessment: Assessment,
}

/// What is known of a cart's tax.
#[derive(Debug, Clone, PartialEq)]
pub enum TaxState {
    /// It is known.
    Known(Box<Known>),
    /// The provider must be asked.
    Open(Box<Question>),
    /// It depends on something that is not known yet, be it how the goods are sent.
    Waiting,
    /// An address, or a part of it, is missing.
    Missing(String),
    /// The provider refuses what the shopper sent.
    Refused {
        /// Where the place is.
        pointer: String,
        /// The provider's words.
        message: String,
    },
    /// The provider could not be asked.
    Unavailable,
}

impl TaxState {
    /// The tax, when it is known.
    #[must_use]
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Known(known) => Some(known),
            Self::Open(_) | Self::Waiting | Self::Missing(_) | Self::Refused { .. } | Self::Unavailable => None,
        }
    }

    /// The tax on a line; nothing when it is not known, or when there was nothing to tax.
    #[must_use]
    pub fn of_line(&self, line: &Line) -> Taxed {
        let reference = line.id.to_string();
        let lines = self.known().map(|known| &known.assessment.lines);
        let found = lines.into_iter().flatten().find(|(its, _)| *its == reference);
        found.map(|(_, taxed)| taxed.clone()).unwrap_or_default()
    }

    /// The tax on the shipping.
    #[must_use]
    pub fn of_shipping(&self) -> Taxed {
        self.known().map(|known| known.assessment.shipping.clone()).unwrap_or_default()
    }

    /// What a checkout would miss.
    #[must_use]
    pub fn missing(&self) -> Option<FieldError> {
        match self {
            Self::Missing(pointer) => Some(FieldError::new(pointer, "required", "is needed to reckon the tax")),
            Self::Refused { pointer, message } => {
                Some(FieldError::new(pointer, "tax_location_invalid", format!("cannot be taxed: {message}")))
            }
            Self::Known(_) | Self::Open(_) | Self::Waiting | Self::Unavailable => None,
        }
    }

    /// What the shopper should know.
    #[must_use]
    pub fn problem(&self) -> Option<CartProblem> {
        let (code, pointer, detail) = match self {
            Self::Refused { pointer, message } => {
                ("tax_location_invalid", pointer.as_str(), format!("The tax there cannot be reckoned: {message}"))
            }
            Self::Unavailable => (
                "tax_unavailable",
                "/totals/tax",
                "The tax provider cannot be asked just now; ask for a quote again in a few minutes.".to_owned(),
            ),
            Self::Known(_) | Self::Open(_) | Self::Waiting | Self::Missing(_) => return None,
        };
        Some(CartProblem { code: code.to_owned(), severity: Severity::Blocking, detail, pointer: pointer.to_owned() })
    }

    /// For clients.
    ///
    /// # Errors
    /// When the database holds what are no tax ids, which is a defect.
    pub fn summary(&self, snapshot: &Snapshot) -> Result<TaxSummary> {
        let money = |amount| Money::new(amount, snapshot.cart.currency);
        let known = self.known();
        let parts = known.iter().flat_map(|known| {
            let lines = known.assessment.lines.iter().map(|(_, taxed)| taxed);
            lines.chain([&known.assessment.shipping]).flat_map(|taxed| &taxed.breakdown)
        });
        Ok(TaxSummary {
            source: known.map(|known| known.source),
            tax_ids: tax_ids(snapshot)?,
            exemption: snapshot.cart.tax_exemption,
            breakdown: merge(parts),
            shipping: known.map(|known| ShippingTax {
                added: money(known.assessment.shipping.added),
                included: money(known.assessment.shipping.included),
                breakdown: known.assessment.shipping.breakdown.clone(),
            }),
        })
    }
}

fn tax_ids(snapshot: &Snapshot) -> Result<Vec<TaxId>> {
    serde_json::from_value(snapshot.cart.tax_ids.clone())
        .map_err(|error| crate::error::Error::Internal(format!("carts.tax_ids: {error}")))
}

/// Whether the cart's prices contain their tax; `None` when none is reckoned, or the place is not known.
///
/// # Errors
/// When the database holds what is no address, which is a defect.
pub fn behavior(snapshot: &Snapshot) -> Result<Option<TaxBehavior>> {
    let TaxBasis::Live(live) = &snapshot.tax else { return Ok(None) };
    let is_sent = snapshot.lines.iter().any(|line| line.requires_shipping);
    let column = if is_sent { &snapshot.cart.shipping_address } else { &snapshot.cart.billing_address };
    let settings = &live.settings.value;
    let place = address(column.as_ref())?.filter(|_| settings.provider != TaxProvider::None);
    Ok(place.map(|place| settings.behavior(snapshot.cart.currency, &place.country)))
}

/// What is known of the tax on lines and shipping, after discounts.
///
/// # Errors
/// When the database holds what is no address, which is a defect.
pub fn state(
    snapshot: &Snapshot,
    lines: &[(&Line, i64)],
    delivery: &Delivery,
    shipping: Option<i64>,
) -> Result<TaxState> {
    let LiveTax { settings, ship_from, calculations } = match &snapshot.tax {
        TaxBasis::Promised(known) => {
            let is_taxed = |line: &Line| known.assessment.lines.iter().any(|(its, _)| *its == line.id.to_string());
            let is_whole =
                known.source == TaxSource::None || lines.iter().all(|(line, net)| *net <= 0 || is_taxed(line));
            return Ok(if is_whole { TaxState::Known(known.clone()) } else { TaxState::Waiting });
        }
        TaxBasis::Live(live) => &**live,
    };
    let known = |source, calculation, assessment| TaxState::Known(Box::new(Known { source, calculation, assessment }));
    if settings.value.provider == TaxProvider::None {
        return Ok(known(TaxSource::None, None, Assessment::default()));
    }
    let is_shipping = *delivery != Delivery::NotNeeded;
    let pointer = if is_shipping { "/shipping_address" } else { "/billing_address" };
    let column = if is_shipping { &snapshot.cart.shipping_address } else { &snapshot.cart.billing_address };
    let Some(address) = address(column.as_ref())? else { return Ok(TaxState::Missing(pointer.to_owned())) };
    let Some(shipping) = shipping else { return Ok(TaxState::Waiting) };
    if settings.value.provider == TaxProvider::Table && table::needs_state(&settings.value.rates, &address) {
        return Ok(TaxState::Missing(format!("{pointer}/state")));
    }
    let question = ask(snapshot, lines, shipping, &Place::new(&address, is_shipping), (settings, ship_from.as_ref()))?;
    if question.is_empty() {
        return Ok(known(TaxSource::None, None, Assessment::default()));
    }
    if settings.value.provider == TaxProvider::Table {
        return Ok(known(TaxSource::Table, None, table::assess(&settings.value.rates, &question)));
    }
    if let Some(pointer) = question.missing() {
        return Ok(TaxState::Missing(pointer));
    }
    let fingerprint = question.fingerprint();
    let found = calculations.iter().find(|calculation| calculation.fingerprint == fingerprint);
    Ok(match found.map(|calculation| (calculation.id, &calculation.outcome)) {
        None => TaxState::Open(Box::new(question)),
        Some((id, Outcome::Assessed { source, assessment })) => known(*source, Some(id), assessment.clone()),
        Some((_, Outcome::Refused { pointer: at, message })) => {
            TaxState::Refused { pointer: at.clone().unwrap_or_else(|| pointer.to_owned()), message: message.clone() }
        }
        Some((_, Outcome::Unavailable)) => TaxState::Unavailable,
    })
}

fn ask(
    snapshot: &Snapshot,
    lines: &[(&Line, i64)],
    shipping: i64,
    place: &Place,
    (settings, ship_from): (&Versioned<TaxSettings>, Option<&Address>),
) -> Result<Question> {
    let asked = lines.iter().filter(|(_, amount)| *amount > 0).map(|(line, amount)| AskedLine {
        reference: line.id.to_string(),
        amount: *amount,
        quantity: line.quantity,
        tax_code: question::tax_code(line.taxable, line.tax_code.as_deref(), &settings.value),
    });
    Ok(Question {
        currency: snapshot.cart.currency,
        behavior: settings.value.behavior(snapshot.cart.currency, &place.address.country),
        lines: asked.collect(),
        shipping,
        shipping_tax_code: settings.value.shipping_tax_code.clone(),
        place: place.clone(),
        ship_from: ship_from.cloned(),
        tax_ids: if settings.value.trust_tax_ids { tax_ids(snapshot)? } else { Vec::new() },
        exemption: snapshot.cart.tax_exemption,
        settings_version: settings.version,
    })
}
