//! Which taxes a place levies on a good: a small table, in parts per million.

use serde_json::Value;

use crate::object;

/// The account's home country.
pub(super) const HOME: &str = "DE";

/// What is sold unless a line says so: tangible goods.
pub(super) const DEFAULT_CODE: &str = "txcd_99999999";

/// What shipping is unless the request says so.
pub(super) const SHIPPING_CODE: &str = "txcd_92010001";

/// Never taxed, anywhere.
const NOT_TAXABLE_CODE: &str = "txcd_00000000";

/// Clothing, which New York exempts when it is cheap.
const CLOTHING_CODE: &str = "txcd_30011000";

/// From this unit price on, in cents, New York taxes clothing.
const NEW_YORK_CLOTHING: i64 = 11_000;

/// States of the US with a sales tax in the table.
pub(super) const STATES: &[&str] = &["CA", "NY", "TX", "WA"];

/// Provinces of Canada with a tax of their own in the table.
pub(super) const PROVINCES: &[&str] = &["BC", "ON", "QC"];

/// Country, its name, the tax's name, Stripe's word for its type, rate.
const NATIONAL: &[(&str, &str, &str, &str, i64)] = &[
    ("AT", "Austria", "VAT", "vat", 200_000),
    ("AU", "Australia", "GST", "gst", 100_000),
    ("CH", "Switzerland", "VAT", "vat", 81_000),
    ("DE", "Germany", "VAT", "vat", 190_000),
    ("ES", "Spain", "VAT", "vat", 210_000),
    ("FR", "France", "VAT", "vat", 200_000),
    ("GB", "United Kingdom", "VAT", "vat", 200_000),
    ("IE", "Ireland", "VAT", "vat", 230_000),
    ("IT", "Italy", "VAT", "vat", 220_000),
    ("JP", "Japan", "Consumption Tax", "jct", 100_000),
    ("NL", "Netherlands", "VAT", "vat", 210_000),
];

/// The country codes with one tax for the whole country, and Canada's federal one.
pub(super) fn national_countries() -> impl Iterator<Item = &'static str> {
    NATIONAL.iter().map(|(country, ..)| *country).chain(["CA"])
}

/// Where the buyer is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// ISO 3166-1, capitals.
    pub(super) country: String,
    /// State or province, of the US and Canada only; from the postal code when it was not sent.
    pub(super) state: Option<String>,
    postal_code: String,
}

impl Place {
    /// The place of an address with a country.
    pub(super) fn of(address: &Value) -> Self {
        let country = object::owned(address, "country");
        let postal_code = object::owned(address, "postal_code").trim().to_uppercase();
        let sent = object::owned(address, "state").trim().to_uppercase();
        let guessed = match country.as_str() {
            "US" => state_of(&postal_code),
            "CA" => province_of(&postal_code),
            _ => return Self { country, state: None, postal_code },
        };
        let state = if sent.is_empty() { guessed.map(str::to_owned) } else { Some(sent) };
        Self { country, state, postal_code }
    }

    /// The first three digits of the postal code.
    fn area(&self) -> u16 {
        area(&self.postal_code)
    }
}

fn area(postal_code: &str) -> u16 {
    postal_code.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn state_of(postal_code: &str) -> Option<&'static str> {
    match area(postal_code) {
        100..=149 => Some("NY"),
        750..=799 => Some("TX"),
        900..=961 => Some("CA"),
        970..=979 => Some("OR"),
        980..=994 => Some("WA"),
        _ => None,
    }
}

fn province_of(postal_code: &str) -> Option<&'static str> {
    match postal_code.chars().next()? {
        'K' | 'L' | 'M' | 'N' | 'P' => Some("ON"),
        'G' | 'H' | 'J' => Some("QC"),
        'V' => Some("BC"),
        'T' => Some("AB"),
        _ => None,
    }
}

/// What is taxed.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Tax code.
    pub(super) code: String,
    /// For all units, as it was sent.
    pub(super) amount: i64,
    /// Units, for rules on the unit price.
    pub(super) quantity: i64,
    /// Whether `amount` contains the tax.
    pub(super) is_inclusive: bool,
    /// Whether this is the shipping.
    pub(super) is_shipping: bool,
}

/// One tax of one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// The jurisdiction's name.
    pub(super) jurisdiction: String,
    /// `country`, `state`, `county`, `city` or `district`.
    pub(super) level: &'static str,
    /// State or province.
    pub(super) state: Option<String>,
    /// The tax's name.
    pub(super) name: &'static str,
    /// Stripe's word for its type.
    pub(super) kind: &'static str,
    /// Rate in parts per million.
    pub(super) rate: i64,
}

/// What a place says about a good.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Taxed by each of these, for this reason.
    Taxed(Vec<Component>, &'static str),
    /// Not taxed, for this reason.
    Untaxed(&'static str),
}

/// Whether and how a place taxes an item.
pub(super) fn verdict(place: &Place, item: &Item) -> Verdict {
    if never_taxed(item) {
        return Verdict::Untaxed("product_exempt");
    }
    match place.country.as_str() {
        "US" => united_states(place, item),
        "CA" => Verdict::Taxed(canada(place), "standard_rated"),
        country => national(country, item),
    }
}

/// Whether the item is taxed nowhere.
pub(super) fn never_taxed(item: &Item) -> bool {
    item.code == NOT_TAXABLE_CODE
}

/// The jurisdiction an untaxed item is listed under.
pub(super) fn untaxed_component(place: &Place) -> Component {
    let (name, kind) = match place.country.as_str() {
        "US" => ("Sales Tax", "sales_tax"),
        "CA" => ("GST", "gst"),
        country => NATIONAL
            .iter()
            .find(|(code, ..)| *code == country)
            .map_or(("VAT", "vat"), |(_, _, name, kind, _)| (*name, *kind)),
    };
    let (jurisdiction, level) = match &place.state {
        Some(state) => (state.clone(), "state"),
        None => (place.country.clone(), "country"),
    };
    Component { jurisdiction, level, state: place.state.clone(), name, kind, rate: 0 }
}

fn national(country: &str, item: &Item) -> Verdict {
    let Some(&(_, jurisdiction, name, kind, standard)) = NATIONAL.iter().find(|(code, ..)| *code == country) else {
        return Verdict::Untaxed("not_collecting");
    };
    let is_reduced = country == "DE" && ["txcd_3506", "txcd_40"].iter().any(|prefix| item.code.starts_with(prefix));
    let (rate, reason) = if is_reduced { (70_000, "reduced_rated") } else { (standard, "standard_rated") };
    let jurisdiction = jurisdiction.to_owned();
    Verdict::Taxed(vec![Component { jurisdiction, level: "country", state: None, name, kind, rate }], reason)
}

fn canada(place: &Place) -> Vec<Component> {
    let federal = Component {
        jurisdiction: "Canada".to_owned(),
        level: "country",
        state: None,
        name: "GST",
        kind: "gst",
        rate: 50_000,
    };
    let provincial = |jurisdiction: &str, name: &'static str, kind: &'static str, rate: i64| Component {
        jurisdiction: jurisdiction.to_owned(),
        level: "state",
        state: place.state.clone(),
        name,
        kind,
        rate,
    };
    match place.state.as_deref() {
        Some("ON") => vec![provincial("Ontario", "HST", "hst", 130_000)],
        Some("BC") => vec![federal, provincial("British Columbia", "PST", "pst", 70_000)],
        Some("QC") => vec![federal, provincial("Quebec", "QST", "qst", 99_750)],
        _ => vec![federal],
    }
}

fn united_states(place: &Place, item: &Item) -> Verdict {
    let sales = |jurisdiction: &str, level: &'static str, rate: i64| Component {
        jurisdiction: jurisdiction.to_owned(),
        level,
        state: place.state.clone(),
        name: "Sales Tax",
        kind: "sales_tax",
        rate,
    };
    let components = match place.state.as_deref() {
        Some("WA") if place.area() == 981 => {
            vec![sales("Washington", "state", 65_000), sales("Seattle", "city", 38_500)]
        }
        Some("WA") => vec![sales("Washington", "state", 65_000)],
        Some("NY") if is_cheap_clothing(item) => return Verdict::Untaxed("product_exempt"),
        Some("NY") if (100..=104).contains(&place.area()) => vec![
            sales("New York", "state", 40_000),
            sales("New York City", "city", 45_000),
            sales("Metropolitan Commuter Transportation District", "district", 3_750),
        ],
        Some("NY") => vec![sales("New York", "state", 40_000)],
        Some("CA") if item.is_shipping => return Verdict::Untaxed("product_exempt"),
        Some("CA") if (900..=918).contains(&place.area()) => {
            vec![sales("California", "state", 72_500), sales("Los Angeles County", "county", 22_500)]
        }
        Some("CA") => vec![sales("California", "state", 72_500)],
        Some("TX") => vec![sales("Texas", "state", 62_500)],
        Some("OR") => return Verdict::Untaxed("not_subject_to_tax"),
        _ => return Verdict::Untaxed("not_collecting"),
    };
    Verdict::Taxed(components, "standard_rated")
}

fn is_cheap_clothing(item: &Item) -> bool {
    item.code == CLOTHING_CODE && item.amount < NEW_YORK_CLOTHING.saturating_mul(item.quantity)
}
