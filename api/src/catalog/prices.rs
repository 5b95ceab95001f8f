//! A variant's prices as they are read: given by the shop or, with a date, derived from what was given.

use chrono::NaiveDate;

use super::model::{DerivedPrice, Price, PriceOrigin};
use crate::money::Currency;

/// A price, given or derived.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnyPrice {
    /// ISO 4217.
    pub(super) currency: Currency,
    /// Minor units.
    pub(super) amount: i64,
    /// The former price.
    pub(super) compare_at_amount: Option<i64>,
    /// The day of the rates that it is derived by; `None` for one that the shop gave.
    pub(super) rate_date: Option<NaiveDate>,
}

impl AnyPrice {
    /// Where it comes from.
    pub(super) const fn origin(self) -> PriceOrigin {
        if self.rate_date.is_some() { PriceOrigin::Derived } else { PriceOrigin::Manual }
    }

    /// The price that the shop gave.
    pub(super) fn given(self) -> Option<Price> {
        let Self { currency, amount, compare_at_amount, rate_date } = self;
        rate_date.is_none().then_some(Price { amount, currency, compare_at_amount })
    }

    /// The price that is derived.
    pub(super) fn derived(self) -> Option<DerivedPrice> {
        let Self { currency, amount, compare_at_amount, rate_date } = self;
        Some(DerivedPrice { amount, currency, compare_at_amount, rate_date: rate_date? })
    }
}
