//! What a cart asks about its tax. Pure. Two questions that are equal have the same answer, for a time.

use serde::Serialize;
use serde_json::json;

use super::model::{TaxBehavior, TaxExemption, TaxId};
use super::settings::TaxSettings;
use crate::address::Address;
use crate::money::Currency;
use crate::tokens;

/// The tax code of what is never taxed.
const NON_TAXABLE: &str = "txcd_00000000";

/// Countries where Stripe Tax needs the postal code.
const BY_POSTAL_CODE: [&str; 2] = ["CA", "US"];

/// A line as far as its tax depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedLine {
    /// What it is called in the answer.
    pub reference: String,
    /// What is paid for the whole line, after discounts.
    pub amount: i64,
    /// How many units.
    pub quantity: i64,
    /// Its tax code.
    pub tax_code: String,
}

/// A place of taxation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Whether goods are sent there, or somebody is billed there.
    pub is_shipping: bool,
    /// Where it is; the recipient's name, company and phone are left out.
    pub address: Address,
}

/// A question about tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The currency of all amounts.
    pub currency: Currency,
    /// Whether the amounts contain the tax.
    pub behavior: TaxBehavior,
    /// The lines that cost something.
    pub lines: Vec<AskedLine>,
    /// What shipping costs, after discounts; 0 when there is none.
    pub shipping: i64,
    /// The tax code of shipping.
    pub shipping_tax_code: String,
    /// Where.
    pub place: Place,
    /// Where goods come from.
    pub ship_from: Option<Address>,
    /// The customer's tax ids.
    pub tax_ids: Vec<TaxId>,
    /// What staff decided about the customer.
    pub exemption: TaxExemption,
    /// The version of the tax settings: under others everything is asked anew.
    pub settings_version: i64,
}

impl Question {
    /// Whether there is anything to tax.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.shipping == 0
    }

    /// What the provider lacks to answer, as a pointer into the address.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let place = &self.place;
        let address = if place.is_shipping { "/shipping_address" } else { "/billing_address" };
        let needs_code =
            BY_POSTAL_CODE.contains(&place.address.country.as_str()) && place.address.postal_code.is_none();
        needs_code.then(|| format!("{address}/postal_code"))
    }

    /// A digest of everything that the answer depends on.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        tokens::sha256(json!(self).to_string().as_bytes())
    }
}

impl Place {
    /// An address without what is personal and no matter of taxes.
    #[must_use]
    pub fn new(address: &Address, is_shipping: bool) -> Self {
        Self { is_shipping, address: Address { name: None, company: None, phone: None, ..address.clone() } }
    }
}

/// The tax code of a line.
#[must_use]
pub fn tax_code(taxable: bool, of_product: Option<&str>, settings: &TaxSettings) -> String {
    if !taxable {
        return NON_TAXABLE.to_owned();
    }
    of_product.unwrap_or(&settings.default_tax_code).to_owned()
}

/// Whether a tax code stands for what is never taxed.
#[must_use]
pub fn is_taxable(code: &str) -> bool {
    code != NON_TAXABLE
}
