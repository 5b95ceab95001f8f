//! When people buy: more from month to month, more in Advent, more in the evening.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use rand::Rng;
use rand::rngs::StdRng;

/// How many days the year has.
const DAYS: i64 = 365;

/// Of a thousand buyers of a day, how many buy in each hour (UTC).
const HOURS: [u32; 24] = [12, 6, 4, 3, 4, 9, 20, 36, 48, 54, 56, 58, 60, 55, 50, 48, 50, 58, 72, 86, 84, 66, 42, 23];

/// When the orders of the year until now were paid, oldest first.
pub(super) fn moments(random: &mut StdRng, orders: u32, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let today = now.date_naive();
    let days: Vec<NaiveDate> = (0..DAYS).map(|back| today - TimeDelta::days(DAYS - 1 - back)).collect();
    let weights: Vec<u64> = (0..).zip(&days).map(|(number, day)| weight(number, *day)).collect();
    let all: u64 = weights.iter().sum();
    let mut moments: Vec<DateTime<Utc>> = (0..orders)
        .map(|_| {
            let day = drawn(random, &weights, all).and_then(|index| days.get(index)).copied().unwrap_or(today);
            let moment = day.and_time(NaiveTime::MIN).and_utc() + time(random);
            // What would be paid later today was paid at that time yesterday.
            if moment < now - TimeDelta::minutes(5) { moment } else { moment - TimeDelta::days(1) }
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// How much is bought on a day, the number of which says how long the shop is there.
fn weight(number: u64, day: NaiveDate) -> u64 {
    let growth = 600 + number * 2;
    let weekday = match day.weekday().num_days_from_monday() {
        0 => 115,
        1..=3 => 105,
        4 => 95,
        5 => 80,
        _ => 100,
    };
    let season = match (day.month(), day.day()) {
        // The sales at the end of November, and Advent until parcels come too late.
        (11, 26..=30) => 260,
        (12, 1..=14) => 190,
        (12, 15..=20) => 230,
        (11, 15..=25) => 150,
        (12, 24..=26) => 50,
        (1 | 2, _) => 80,
        (7 | 8, _) => 92,
        _ => 100,
    };
    growth * weekday * season / 10_000
}

fn time(random: &mut StdRng) -> TimeDelta {
    let weights: Vec<u64> = HOURS.iter().map(|weight| u64::from(*weight)).collect();
    let hour = drawn(random, &weights, weights.iter().sum()).unwrap_or_default();
    TimeDelta::hours(i64::try_from(hour).unwrap_or_default())
        + TimeDelta::milliseconds(random.random_range(0..3_600_000))
}

/// The index of one of the weights, drawn by their size.
pub(super) fn drawn(random: &mut StdRng, weights: &[u64], all: u64) -> Option<usize> {
    let mut left = random.random_range(0..all.max(1));
    weights.iter().position(|weight| {
        let is_here = left < *weight;
        left = left.saturating_sub(*weight);
        is_here
    })
}
