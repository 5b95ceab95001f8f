//! The European Central Bank's daily reference rates, in the bank's own XML.
//!
//! The rates are fixed and plausible; the date is that of the last working day of the movable clock.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::arithmetic;

/// Where the feed is.
pub(crate) const PATH: &str = "/ecb/stats/eurofxref/eurofxref-daily.xml";

/// What one euro is worth, in the bank's order.
const RATES: &[(&str, &str)] = &[
    ("USD", "1.0842"),
    ("JPY", "163.06"),
    ("CZK", "25.314"),
    ("DKK", "7.4574"),
    ("GBP", "0.83550"),
    ("HUF", "408.93"),
    ("PLN", "4.3290"),
    ("RON", "4.9764"),
    ("SEK", "11.5220"),
    ("CHF", "0.9350"),
    ("ISK", "148.50"),
    ("NOK", "11.6840"),
    ("TRY", "36.4620"),
    ("AUD", "1.6592"),
    ("BRL", "6.2411"),
    ("CAD", "1.5123"),
    ("CNY", "7.8461"),
    ("HKD", "8.4402"),
    ("IDR", "17184.57"),
    ("ILS", "4.0351"),
    ("INR", "91.5715"),
    ("KRW", "1512.98"),
    ("MXN", "21.9835"),
    ("MYR", "4.8430"),
    ("NZD", "1.8425"),
    ("PHP", "63.624"),
    ("SGD", "1.4512"),
    ("THB", "37.286"),
    ("ZAR", "19.6040"),
];

/// What the control side has the feed show instead.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Published {
    /// The date, instead of the last working day.
    date: Option<NaiveDate>,
    /// Rates by currency, instead of or beside the fixed ones.
    rates: BTreeMap<String, String>,
}

impl Published {
    /// What is wrong with the order, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        self.rates.iter().find_map(|(currency, rate)| {
            let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
            let is_rate = arithmetic::scaled(rate, 8).is_some_and(|rate| rate > 0);
            (!is_code || !is_rate).then(|| format!("{currency}: {rate} is no rate of a currency"))
        })
    }
}

/// Answers a request for the feed.
pub(crate) fn answer(method: &str, path: &str, now: DateTime<Utc>, published: &Published) -> Answer {
    if method == "GET" && path == PATH {
        let date = published.date.unwrap_or_else(|| last_working_day(now.date_naive()));
        Answer::Text { status: 200, content_type: "text/xml", body: document(date, &published.rates) }
    } else {
        Answer::Text { status: 404, content_type: "text/html", body: "<h1>Not found</h1>".to_owned() }
    }
}

fn last_working_day(date: NaiveDate) -> NaiveDate {
    let days_since_friday = u64::from(date.weekday().num_days_from_monday().saturating_sub(4));
    date.checked_sub_days(Days::new(days_since_friday)).unwrap_or(date)
}

fn document(date: NaiveDate, instead: &BTreeMap<String, String>) -> String {
    let mut cubes = String::new();
    let mut cube = |currency: &str, rate: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(cubes, "\t\t\t<Cube currency='{currency}' rate='{rate}'/>");
    };
    for (currency, rate) in RATES {
        cube(currency, instead.get(*currency).map_or(*rate, String::as_str));
    }
    let is_fixed = |currency: &str| RATES.iter().any(|(fixed, _)| *fixed == currency);
    for (currency, rate) in instead.iter().filter(|(currency, _)| !is_fixed(currency)) {
        cube(currency, rate);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
         xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\
         \t<gesmes:subject>Reference rates</gesmes:subject>\n\
         \t<gesmes:Sender>\n\
         \t\t<gesmes:name>European Central Bank</gesmes:name>\n\
         \t</gesmes:Sender>\n\
         \t<Cube>\n\
         \t\t<Cube time='{date}'>\n{cubes}\
         \t\t</Cube>\n\
         \t</Cube>\n\
         </gesmes:Envelope>\n"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDate;

    use super::{document, last_working_day};

    #[test]
    fn weekends_show_the_friday_before() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        assert_eq!([19, 20, 21, 22, 23].map(|at| last_working_day(day(at))), [19, 20, 20, 20, 23].map(day));
    }

    #[test]
    fn orders_replace_rates_and_add_to_them() {
        let orders = [("USD", "1.1000"), ("XXX", "2")].map(|(code, rate)| (code.to_owned(), rate.to_owned()));
        let text = document(NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(), &BTreeMap::from(orders));
        for part in ["time='2026-11-20'", "currency='USD' rate='1.1000'", "currency='JPY' rate='163.06'", "'XXX'"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
