//! Who sells, and what invoices are called.

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::address::{Address, Email};
use crate::error::{Error, Result};
use crate::http::patch::Patch;
use crate::settings::{Section, SettingsKind};
use crate::tax::model::TaxId;

/// Who sells, as invoices name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// The firm's full name.
    #[schema(example = "Merx Goods GmbH")]
    #[validate(length(min = 1, max = 200))]
    pub name: String,
    /// Its address.
    #[validate(nested)]
    pub address: Address,
    /// Its tax ids.
    #[serde(default)]
    #[validate(length(max = 5), nested)]
    pub tax_ids: Vec<TaxId>,
    /// Where buyers write to.
    #[serde(default)]
    #[validate(nested)]
    pub email: Option<Email>,
    /// The register, its number, the directors: what the law asks for.
    #[serde(default)]
    #[schema(example = "Amtsgericht Berlin, HRB 12345")]
    #[validate(length(min = 1, max = 300))]
    pub registration: Option<String>,
}

/// How a shop issues invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceSettings {
    /// Who sells; nothing is issued without.
    pub seller: Option<Seller>,
    /// Before the numbers of invoices.
    pub invoice_prefix: String,
    /// Before the numbers of credit notes.
    pub credit_note_prefix: String,
    /// At the end of each.
    pub footer: Option<String>,
}

impl Default for InvoiceSettings {
    fn default() -> Self {
        Self { seller: None, invoice_prefix: "INV-".to_owned(), credit_note_prefix: "CN-".to_owned(), footer: None }
    }
}

impl Section for InvoiceSettings {
    const KIND: SettingsKind = SettingsKind::Invoices;
}

/// How a shop issues invoices, as staff see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvoiceSettingsDocument {
    /// Who sells; `null` until it is set, and nothing is issued until then.
    pub seller: Option<Seller>,
    /// Before the numbers of invoices.
    #[schema(example = "INV-")]
    pub invoice_prefix: String,
    /// Before the numbers of credit notes.
    #[schema(example = "CN-")]
    pub credit_note_prefix: String,
    /// At the end of each.
    pub footer: Option<String>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A change of the invoice settings; what is absent stays. What was issued before stays as it is.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InvoiceSettingsPatch {
    /// Who sells. `null`: nothing is issued from now on.
    #[serde(default)]
    #[schema(value_type = Option<Seller>)]
    #[validate(nested)]
    pub seller: Patch<Seller>,
    /// Before the numbers of invoices, which go on counting.
    #[serde(default)]
    #[schema(nullable = false)]
    #[validate(custom(function = lawful_prefix))]
    pub invoice_prefix: Option<String>,
    /// Before the numbers of credit notes, which go on counting.
    #[serde(default)]
    #[schema(nullable = false)]
    #[validate(custom(function = lawful_prefix))]
    pub credit_note_prefix: Option<String>,
    /// At the end of each.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 1000))]
    pub footer: Patch<String>,
}

impl InvoiceSettingsPatch {
    /// The settings after the patch.
    ///
    /// # Errors
    /// `validation_failed` when invoices and credit notes would be called the same.
    pub fn apply_to(&self, present: InvoiceSettings) -> Result<InvoiceSettings> {
        let changed = InvoiceSettings {
            seller: self.seller.clone().apply_to(present.seller),
            invoice_prefix: self.invoice_prefix.clone().unwrap_or(present.invoice_prefix),
            credit_note_prefix: self.credit_note_prefix.clone().unwrap_or(present.credit_note_prefix),
            footer: self.footer.clone().apply_to(present.footer),
        };
        if changed.invoice_prefix == changed.credit_note_prefix {
            let at = if self.credit_note_prefix.is_some() { "/credit_note_prefix" } else { "/invoice_prefix" };
            return Err(Error::invalid(at, "duplicate", "must differ from that of the other series"));
        }
        Ok(changed)
    }
}

fn lawful_prefix(prefix: &str) -> std::result::Result<(), ValidationError> {
    let is_plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-/._".contains(&byte));
    // Then no two prefixes make one number of two.
    let ends_well = !prefix.ends_with(|last: char| last.is_ascii_digit());
    if is_plain && ends_well && (1..=20).contains(&prefix.len()) {
        return Ok(());
    }
    let message = "must be 1 to 20 letters, digits or one of `-/._`, and must not end in a digit";
    Err(ValidationError::new("pattern").with_message(message.into()))
}
