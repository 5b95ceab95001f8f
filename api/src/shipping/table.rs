//! Which rates a cart has: the zone of its address, and in it the band of its weight or value. Pure.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::model::{Band, Basis, RateSource, ShippingRate};
use crate::address::{Address, state_code};
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::ids::ShippingRateId;
use crate::money::{Currency, Money};

/// A rate of the address's zone, before it is known whether the cart is in one of its bands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TableRate {
    id: Uuid,
    name: String,
    description: Option<String>,
    min_days: Option<i32>,
    max_days: Option<i32>,
    basis: Basis,
    bands: Value,
}

/// Asks for the rates of the zone that an address is in, by its state, else its country, else everywhere else: [`TableRate`]s.
#[must_use]
pub fn rates_to(address: &Address) -> Statement {
    let state = address.state.as_deref().unwrap_or_default();
    Statement::constant(
        "SELECT id, name, description, min_days, max_days, basis, bands FROM shipping_rates WHERE zone_id = ( \
             SELECT zone_id FROM shipping_zone_regions \
             WHERE country = $1 AND (state = '' OR lower(state) IN (lower($2), lower($3))) OR country = '*' \
             ORDER BY country = '*', state = '' LIMIT 1 \
         ) ORDER BY position",
    )
    .with(Bind::Text(address.country.clone()))
    .with(Bind::Text(state.trim().to_owned()))
    .with(Bind::Text(state_code(&address.country, state)))
}

/// What a cart's shipping depends on.
#[derive(Debug, Clone, Copy)]
pub struct Measures {
    /// The currency of the cart.
    pub currency: Currency,
    /// Of what is sent.
    pub weight_grams: i64,
    /// Of all lines, in minor units.
    pub subtotal: i64,
}

/// The rates that take a parcel, with their prices.
///
/// # Errors
/// When the database holds what are no bands, which is a defect.
pub fn applicable(rates: &[TableRate], parcel: Measures) -> Result<Vec<ShippingRate>> {
    let mut found = Vec::new();
    for rate in rates {
        let bands: Vec<Band> = serde_json::from_value(rate.bands.clone())
            .map_err(|error| Error::Internal(format!("shipping_rates.bands: {error}")))?;
        if let Some(price) = price(&bands, rate.basis, parcel) {
            found.push(ShippingRate {
                id: ShippingRateId(rate.id).to_string(),
                name: rate.name.clone(),
                description: rate.description.clone(),
                price: Money::new(price, parcel.currency),
                min_days: rate.min_days,
                max_days: rate.max_days,
                source: RateSource::Table,
                carrier: None,
                cheapest: false,
                fastest: false,
                provider_rate_id: None,
            });
        }
    }
    Ok(found)
}

fn price(bands: &[Band], basis: Basis, parcel: Measures) -> Option<i64> {
    let measure = match basis {
        Basis::Weight => parcel.weight_grams,
        Basis::Subtotal => parcel.subtotal,
    };
    let takes = |band: &&Band| {
        band.currency == parcel.currency && band.min <= measure && band.max.is_none_or(|max| measure < max)
    };
    bands.iter().find(takes).map(|band| band.price)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parcel(weight_grams: i64, subtotal: i64) -> Measures {
        Measures { currency: "EUR".parse().unwrap(), weight_grams, subtotal }
    }

    fn band(currency: &str, min: i64, max: Option<i64>, price: i64) -> Band {
        Band { currency: currency.parse().unwrap(), min, max, price }
    }

    #[test]
    fn a_band_takes_from_its_start_to_before_its_end() {
        let bands = [band("EUR", 0, Some(1000), 490), band("EUR", 1000, None, 990), band("USD", 0, None, 590)];
        let by = |basis, grams, subtotal| price(&bands, basis, parcel(grams, subtotal));
        assert_eq!([by(Basis::Weight, 999, 0), by(Basis::Weight, 1000, 0)], [Some(490), Some(990)]);
        assert_eq!(by(Basis::Subtotal, 5000, 10), Some(490));
        assert_eq!(price(&bands[..1], Basis::Weight, parcel(1000, 0)), None);
        assert_eq!(price(&bands[2..], Basis::Weight, parcel(1, 0)), None);
    }

    proptest! {
        #[test]
        fn bands_that_tile_give_every_parcel_one_price(cuts in proptest::collection::btree_set(1i64..100_000, 0..8), grams in 0i64..200_000) {
            let cuts: Vec<i64> = [0].into_iter().chain(cuts).collect();
            let bands: Vec<Band> = cuts.iter().enumerate().map(|(at, cut)| band("EUR", *cut, cuts.get(at + 1).copied(), *cut)).collect();
            let expected = cuts.iter().filter(|cut| **cut <= grams).max().copied();
            prop_assert_eq!(price(&bands, Basis::Weight, parcel(grams, 0)), expected);
        }
    }
}
