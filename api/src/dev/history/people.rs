//! Who buys: people with and without an account, some of them again and again.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

const FIRST: [&str; 24] = [
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hannes", "Ida", "Jonas", "Katrin", "Lukas", "Marie",
    "Nils", "Olga", "Paul", "Ronja", "Simon", "Tilda", "Uwe", "Vera", "Wanda", "Yara", "Zoe",
];
const LAST: [&str; 24] = [
    "Albers", "Brandt", "Carstens", "Dietrich", "Ernst", "Fischer", "Gruber", "Hansen", "Ivers", "Jansen", "Keller",
    "Lorenz", "Martin", "Novak", "Olsen", "Petersen", "Quint", "Richter", "Schulz", "Thomsen", "Ulrich", "Vogel",
    "Weber", "Ziegler",
];

/// Where a shopper lives, and what that means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) country: &'static str,
    pub(super) state: Option<&'static str>,
    pub(super) currency: &'static str,
    city: &'static str,
    postal_code: &'static str,
    street: &'static str,
    /// What sending costs there, and from which subtotal on nothing.
    pub(super) shipping: i64,
    pub(super) free_from: Option<i64>,
    pub(super) rate_name: &'static str,
    /// Tax in thousandths of a percent.
    pub(super) tax: i64,
    pub(super) is_included: bool,
    /// Of a thousand shoppers.
    share: u32,
}

impl Place {
    /// The tax in an amount that contains it, or on one that does not; half up.
    pub(super) const fn tax_of(self, amount: i64) -> i64 {
        let whole = if self.is_included { 100_000 + self.tax } else { 100_000 };
        (amount * self.tax + whole / 2) / whole
    }

    /// The rate, as documents say it.
    pub(super) fn percentage(self) -> String {
        format!("{}.{:03}", self.tax / 1000, self.tax % 1000).trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

const PLACES: [Place; 7] = [
    Place {
        country: "DE",
        state: None,
        currency: "EUR",
        city: "Berlin",
        postal_code: "10119",
        street: "Torstraße",
        shipping: 490,
        free_from: Some(10_000),
        rate_name: "Standard",
        tax: 19_000,
        is_included: true,
        share: 320,
    },
    Place {
        country: "DE",
        state: None,
        currency: "EUR",
        city: "Hamburg",
        postal_code: "20357",
        street: "Schulterblatt",
        shipping: 490,
        free_from: Some(10_000),
        rate_name: "Standard",
        tax: 19_000,
        is_included: true,
        share: 240,
    },
    Place {
        country: "DE",
        state: None,
        currency: "EUR",
        city: "München",
        postal_code: "80331",
        street: "Sendlinger Straße",
        shipping: 490,
        free_from: Some(10_000),
        rate_name: "Standard",
        tax: 19_000,
        is_included: true,
        share: 140,
    },
    Place {
        country: "AT",
        state: None,
        currency: "EUR",
        city: "Wien",
        postal_code: "1070",
        street: "Neubaugasse",
        shipping: 990,
        free_from: None,
        rate_name: "Standard",
        tax: 20_000,
        is_included: true,
        share: 90,
    },
    Place {
        country: "FR",
        state: None,
        currency: "EUR",
        city: "Lyon",
        postal_code: "69001",
        street: "Rue Burdeau",
        shipping: 990,
        free_from: None,
        rate_name: "Standard",
        tax: 20_000,
        is_included: true,
        share: 80,
    },
    Place {
        country: "GB",
        state: None,
        currency: "GBP",
        city: "Bristol",
        postal_code: "BS1 5TR",
        street: "Park Street",
        shipping: 1190,
        free_from: None,
        rate_name: "Standard",
        tax: 20_000,
        is_included: true,
        share: 80,
    },
    Place {
        country: "US",
        state: Some("NY"),
        currency: "USD",
        city: "New York",
        postal_code: "10001",
        street: "W 30th St",
        shipping: 3290,
        free_from: None,
        rate_name: "Parcel",
        tax: 8_875,
        is_included: false,
        share: 50,
    },
];

/// A shopper.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) place: Place,
    number: u32,
    /// Their account, if they have one.
    pub(super) account: Option<Uuid>,
    pub(super) has_bought: bool,
    pub(super) used_code: bool,
}

impl Person {
    /// Where they live, as an order keeps it.
    pub(super) fn address(&self) -> Value {
        let place = self.place;
        json!({
            "name": self.name, "company": null, "line1": format!("{} {}", place.street, self.number), "line2": null,
            "city": place.city, "state": place.state, "postal_code": place.postal_code, "country": place.country, "phone": null,
        })
    }
}

/// Everybody who bought so far, and who comes next.
pub(super) struct People {
    known: Vec<Person>,
    password: String,
}

impl People {
    pub(super) fn new(password: &str) -> Self {
        Self { known: Vec::new(), password: password.to_owned() }
    }

    /// Who buys next: of ten, three who did before. Answers their index, and their account's row when they are new.
    pub(super) fn next(&mut self, random: &mut StdRng, account: Uuid, at: &str) -> (usize, Option<Value>) {
        if !self.known.is_empty() && random.random_ratio(3, 10) {
            return (random.random_range(0..self.known.len()), None);
        }
        let index = self.known.len();
        let pick = |random: &mut StdRng, names: &[&'static str]| {
            names.get(random.random_range(0..names.len())).copied().unwrap_or_default()
        };
        let (first, last) = (pick(random, &FIRST), pick(random, &LAST));
        let account = random.random_ratio(2, 5).then_some(account);
        let person = Person {
            name: format!("{first} {last}"),
            email: format!("{}.{}.{index}@example.com", first.to_lowercase(), last.to_lowercase()),
            place: place(random),
            number: random.random_range(1..120),
            account,
            has_bought: false,
            used_code: false,
        };
        let row = account.map(|id| {
            json!({
                "id": id, "email": person.email, "name": person.name, "password_hash": self.password, "stripe_sends": 1,
                "stripe_customer_id": format!("cus_demo_{index}"), "metadata": {}, "version": 1, "created_at": at, "updated_at": at,
            })
        });
        self.known.push(person);
        (index, row)
    }

    /// One of them.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Person> {
        self.known.get_mut(index)
    }
}

/// Where the next shopper lives.
fn place(random: &mut StdRng) -> Place {
    let weights: Vec<u64> = PLACES.iter().map(|place| u64::from(place.share)).collect();
    let index = super::calendar::drawn(random, &weights, weights.iter().sum()).unwrap_or_default();
    let [first, ..] = PLACES;
    PLACES.get(index).copied().unwrap_or(first)
}
