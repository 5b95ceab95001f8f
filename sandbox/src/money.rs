//! What Stripe knows about currencies: exponents, minimum and maximum charges, and display.
//!
//! The minimum table and the currency list are taken from general knowledge of Stripe's
//! documentation, not from a machine-readable source; correct them here if Stripe differs.

use crate::error::StripeError;

/// Largest amount a charge may have, in minor units.
const MAXIMUM: i64 = 99_999_999;

const ZERO_DECIMAL: &[&str] =
    &["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];

const THREE_DECIMAL: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

const TWO_DECIMAL: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd",
    "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve", "czk", "dkk", "dop",
    "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf",
    "idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad",
    "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr",
    "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd",
    "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "usd", "uyu",
    "uzs", "wst", "xcd", "yer", "zar", "zmw",
];

const MINIMUMS: &[(&str, i64)] = &[
    ("usd", 50),
    ("aed", 200),
    ("aud", 50),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
];

/// Decimal places of the minor unit as Stripe counts it.
pub(crate) fn exponent(currency: &str) -> u32 {
    if ZERO_DECIMAL.contains(&currency) {
        0
    } else if THREE_DECIMAL.contains(&currency) {
        3
    } else {
        2
    }
}

/// The currency in lower case, or Stripe's refusal.
pub(crate) fn currency(code: &str, param: &str) -> Result<String, StripeError> {
    let lower = code.to_ascii_lowercase();
    let known = [ZERO_DECIMAL, TWO_DECIMAL, THREE_DECIMAL].iter().any(|list| list.contains(&lower.as_str()));
    if known { Ok(lower) } else { Err(StripeError::invalid(format!("Invalid currency: {lower}")).param(param)) }
}

/// Refuses amounts that are not a lawful multiple of the currency's smallest charge step.
pub(crate) fn check_step(amount: i64, currency: &str, param: &str) -> Result<(), StripeError> {
    if currency == "isk" && amount.rem_euclid(100) != 0 {
        return Err(StripeError::invalid(
            "Invalid amount: ISK has no decimals in practice, so the amount must be a multiple of 100.",
        )
        .code("invalid_charge_amount_no_decimal_compatible")
        .param(param));
    }
    if exponent(currency) == 3 && amount.rem_euclid(10) != 0 {
        return Err(StripeError::invalid(format!(
            "Invalid amount: the least significant digit of an amount in {} must be 0.",
            currency.to_uppercase()
        ))
        .code("invalid_charge_amount")
        .param(param));
    }
    Ok(())
}

/// Refuses totals that Stripe would not charge; zero is not a charge and passes.
pub(crate) fn check_total(amount: i64, currency: &str, param: &str) -> Result<(), StripeError> {
    check_step(amount, currency, param)?;
    if amount > MAXIMUM {
        return Err(StripeError::invalid(format!(
            "The total amount due must be no more than {}.",
            format_amount(MAXIMUM, currency)
        ))
        .code("amount_too_large")
        .param(param));
    }
    let minimum = MINIMUMS.iter().find(|(code, _)| *code == currency).map_or(1, |(_, minimum)| *minimum);
    if amount > 0 && amount < minimum {
        return Err(StripeError::invalid(format!(
            "The total amount due must add up to at least {}.",
            format_amount(minimum, currency)
        ))
        .code("amount_too_small")
        .param(param));
    }
    Ok(())
}

/// An amount for people, as `12.50 EUR`.
pub(crate) fn format_amount(amount: i64, currency: &str) -> String {
    let places = exponent(currency);
    let scale = 10_i64.pow(places);
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.checked_abs().unwrap_or(i64::MAX);
    let code = currency.to_uppercase();
    match places {
        0 => format!("{sign}{} {code}", grouped(amount)),
        3 => format!("{sign}{}.{:03} {code}", grouped(amount / scale), amount % scale),
        _ => format!("{sign}{}.{:02} {code}", grouped(amount / scale), amount % scale),
    }
}

fn grouped(whole: i64) -> String {
    let digits = whole.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
