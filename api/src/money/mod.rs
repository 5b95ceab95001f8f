//! Money: integer minor units with a currency. Pure; no floats, no I/O.
//!
//! `{"amount": 1999, "currency": "EUR", "decimal": "19.99"}`: `decimal` is for showing and ignored on input.

mod allocate;
mod currency;
mod percentage;

pub use allocate::allocate;
pub use currency::Currency;
pub use percentage::{Percentage, round_to};

use serde::{Deserialize, Serialize};

/// The largest amount of one document, in minor units: Stripe's limit of eight digits (CONTRACTS §1.6).
pub const MAX_AMOUNT: i64 = 99_999_999;

/// An amount of a currency in its minor units (cents for EUR, yen for JPY, fils for KWD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 currency.
    pub currency: Currency,
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met in one sum.
    #[error("amounts of two currencies cannot be added")]
    CurrencyMismatch,
    /// The result does not fit.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// An amount of minor units.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the sum overflows.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference, which may be negative.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the difference overflows.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount `quantity` times.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit.
    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyError> {
        self.amount.checked_mul(quantity).map(|amount| Self::new(amount, self.currency)).ok_or(MoneyError::Overflow)
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        operation(self.amount, other.amount).map(|amount| Self::new(amount, self.currency)).ok_or(MoneyError::Overflow)
    }

    /// The amount in major units as people write it, with the currency's decimals: `19.99`, `2000`, `1.250`.
    #[must_use]
    pub fn decimal(&self) -> String {
        let exponent = usize::try_from(self.currency.exponent()).unwrap_or_default();
        let digits = format!("{:0width$}", self.amount.unsigned_abs(), width = exponent + 1);
        let (major, minor) = digits.split_at(digits.len() - exponent);
        let sign = if self.amount < 0 { "-" } else { "" };
        if minor.is_empty() { format!("{sign}{major}") } else { format!("{sign}{major}.{minor}") }
    }

    /// Reads an amount in major units with at most the currency's decimals; the inverse of [`Money::decimal`].
    ///
    /// # Errors
    /// Says what is wrong: not a number, too many decimals, too large.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, String> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (major, minor) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if major.is_empty() || !is_number(major) || !is_number(minor) || digits.ends_with('.') {
            return Err("expected a decimal number such as `19.99`".to_owned());
        }
        let exponent = usize::try_from(currency.exponent()).unwrap_or_default();
        if minor.len() > exponent {
            return Err(format!("{currency} has at most {exponent} decimals"));
        }
        format!("{major}{minor:0<exponent$}")
            .parse::<i64>()
            .map(|amount| Self::new(sign * amount, currency))
            .map_err(|error| format!("the amount is too large: {error}"))
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyBody { amount: self.amount, currency: self.currency, decimal: Some(self.decimal()) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MoneyBody::deserialize(deserializer).map(|body| Self::new(body.amount, body.currency))
    }
}

/// An amount of money.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
struct MoneyBody {
    /// Integer minor units: 1999 is EUR 19.99, 2000 is JPY 2000.
    #[schema(example = 1999)]
    amount: i64,
    /// ISO 4217 code in capitals.
    currency: Currency,
    /// The amount in major units, for showing; ignored on input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "19.99", nullable = false)]
    decimal: Option<String>,
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        MoneyBody::schema()
    }
}

impl utoipa::ToSchema for Money {
    fn name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        MoneyBody::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(Currency::all().collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn decimals_survive_the_round_trip(amount in -MAX_AMOUNT..=MAX_AMOUNT, currency in currency()) {
            let money = Money::new(amount, currency);
            prop_assert_eq!(Money::parse_decimal(&money.decimal(), currency).unwrap(), money);
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,30}", currency in currency()) {
            let _ = Money::parse_decimal(&text, currency);
            let _ = serde_json::from_str::<Money>(&text);
        }

        #[test]
        fn numbers_of_any_length_never_panic(text in "-?[0-9]{0,40}\\.?[0-9]{0,5}", currency in currency()) {
            let _ = Money::parse_decimal(&text, currency);
        }

        #[test]
        fn arithmetic_never_wraps(a: i64, b: i64, currency in currency()) {
            let (left, right) = (Money::new(a, currency), Money::new(b, currency));
            prop_assert_eq!(left.checked_add(right).ok().map(|sum| sum.amount), a.checked_add(b));
            prop_assert_eq!(left.checked_sub(right).ok().map(|sum| sum.amount), a.checked_sub(b));
            prop_assert_eq!(left.checked_mul(b).ok().map(|product| product.amount), a.checked_mul(b));
        }
    }

    #[test]
    fn exponents_shape_the_decimal() {
        let show = |amount, code: &str| Money::new(amount, code.parse().unwrap()).decimal();
        assert_eq!(show(1999, "EUR"), "19.99");
        assert_eq!(show(-5, "EUR"), "-0.05");
        assert_eq!(show(2000, "JPY"), "2000");
        assert_eq!(show(1250, "KWD"), "1.250");
        assert_eq!(show(i64::MIN, "JPY"), "-9223372036854775808");
    }

    #[test]
    fn currencies_do_not_mix() {
        let (euro, yen) = (Money::new(1, "EUR".parse().unwrap()), Money::new(1, "JPY".parse().unwrap()));
        assert_eq!(euro.checked_add(yen), Err(MoneyError::CurrencyMismatch));
    }
}
