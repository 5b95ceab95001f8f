//! Percentages with up to four decimals, as exact integers: 8.875 % is 88,750 millionths.

use std::fmt;
use std::str::FromStr;

/// Millionths of the whole that make one percent.
const PER_PERCENT: i64 = 10_000;

/// A percentage from 0 to 100; sent and written as a decimal number in a string, such as `"12.5"`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Percentage {
    millionths: i64,
}

impl Percentage {
    /// Everything.
    pub const ALL: Self = Self { millionths: 100 * PER_PERCENT };

    /// Millionths of the whole.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.millionths
    }

    /// The part of an amount, rounded half away from zero to a multiple of `step`.
    #[must_use]
    pub fn of(self, amount: i64, step: i64) -> i64 {
        round_to(i128::from(amount) * i128::from(self.millionths), 1_000_000, step)
    }

    /// The part that is contained in an amount: `amount − amount / (1 + p)`, rounded so that the rest is rounded half
    /// away from zero (R37).
    #[must_use]
    pub fn contained_in(self, amount: i64, step: i64) -> i64 {
        let rest = round_to(i128::from(amount) * 1_000_000, 1_000_000 + i128::from(self.millionths), step);
        amount - rest
    }

    /// The sum, which may be above 100.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { millionths: self.millionths.saturating_add(other.millionths) }
    }
}

/// `numerator / denominator`, rounded half away from zero to a multiple of `step`.
#[must_use]
pub fn round_to(numerator: i128, denominator: i128, step: i64) -> i64 {
    let step = i128::from(step.max(1));
    let denominator = denominator.max(1) * step;
    let whole = (2 * numerator.abs() + denominator) / (2 * denominator) * step;
    i64::try_from(whole * numerator.signum()).unwrap_or(i64::MAX)
}

impl FromStr for Percentage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a percentage from 0 to 100 with at most four decimals, such as `12.5`".to_owned();
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole, 3) || !is_number(decimals, 4) {
            return Err(wrong());
        }
        let millionths = format!("{whole}{decimals:0<4}").parse().unwrap_or(i64::MAX);
        if millionths > Self::ALL.millionths { Err(wrong()) } else { Ok(Self { millionths }) }
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / PER_PERCENT, self.millionths % PER_PERCENT);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:04}").trim_end_matches('0'))
    }
}

impl fmt::Debug for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} %")
    }
}

crate::db::text_value!(Percentage);

impl utoipa::PartialSchema for Percentage {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A percentage from 0 to 100 with at most four decimals"))
            .pattern(Some("^(100(\\.0{1,4})?|0?[0-9]{1,2}(\\.[0-9]{1,4})?)$"))
            .examples([serde_json::json!("12.5")])
            .into()
    }
}

impl utoipa::ToSchema for Percentage {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(text: &str) -> Percentage {
        text.parse().unwrap()
    }

    #[test]
    fn text_is_read_and_written() {
        for (text, shown, millionths) in [
            ("12.5", "12.5", 125_000),
            ("8.875", "8.875", 88_750),
            ("100.0", "100", 1_000_000),
            ("0.0001", "0.0001", 1),
        ] {
            assert_eq!((percent(text).to_string().as_str(), percent(text).millionths()), (shown, millionths));
        }
        for wrong in ["", "-1", "100.0001", "1.", ".5", "1.00000", "ten", "1e1", "1000"] {
            assert!(wrong.parse::<Percentage>().is_err(), "{wrong}");
        }
    }

    /// solidusio/solidus #901: 2.55 of tax are in 15.33 at 20 %, not the 2.56 that taxing the rounded net price gives.
    #[test]
    fn what_is_contained_is_rounded_from_the_gross_amount() {
        assert_eq!(percent("19").contained_in(1999, 1), 319);
        assert_eq!(percent("20").contained_in(1000, 1), 167);
        assert_eq!(percent("20").contained_in(1533, 1), 255);
        assert_eq!(percent("10").contained_in(1100, 1), 100);
    }

    #[test]
    fn halves_are_rounded_away_from_zero_and_steps_are_kept() {
        assert_eq!(percent("50").of(1, 1), 1);
        assert_eq!(percent("50").of(-1, 1), -1);
        assert_eq!(percent("10").of(1249, 10), 120);
        assert_eq!(percent("10").of(1250, 10), 130);
        assert_eq!(percent("8.875").of(10_000, 1), 888);
    }

    proptest! {
        #[test]
        fn a_part_is_between_nothing_and_all(amount in 0i64..100_000_000, millionths in 0i64..=1_000_000) {
            let percentage = Percentage { millionths };
            prop_assert!((0..=amount).contains(&percentage.of(amount, 1)));
            prop_assert!((0..=amount).contains(&percentage.contained_in(amount, 1)));
            prop_assert_eq!(percentage.to_string().parse::<Percentage>().unwrap(), percentage);
        }
    }
}
