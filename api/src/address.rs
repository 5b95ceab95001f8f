//! Postal addresses. On a cart every part but the country may be missing; a checkout needs all that its country asks for.

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors};

use crate::error::FieldError;

/// ISO 3166-1 alpha-2, all 249 officially assigned codes.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Countries whose addresses name a state or province.
const WITH_STATE: [&str; 4] = ["AU", "BR", "CA", "US"];

/// Countries without postal codes in everyday use (Universal Postal Union).
const WITHOUT_POSTAL_CODE: [&str; 12] = ["AE", "AG", "BS", "BZ", "FJ", "GH", "HK", "JM", "MO", "PA", "QA", "ZW"];

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "email", example = "ada@example.com")]
pub struct Email(pub String);

impl Validate for Email {
    fn validate(&self) -> Result<(), ValidationErrors> {
        use validator::ValidateEmail;
        if self.0.len() <= 254 && self.0.validate_email() {
            return Ok(());
        }
        let mut errors = ValidationErrors::new();
        errors.add("__all__", ValidationError::new("email").with_message("must be an e-mail address".into()));
        Err(errors)
    }
}

/// A country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "DE")]
pub struct Country(pub String);

impl Validate for Country {
    fn validate(&self) -> Result<(), ValidationErrors> {
        known_country(&self.0).map_err(|error| {
            let mut errors = ValidationErrors::new();
            errors.add("__all__", error);
            errors
        })
    }
}

/// Every country, by ISO 3166-1 alpha-2.
pub fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.split(' ')
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The recipient.
    #[serde(default)]
    #[schema(example = "Ada Lovelace")]
    #[validate(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The company.
    #[serde(default)]
    #[validate(length(min = 1, max = 200))]
    pub company: Option<String>,
    /// Street and number.
    #[serde(default)]
    #[schema(example = "Torstraße 1")]
    #[validate(length(min = 1, max = 200))]
    pub line1: Option<String>,
    /// Flat, building.
    #[serde(default)]
    #[validate(length(min = 1, max = 200))]
    pub line2: Option<String>,
    /// City.
    #[serde(default)]
    #[schema(example = "Berlin")]
    #[validate(length(min = 1, max = 100))]
    pub city: Option<String>,
    /// State, province or region; required in AU, BR, CA and US.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    pub state: Option<String>,
    /// Postal code; required where the country has them.
    #[serde(default)]
    #[schema(example = "10119")]
    #[validate(length(min = 1, max = 20))]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2 in capitals.
    #[schema(example = "DE")]
    #[validate(custom(function = known_country))]
    pub country: String,
    /// Phone, for the carrier.
    #[serde(default)]
    #[validate(length(min = 3, max = 30))]
    pub phone: Option<String>,
}

fn known_country(country: &str) -> Result<(), ValidationError> {
    if country.len() == 2 && COUNTRIES.split(' ').any(|known| known == country) {
        return Ok(());
    }
    Err(ValidationError::new("country")
        .with_message("must be an ISO 3166-1 alpha-2 code in capitals, such as `DE`".into()))
}

/// Which parts an address in a country must have for a parcel, in the order to ask for them.
#[must_use]
pub fn required_parts(country: &str) -> Vec<&'static str> {
    let mut parts = vec!["name", "line1", "city"];
    if WITH_STATE.contains(&country) {
        parts.push("state");
    }
    if !WITHOUT_POSTAL_CODE.contains(&country) {
        parts.push("postal_code");
    }
    parts
}

impl Address {
    /// What parcels to this country need and the address lacks, as pointers below `base`.
    #[must_use]
    pub fn missing_parts(&self, base: &str) -> Vec<FieldError> {
        let part = |name: &str| match name {
            "name" => &self.name,
            "line1" => &self.line1,
            "city" => &self.city,
            "state" => &self.state,
            _ => &self.postal_code,
        };
        required_parts(&self.country)
            .into_iter()
            .filter(|name| part(name).as_deref().is_none_or(|part| part.trim().is_empty()))
            .map(|name| {
                FieldError::new(format!("{base}/{name}"), "required", format!("is needed for {}", self.country))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_country_asks_for_its_parts() {
        let address = |country: &str| Address {
            name: Some("Ada".to_owned()),
            company: None,
            line1: Some("1 High Street".to_owned()),
            line2: None,
            city: Some("Town".to_owned()),
            state: None,
            postal_code: None,
            country: country.to_owned(),
            phone: None,
        };
        let missing =
            |country: &str| address(country).missing_parts("").into_iter().map(|part| part.pointer).collect::<Vec<_>>();
        assert_eq!(missing("US"), ["/state", "/postal_code"]);
        assert_eq!(missing("DE"), ["/postal_code"]);
        assert!(missing("HK").is_empty());
        assert!(address("XX").validate().is_err());
        assert_eq!(COUNTRIES.split(' ').count(), 249);
    }
}
