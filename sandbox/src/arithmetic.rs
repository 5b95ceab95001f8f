//! Decimal texts and rounding on integers; no floats anywhere.

use std::cmp::Reverse;

/// A plain non-negative decimal as whole units of 10^-`places`; none when it is something else or finer.
pub(crate) fn scaled(text: &str, places: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = if places == 0 && fraction == "0" { "" } else { fraction };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = !whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() <= places;
    if !is_plain || text.ends_with('.') {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// A non-negative number of units of 10^-`places` as a decimal with exactly so many places.
pub(crate) fn shown(units: i64, places: u32) -> String {
    if places == 0 {
        return units.to_string();
    }
    let scale = 10_i64.pow(places);
    let width = usize::try_from(places).unwrap_or_default();
    format!("{}.{:0width$}", units / scale, units % scale)
}

/// The quotient of two non-negative numbers, rounded half up.
pub(crate) fn half_up(numerator: i128, denominator: i128) -> i64 {
    i64::try_from((2 * numerator + denominator) / (2 * denominator)).unwrap_or(i64::MAX)
}

/// Splits `total` in proportion to `weights` by largest remainder; all of it is non-negative.
pub(crate) fn allocate(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: i64| i128::from(total) * i128::from(weight);
    let mut shares: Vec<i64> =
        weights.iter().map(|weight| i64::try_from(exact(*weight) / sum).unwrap_or_default()).collect();
    let mut left = total - shares.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| Reverse(weights.get(*index).map_or(0, |weight| exact(*weight) % sum)));
    for index in order {
        if left == 0 {
            break;
        }
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
            left -= 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{allocate, half_up, scaled, shown};

    #[test]
    fn reads_and_prints_decimals() {
        assert_eq!(scaled("5.5", 4), Some(55_000));
        assert_eq!(scaled("12", 2), Some(1200));
        assert_eq!(scaled("12", 0), Some(12));
        for wrong in ["", ".5", "5.", "-1", "1e3", "1.23456", "0.1.2", " 1"] {
            assert_eq!(scaled(wrong, 4), None, "{wrong}");
        }
        assert_eq!((shown(1205, 2), shown(7, 0), shown(5, 2)), ("12.05".to_owned(), "7".to_owned(), "0.05".to_owned()));
    }

    #[test]
    fn rounds_half_up_and_splits_to_the_last_unit() {
        assert_eq!((half_up(5, 10), half_up(4, 10), half_up(15, 10)), (1, 0, 2));
        assert_eq!(allocate(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(allocate(7, &[0, 2, 3]), [0, 3, 4]);
        assert_eq!(allocate(0, &[]), Vec::<i64>::new());
    }
}
