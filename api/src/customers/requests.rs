//! What customers send, and the rules it must keep. Nothing here can be printed, as most of it holds a secret.

use serde::{Deserialize, Deserializer};
use validator::Validate;

use crate::address::{Address, Email};
use crate::error::{Error, Result};
use crate::http::patch::Patch;
use crate::locale::Locale;
use crate::metadata::Metadata;

/// An e-mail address without the spaces that were copied with it.
fn trimmed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Email, D::Error> {
    String::deserialize(deserializer).map(|text| Email(text.trim().to_owned()))
}

/// An account to be made once its e-mail address is verified.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// Where the link goes. Case does not matter.
    #[serde(deserialize_with = "trimmed")]
    #[validate(nested)]
    pub email: Email,
    /// What they are called.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// Phone.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 30)]
    #[validate(length(min = 3, max = 30))]
    pub phone: Option<String>,
    /// The language of e-mails.
    #[serde(default)]
    pub locale: Option<Locale>,
}

/// The token of the verification link, and the password of the account that it opens.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EmailVerification {
    /// `ev_…`
    #[schema(min_length = 1, max_length = 200, example = "ev_01jd8x…")]
    #[validate(length(min = 1, max = 200))]
    pub token: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128, example = "correct horse battery")]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// Whose password is to be reset.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The account's e-mail address.
    #[serde(deserialize_with = "trimmed")]
    #[validate(nested)]
    pub email: Email,
}

/// A new password, by the token of the link.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// `pr_…`
    #[schema(min_length = 1, max_length = 200, example = "pr_01jd8x…")]
    #[validate(length(min = 1, max = 200))]
    pub token: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// Who logs in.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's e-mail address. Case does not matter.
    #[serde(deserialize_with = "trimmed")]
    #[validate(nested)]
    pub email: Email,
    /// The account's password.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128))]
    pub password: String,
}

/// A session to be renewed.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// `crt_…`
    #[schema(min_length = 1, max_length = 200, example = "crt_7f2a…")]
    #[validate(length(min = 1, max = 200))]
    pub refresh_token: String,
}

/// A change of a customer; what is absent stays, `null` clears.
#[derive(Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CustomerPatch {
    /// What they are called.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Patch<String>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 30)]
    #[validate(length(min = 3, max = 30))]
    pub phone: Patch<String>,
    /// The language of e-mails.
    #[serde(default)]
    #[schema(value_type = Option<Locale>)]
    pub locale: Patch<Locale>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Patch<Metadata>,
}

/// A change of a customer by staff; a merge patch.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffCustomerPatch {
    /// What they are called.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Patch<String>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 30)]
    #[validate(length(min = 3, max = 30))]
    pub phone: Patch<String>,
    /// The language of e-mails.
    #[serde(default)]
    #[schema(value_type = Option<Locale>)]
    pub locale: Patch<Locale>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Patch<Metadata>,
    /// What staff note; customers never see it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 5000)]
    #[validate(length(min = 1, max = 5000))]
    pub note: Patch<String>,
}

/// A new password, by the present one.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128))]
    pub current_password: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// An address for the book.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewAddress {
    /// The address.
    #[validate(nested)]
    pub address: Address,
    /// Whether goods go there unless the customer says otherwise; it then takes the place of the one before.
    #[serde(default)]
    pub is_default_shipping: bool,
    /// Whether invoices go there unless the customer says otherwise; it then takes the place of the one before.
    #[serde(default)]
    pub is_default_billing: bool,
}

/// A change of an address; what is absent stays.
#[derive(Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AddressPatch {
    /// Another address, as a whole.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Address, required = false)]
    pub address: Patch<Address>,
    /// Whether goods go there unless the customer says otherwise.
    #[serde(default)]
    pub is_default_shipping: Option<bool>,
    /// Whether invoices go there unless the customer says otherwise.
    #[serde(default)]
    pub is_default_billing: Option<bool>,
}

/// An order to be found again.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OrderLookup {
    /// What people call it.
    #[schema(min_length = 1, max_length = 40, example = "1001")]
    #[validate(length(min = 1, max = 40))]
    pub number: String,
    /// The e-mail address that it was bought with; the link goes there.
    #[serde(deserialize_with = "trimmed")]
    #[validate(nested)]
    pub email: Email,
}

/// Refuses the e-mail address as a password.
///
/// # Errors
/// `validation_failed`.
pub fn require_unlike(password: &str, email: &str) -> Result<()> {
    if password.trim().to_lowercase() == email.trim().to_lowercase() {
        return Err(Error::invalid("/password", "too_easy", "must not be the e-mail address"));
    }
    Ok(())
}
