//! Stripe's own idea of minor units, where it differs from ISO 4217 (docs.stripe.com/currencies).

use crate::money::{Currency, Money};

/// Currencies whose amounts at Stripe are ISO minor units × 100: ISO says no decimals, Stripe's API keeps two.
const HUNDREDFOLD: [&str; 2] = ["ISK", "UGX"];

/// ISO says two decimals, Stripe counts whole units.
const WHOLE: [&str; 1] = ["MGA"];

/// The smallest charge in Stripe's minor units, for settlement in the same currency (docs.stripe.com/currencies).
const MINIMUMS: &[(&str, i64)] = &[
    ("AED", 200),
    ("AUD", 50),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("USD", 50),
];

/// The smallest amount in our minor units of which every multiple can be charged.
#[must_use]
pub fn smallest_charge_step(currency: Currency) -> i64 {
    if WHOLE.contains(&currency.code()) {
        100
    } else if currency.exponent() == 3 {
        10
    } else {
        1
    }
}

/// The amount in Stripe's minor units; `None` when Stripe cannot charge it exactly: three-decimal currencies must
/// end in 0, MGA has no fractions there.
#[must_use]
pub fn to_stripe(money: Money) -> Option<i64> {
    let code = money.currency.code();
    if HUNDREDFOLD.contains(&code) {
        money.amount.checked_mul(100)
    } else if WHOLE.contains(&code) {
        (money.amount % 100 == 0).then_some(money.amount / 100)
    } else if money.currency.exponent() == 3 {
        (money.amount % 10 == 0).then_some(money.amount)
    } else {
        Some(money.amount)
    }
}

/// The inverse of [`to_stripe`]; `None` for an amount that we never sent.
#[must_use]
pub fn from_stripe(amount: i64, currency: Currency) -> Option<Money> {
    let code = currency.code();
    let minor = if HUNDREDFOLD.contains(&code) {
        (amount % 100 == 0).then_some(amount / 100)
    } else if WHOLE.contains(&code) {
        amount.checked_mul(100)
    } else {
        Some(amount)
    };
    minor.map(|minor| Money::new(minor, currency))
}

/// The smallest charge in our minor units; zero where Stripe's table has none.
#[must_use]
pub fn minimum_charge(currency: Currency) -> i64 {
    let minimum = MINIMUMS.iter().find(|(code, _)| *code == currency.code()).map_or(0, |(_, minimum)| *minimum);
    from_stripe(minimum, currency).map_or(0, |money| money.amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_can_be_sent_comes_back(
            amount in 0..crate::money::MAX_AMOUNT,
            currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
        ) {
            let money = Money::new(amount, currency);
            prop_assert_eq!(to_stripe(money).is_some(), amount % smallest_charge_step(currency) == 0);
            if let Some(sent) = to_stripe(money) {
                prop_assert_eq!(from_stripe(sent, currency), Some(money));
            }
        }
    }

    #[test]
    fn the_odd_ones_follow_the_documentation() {
        let send = |amount, code: &str| to_stripe(Money::new(amount, code.parse().unwrap()));
        assert_eq!(send(1999, "EUR"), Some(1999));
        assert_eq!(send(2000, "JPY"), Some(2000));
        assert_eq!(send(5, "ISK"), Some(500));
        assert_eq!(send(5120, "KWD"), Some(5120));
        assert_eq!(send(5124, "KWD"), None);
        assert_eq!(send(150, "MGA"), None);
    }
}
