//! What tax and shipping both ask of a country.

/// Member states of the European Union.
const EUROPEAN_UNION: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Countries that pay in euros.
const EURO: &[&str] = &[
    "AD", "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MC", "ME",
    "MT", "NL", "PT", "SI", "SK", "SM", "VA", "XK",
];

/// Whether the country is in the European Union.
pub(crate) fn in_european_union(country: &str) -> bool {
    EUROPEAN_UNION.contains(&country)
}

/// Whether the text has the form of an ISO 3166-1 alpha-2 code in capitals.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether goods pass a customs border between two countries.
pub(crate) fn border_between(from: &str, to: &str) -> bool {
    from != to && !(in_european_union(from) && in_european_union(to))
}

/// The currency carriers bill in; dollars where the sandbox knows none.
pub(crate) fn currency(country: &str) -> &'static str {
    match country {
        "CA" => "CAD",
        "GB" => "GBP",
        "CH" => "CHF",
        "JP" => "JPY",
        "AU" => "AUD",
        other if EURO.contains(&other) => "EUR",
        _ => "USD",
    }
}
