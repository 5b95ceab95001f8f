//! Postal addresses. On a cart every part but the country may be missing; a checkout needs all that its country asks for.

use serde::{Deserialize, Deserializer, Serialize};
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

/// The states of the US, the provinces of Canada and the states of Australia: ISO 3166-2 code and English name.
const STATES: &[(&str, &str)] = &[
    (
        "US",
        "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,FL Florida,\
         GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,\
         MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,\
         NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,\
         OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,\
         UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming,\
         DC District of Columbia,PR Puerto Rico,GU Guam,VI Virgin Islands,AS American Samoa,MP Northern Mariana Islands,\
         AA Armed Forces Americas,AE Armed Forces Europe,AP Armed Forces Pacific",
    ),
    (
        "CA",
        "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,\
         NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon",
    ),
    (
        "AU",
        "ACT Australian Capital Territory,NSW New South Wales,NT Northern Territory,QLD Queensland,SA South Australia,\
         TAS Tasmania,VIC Victoria,WA Western Australia",
    ),
];

fn letters(text: &str) -> String {
    deunicode::deunicode(text)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

fn known_states(country: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let found = STATES.iter().filter(move |(its, _)| *its == country);
    found.flat_map(|(_, states)| states.split(',').filter_map(|state| state.split_once(' ')))
}

/// A state as a code, however it is written: `WA`, `wa`, `W.A.` and `Washington` are one. Of countries whose states are
/// not known here, the letters in capitals.
#[must_use]
pub fn state_code(country: &str, state: &str) -> String {
    let written = letters(state);
    let found = known_states(country).find(|(code, name)| *code == written || letters(name) == written);
    found.map_or(written, |(code, _)| code.to_owned())
}

/// Whether a text names a state of a country; of countries whose states are not known here any text does.
#[must_use]
pub fn is_state(country: &str, state: &str) -> bool {
    let code = state_code(country, state);
    let mut known = known_states(country).peekable();
    if known.peek().is_none() { !code.is_empty() } else { known.any(|(its, _)| its == code) }
}

/// An e-mail address. Its domain is kept as mail servers see it, in lower case and IDNA's ASCII (RFC 5891), so that one
/// mailbox has one spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "email", example = "ada@example.com")]
pub struct Email(pub String);

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        let ascii = |(user, domain): (&str, &str)| Some(format!("{user}@{}", idna::domain_to_ascii(domain).ok()?));
        Ok(Self(given.trim().rsplit_once('@').and_then(ascii).unwrap_or(given)))
    }
}

impl Validate for Email {
    fn validate(&self) -> Result<(), ValidationErrors> {
        use validator::ValidateEmail;
        // Graphic ASCII alone, and no address literals: what is in no header and in no query a surprise.
        let is_plain = self.0.bytes().all(|byte| byte.is_ascii_graphic() && !b"[]<>,;:\\\"()".contains(&byte));
        if is_plain && self.0.len() <= 254 && self.0.validate_email() {
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

impl Address {
    /// A line each, as its country writes the place.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let (city, state, code) = (text(&self.city), text(&self.state), text(&self.postal_code));
        let place = match self.country.as_str() {
            "US" | "CA" | "AU" | "GB" | "IE" | "IN" => format!("{city} {state} {code}"),
            _ => format!("{code} {city} {state}"),
        };
        let place = place.split_whitespace().collect::<Vec<_>>().join(" ");
        let people = [text(&self.name), text(&self.company), text(&self.line1), text(&self.line2)];
        people.into_iter().chain([place, self.country.clone()]).filter(|line| !line.is_empty()).collect()
    }
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

#[cfg(test)]
mod state_tests {
    use super::*;

    #[test]
    fn a_state_is_one_however_it_is_written() {
        for written in ["WA", "wa ", "W.A.", "Washington", "washington"] {
            assert_eq!(state_code("US", written), "WA");
        }
        assert_eq!((state_code("CA", "Québec"), state_code("DE", "by")), ("QC".to_owned(), "BY".to_owned()));
        assert!(
            is_state("US", "new york")
                && !is_state("US", "Washingtonia")
                && !is_state("US", "")
                && is_state("BR", "SP")
        );
    }
}
