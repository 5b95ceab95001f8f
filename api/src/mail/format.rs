//! How amounts, numbers and dates are written in a language.

use chrono::{DateTime, Datelike, Utc};

use crate::money::Money;

/// Between an amount and its currency: it does not break there.
const NO_BREAK: char = '\u{a0}';

/// How a language writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    /// Between each three digits.
    group: char,
    /// Before the decimals.
    decimal: char,
    /// Whether the currency stands before the amount.
    currency_first: bool,
    language: Language,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    German,
    Other,
}

impl Format {
    /// How a BCP 47 tag's language writes; as English for languages that are not known here.
    pub(super) fn of(locale: &str) -> Self {
        let language = locale.split('-').next().unwrap_or_default();
        let with = |group, decimal, currency_first, language| Self { group, decimal, currency_first, language };
        match language {
            "en" => with(',', '.', true, Language::English),
            "de" => with('.', ',', false, Language::German),
            "da" | "el" | "es" | "hr" | "id" | "is" | "it" | "ro" | "sl" | "sr" | "vi" => {
                with('.', ',', false, Language::Other)
            }
            "nl" | "pt" | "tr" => with('.', ',', true, Language::Other),
            "bg" | "cs" | "et" | "fi" | "fr" | "hu" | "lt" | "lv" | "nb" | "nn" | "no" | "pl" | "ru" | "sk" | "sv"
            | "uk" => with(NO_BREAK, ',', false, Language::Other),
            _ => with(',', '.', true, Language::Other),
        }
    }

    /// `€1,234.50` in English, `1.234,50 €` in German.
    pub(super) fn money(self, money: Money) -> String {
        let decimal = Money::new(money.amount.saturating_abs(), money.currency).decimal();
        let (major, minor) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let mut amount = self.grouped(major);
        if !minor.is_empty() {
            amount.push(self.decimal);
            amount.push_str(minor);
        }
        let sign = if money.amount < 0 { "−" } else { "" };
        match (self.currency_first, symbol(money.currency.code())) {
            (true, Some(symbol)) if self.language == Language::English => format!("{sign}{symbol}{amount}"),
            (true, symbol) => format!("{sign}{}{NO_BREAK}{amount}", symbol.unwrap_or(money.currency.code())),
            (false, symbol) => format!("{sign}{amount}{NO_BREAK}{}", symbol.unwrap_or(money.currency.code())),
        }
    }

    /// `1,234` in English, `1.234` in German.
    pub(super) fn number(self, number: i64) -> String {
        let sign = if number < 0 { "−" } else { "" };
        format!("{sign}{}", self.grouped(&number.unsigned_abs().to_string()))
    }

    fn grouped(self, digits: &str) -> String {
        let mut written = String::with_capacity(digits.len() + digits.len() / 3);
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                written.push(self.group);
            }
            written.push(digit);
        }
        written
    }

    /// The day in UTC: `24 November 2026`, `24. November 2026`; `2026-11-24` in languages whose months are not known here.
    pub(super) fn date(self, at: DateTime<Utc>) -> String {
        let month = usize::try_from(at.month0()).unwrap_or_default();
        match self.language {
            Language::English => {
                format!("{} {} {}", at.day(), ENGLISH.get(month).copied().unwrap_or_default(), at.year())
            }
            Language::German => {
                format!("{}. {} {}", at.day(), GERMAN.get(month).copied().unwrap_or_default(), at.year())
            }
            Language::Other => at.format("%Y-%m-%d").to_string(),
        }
    }

    /// To the minute: `2026-11-24 09:30 UTC`.
    pub(super) fn time(self, at: DateTime<Utc>) -> String {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    }
}

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// Symbols that mean one currency everywhere; others are written as their code.
fn symbol(code: &str) -> Option<&'static str> {
    Some(match code {
        "EUR" => "€",
        "GBP" => "£",
        "INR" => "₹",
        "KRW" => "₩",
        "USD" => "$",
        "UAH" => "₴",
        "VND" => "₫",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_the_language() {
        let write =
            |locale: &str, amount, code: &str| Format::of(locale).money(Money::new(amount, code.parse().unwrap()));
        assert_eq!(write("en", 123_456_789, "EUR"), "€1,234,567.89");
        assert_eq!(write("en-GB", 5, "GBP"), "£0.05");
        assert_eq!(write("en", 2000, "JPY"), "JPY\u{a0}2,000");
        assert_eq!(write("en", -150, "USD"), "−$1.50");
        assert_eq!(write("de", 123_456, "EUR"), "1.234,56\u{a0}€");
        assert_eq!(write("de-AT", 1_234_500, "KWD"), "1.234,500\u{a0}KWD");
        assert_eq!(write("fr", 100_000, "EUR"), "1\u{a0}000,00\u{a0}€");
        assert_eq!(write("nl", 999, "EUR"), "€\u{a0}9,99");
        assert_eq!(write("ja", 100_000, "JPY"), "JPY\u{a0}100,000");
    }

    #[test]
    fn numbers_and_days_are_written_as_in_the_language() {
        let at = DateTime::from_timestamp(1_795_478_400, 0).unwrap();
        assert_eq!(Format::of("en").number(-9999), "−9,999");
        assert_eq!(Format::of("de").number(100), "100");
        assert_eq!(Format::of("en").date(at), "24 November 2026");
        assert_eq!(Format::of("de").date(at), "24. November 2026");
        assert_eq!(Format::of("fr").date(at), "2026-11-24");
        assert_eq!(Format::of("de").time(at), "2026-11-24 00:00 UTC");
    }
}
