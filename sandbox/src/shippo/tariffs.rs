//! What services cost: a small table in US cents, by lane and billed weight.

use crate::countries;

/// Weight steps that are charged once started, in grams.
const STEP: i64 = 500;

/// What a border inside the European Union costs more, in percent of the tariff.
const ABROAD_PERCENT: i64 = 140;

/// Millionths of each currency that one US dollar is worth, at the rates of the sandbox's ECB feed.
const CURRENCIES: &[(&str, i64)] = &[
    ("AUD", 1_530_345),
    ("CAD", 1_394_853),
    ("CHF", 862_387),
    ("DKK", 6_878_251),
    ("EUR", 922_339),
    ("GBP", 770_614),
    ("JPY", 150_396_606),
    ("NOK", 10_776_610),
    ("PLN", 3_992_806),
    ("SEK", 10_627_190),
    ("USD", 1_000_000),
];

/// Between which places a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Inside the United States.
    UnitedStates,
    /// Inside another country or the European Union.
    Near,
    /// Across a customs border.
    World,
}

/// A service of a carrier.
#[derive(Debug)]
pub(super) struct Service {
    /// The carrier's name.
    pub(super) provider: &'static str,
    /// Shippo's token.
    pub(super) token: &'static str,
    /// The service's name.
    pub(super) name: &'static str,
    /// Where it runs.
    lane: Lane,
    /// The only country it starts from, if there is one.
    only_from: Option<&'static str>,
    /// For each parcel, in cents.
    base: i64,
    /// For each started half kilogram, in cents.
    step: i64,
    /// Days on the way.
    pub(super) days: i64,
    /// Whether the carrier's second account offers it too.
    pub(super) is_twofold: bool,
}

/// A row of the table: base, step, days.
const fn service(
    (provider, token, name): (&'static str, &'static str, &'static str),
    lane: Lane,
    (base, step, days): (i64, i64, i64),
    is_twofold: bool,
) -> Service {
    Service { provider, token, name, lane, only_from: None, base, step, days, is_twofold }
}

/// All services.
pub(super) const SERVICES: &[Service] = &[
    service(("USPS", "usps_ground_advantage", "Ground Advantage"), Lane::UnitedStates, (540, 60, 4), false),
    service(("USPS", "usps_priority", "Priority Mail"), Lane::UnitedStates, (890, 110, 2), false),
    service(("UPS", "ups_ground", "Ground"), Lane::UnitedStates, (1010, 90, 3), true),
    service(("UPS", "ups_next_day_air", "Next Day Air®"), Lane::UnitedStates, (3900, 450, 1), false),
    service(("DHL eCommerce", "dhl_ecommerce_parcels_ground", "Parcels Ground"), Lane::Near, (520, 50, 3), false),
    service(("UPS", "ups_standard", "Standard"), Lane::Near, (790, 70, 2), true),
    service(("DHL Express", "dhl_express_domestic_express_doc", "Domestic Express"), Lane::Near, (1890, 160, 1), false),
    service(("DHL Express", "dhl_express_worldwide", "Worldwide"), Lane::World, (4900, 620, 2), false),
    service(("UPS", "ups_saver", "Worldwide Saver®"), Lane::World, (4600, 600, 3), true),
    Service {
        only_from: Some("US"),
        ..service(
            ("USPS", "usps_first_class_package_international_service", "First-Class Package International Service"),
            Lane::World,
            (1490, 210, 12),
            false,
        )
    },
];

/// What is sent, from where to where.
#[derive(Debug)]
pub(super) struct Load {
    /// Sender's country.
    pub(super) from: String,
    /// Recipient's country.
    pub(super) to: String,
    /// How many parcels.
    pub(super) parcels: i64,
    /// Billed weight of all of them.
    pub(super) grams: i64,
}

impl Load {
    /// The lane it takes.
    pub(super) fn lane(&self) -> Lane {
        if countries::border_between(&self.from, &self.to) {
            Lane::World
        } else if self.from == "US" {
            Lane::UnitedStates
        } else {
            Lane::Near
        }
    }

    /// The lane's name in `zone`.
    pub(super) fn zone(&self) -> &'static str {
        match self.lane() {
            Lane::UnitedStates => "1",
            Lane::Near => "2",
            Lane::World => "8",
        }
    }
}

impl Service {
    /// The price in cents at `percent` of the tariff; none where the service does not run.
    pub(super) fn price(&self, load: &Load, percent: i64) -> Option<i64> {
        if self.lane != load.lane() || self.only_from.is_some_and(|country| country != load.from) {
            return None;
        }
        let steps = load.grams.div_euclid(STEP) + i64::from(load.grams.rem_euclid(STEP) > 0);
        let tariff = self.base.saturating_mul(load.parcels).saturating_add(self.step.saturating_mul(steps));
        let is_abroad = self.lane == Lane::Near && load.from != load.to;
        let percent = if is_abroad { percent * ABROAD_PERCENT / 100 } else { percent };
        Some(tariff.saturating_mul(percent) / 100)
    }
}

/// US cents as a decimal in another currency; none for a currency without a rate.
pub(super) fn converted(cents: i64, currency: &str) -> Option<String> {
    let (_, rate) = CURRENCIES.iter().find(|(code, _)| *code == currency)?;
    let exact = i128::from(cents) * i128::from(*rate);
    Some(if currency == "JPY" {
        crate::arithmetic::half_up(exact, 100_000_000).to_string()
    } else {
        crate::arithmetic::shown(crate::arithmetic::half_up(exact, 1_000_000), 2)
    })
}

#[cfg(test)]
mod tests {
    use super::{Load, SERVICES, converted};

    #[test]
    fn prices_grow_by_started_half_kilograms_and_parcels() {
        let price = |grams: i64, parcels: i64, to: &str| {
            let load = Load { from: "DE".to_owned(), to: to.to_owned(), parcels, grams };
            SERVICES.iter().filter_map(|service| service.price(&load, 100)).min()
        };
        assert_eq!([price(500, 1, "DE"), price(501, 1, "DE"), price(500, 2, "DE")], [Some(570), Some(620), Some(1090)]);
        assert_eq!((price(500, 1, "AT"), price(500, 1, "CH")), (Some(798), Some(5200)));
    }

    #[test]
    fn currencies_have_their_own_decimals() {
        assert_eq!(converted(570, "EUR").as_deref(), Some("5.26"));
        assert_eq!(converted(570, "JPY").as_deref(), Some("857"));
        assert_eq!(converted(570, "XXX"), None);
    }
}
