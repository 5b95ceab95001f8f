//! Reading carriers' rates: one for each service, the cheapest, in the cart's currency.

use serde_json::Value;

use crate::money::{Currency, Money, round_to};
use crate::payments::smallest_charge_step;

/// What a carrier asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierRate {
    /// Shippo's rate.
    pub id: String,
    /// The carrier: `USPS`.
    pub carrier: String,
    /// The service's token, the same for each shipment: `usps_priority`.
    pub token: String,
    /// The service's name: `Priority Mail`.
    pub name: String,
    /// How much.
    pub price: Money,
    /// Working days, as the carrier estimates.
    pub days: Option<i32>,
}

/// The rates that are in a currency, the sender's or the recipient's, cheapest first; of several accounts' rates for one
/// service the cheapest.
#[must_use]
pub fn read(offered: &[Value], currency: Currency) -> Vec<CarrierRate> {
    let mut rates: Vec<CarrierRate> = offered.iter().filter_map(|rate| one(rate, currency)).collect();
    rates.sort_by(|a, b| (a.price.amount, &a.token).cmp(&(b.price.amount, &b.token)));
    let mut seen = std::collections::BTreeSet::new();
    rates.retain(|rate| seen.insert((rate.carrier.clone(), rate.token.clone())));
    rates
}

fn one(rate: &Value, currency: Currency) -> Option<CarrierRate> {
    let text = |pointer: &str| rate.pointer(pointer).and_then(Value::as_str);
    let pairs = [("/amount", "/currency"), ("/amount_local", "/currency_local")];
    let amount =
        pairs.iter().find(|(_, its)| text(its) == Some(currency.code())).and_then(|(amount, _)| text(amount))?;
    let days = rate.get("estimated_days").and_then(Value::as_i64).and_then(|days| i32::try_from(days).ok());
    Some(CarrierRate {
        id: text("/object_id")?.to_owned(),
        carrier: text("/provider")?.to_owned(),
        token: text("/servicelevel/token")?.to_owned(),
        name: text("/servicelevel/name").unwrap_or_default().to_owned(),
        price: Money::new(minor(amount, currency)?, currency),
        days: days.filter(|days| (0..=365).contains(days)),
    })
}

/// A decimal text in the currency's minor units, rounded to what can be charged; `None` for what is no price.
pub(super) fn minor(text: &str, currency: Currency) -> Option<i64> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_number = |part: &str| part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let numerator: i128 = format!("{whole}{decimals}").parse().ok()?;
    let scale = 10_i128.pow(u32::try_from(decimals.len()).ok()?);
    Some(round_to(numerator * 10_i128.pow(currency.exponent()), scale, smallest_charge_step(currency)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn decimals_become_minor_units_once() {
        let read = |text: &str, code: &str| minor(text, code.parse().unwrap());
        assert_eq!(read("5.50", "USD"), Some(550));
        assert_eq!(read("5.505", "EUR"), Some(551));
        assert_eq!(read("1200", "JPY"), Some(1200));
        assert_eq!(read("1200.50", "JPY"), Some(1201));
        assert_eq!(read("2.3456", "KWD"), Some(2350));
        for wrong in ["", "-1", "1e3", "five", "1.2.3", "99999999999"] {
            assert_eq!(read(wrong, "USD"), None, "{wrong}");
        }
    }

    #[test]
    fn the_cheapest_of_a_service_is_kept_and_other_currencies_are_left_out() {
        let rate = |id: &str, token: &str, amount: &str, currency: &str| {
            json!({"object_id": id, "provider": "UPS", "servicelevel": {"token": token, "name": token}, "amount": amount,
                "currency": currency, "amount_local": "9.99", "currency_local": "GBP", "estimated_days": 3})
        };
        let offered = [
            rate("a", "x", "7.00", "EUR"),
            rate("b", "x", "6.00", "EUR"),
            rate("c", "y", "5.00", "EUR"),
            rate("d", "z", "1.00", "USD"),
        ];
        let ids = |currency: &str| {
            read(&offered, currency.parse().unwrap()).into_iter().map(|rate| rate.id).collect::<Vec<_>>()
        };
        assert_eq!(ids("EUR"), ["c", "b"]);
        assert_eq!(ids("GBP").len(), 3);
        assert!(ids("JPY").is_empty());
    }
}
