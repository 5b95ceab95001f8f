//! Splitting an amount into parts that sum to it.

/// Splits `amount` over `weights` by largest remainder: every part is within one minor unit of its exact share,
/// keeps the amount's sign, and the parts sum to `amount`. Ties go to the earlier part. With no weight above
/// zero the first part takes all; without parts there is nothing to give.
///
/// Negative weights count as zero.
#[must_use]
pub fn allocate(amount: i64, weights: &[i64]) -> Vec<i64> {
    let weights: Vec<i128> = weights.iter().map(|weight| i128::from((*weight).max(0))).collect();
    let total: i128 = weights.iter().sum();
    if total == 0 {
        return (0..weights.len()).map(|index| if index == 0 { amount } else { 0 }).collect();
    }
    let sign = amount.signum();
    let magnitude = i128::from(amount).abs();
    let mut parts: Vec<i128> = weights.iter().map(|weight| magnitude * weight / total).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder
        .sort_by_key(|index| std::cmp::Reverse(weights.get(*index).map_or(0, |weight| magnitude * weight % total)));
    // Fewer units are left over than parts have a remainder, so each gets at most one.
    let left_over = usize::try_from(magnitude - parts.iter().sum::<i128>()).unwrap_or_default();
    for index in by_remainder.into_iter().take(left_over) {
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
        }
    }
    parts.into_iter().map(|part| sign * i64::try_from(part).unwrap_or(i64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_sum_and_stay_within_one_unit(
            amount in -1_000_000_000i64..1_000_000_000,
            weights in proptest::collection::vec(0i64..1_000_000_000, 1..99),
        ) {
            let parts = allocate(amount, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), amount);
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(amount) * i128::from(*weight);
                prop_assert!(total == 0 || (i128::from(*part) * total - exact).abs() < total);
                prop_assert!(total == 0 || *weight > 0 || *part == 0);
            }
        }

        #[test]
        fn a_part_never_exceeds_its_weight(weights in proptest::collection::vec(0i64..1_000_000, 1..99), share in 0i64..=100) {
            let total: i64 = weights.iter().sum();
            let parts = allocate(total * share / 100, &weights);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(part <= weight);
            }
        }

        #[test]
        fn extremes_do_not_panic(amount: i64, weights in proptest::collection::vec(any::<i64>(), 0..5)) {
            let parts = allocate(amount, &weights);
            if !weights.is_empty() && amount > i64::MIN {
                prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(amount));
            }
        }
    }

    #[test]
    fn ties_go_to_the_earlier_part() {
        assert_eq!(allocate(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(allocate(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(allocate(5, &[0, 0]), [5, 0]);
        assert!(allocate(5, &[]).is_empty());
    }
}
