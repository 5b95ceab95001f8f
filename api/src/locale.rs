//! Languages: BCP 47 tags, and which of the shop's languages a request gets.

use std::fmt;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header};
use serde::{Deserialize, Serialize};

/// A BCP 47 language tag such as `de` or `pt-BR`, in its usual case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "de", pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
pub struct Locale(String);

impl Locale {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary language: `pt` of `pt-BR`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The PostgreSQL text search configuration that stems this language; `simple` when it has none.
    #[must_use]
    pub fn text_search(&self) -> &'static str {
        match self.language() {
            "ar" => "arabic",
            "da" => "danish",
            "de" => "german",
            "el" => "greek",
            "en" => "english",
            "es" => "spanish",
            "fi" => "finnish",
            "fr" => "french",
            "hu" => "hungarian",
            "id" => "indonesian",
            "it" => "italian",
            "nl" => "dutch",
            "nb" | "nn" | "no" => "norwegian",
            "pt" => "portuguese",
            "ro" => "romanian",
            "ru" => "russian",
            "sv" => "swedish",
            "tr" => "turkish",
            _ => "simple",
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Locale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('-');
        let lawful = |part: &str, least: usize, most: usize| {
            (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let language =
            parts.next().filter(|part| lawful(part, 2, 3) && !part.bytes().any(|byte| byte.is_ascii_digit()));
        let rest: Vec<&str> = parts.collect();
        match language {
            Some(language) if rest.len() <= 3 && rest.iter().all(|part| lawful(part, 2, 8)) => {
                let cased = rest.iter().map(|part| match part.len() {
                    2 => part.to_ascii_uppercase(),
                    4 => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
                    _ => part.to_ascii_lowercase(),
                });
                Ok(Self([language.to_ascii_lowercase()].into_iter().chain(cased).collect::<Vec<_>>().join("-")))
            }
            Some(_) | None => Err("expected a BCP 47 language tag such as `de` or `pt-BR`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The shop's language for a request: the one asked for, else by `Accept-Language`, else the first.
#[must_use]
pub fn negotiate(asked: Option<&Locale>, request: &HttpRequest, shop: &[Locale]) -> Locale {
    let accepted = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
    let accepted = accepted.iter().filter_map(|preference| preference.to_string().parse::<Locale>().ok());
    let wanted: Vec<Locale> = asked.cloned().into_iter().chain(accepted).collect();
    wanted
        .iter()
        .find_map(|locale| best(locale, shop))
        .or_else(|| shop.first())
        .cloned()
        .unwrap_or_else(|| Locale("en".to_owned()))
}

/// The shop's locale nearest to one: the same, else one of the same language.
fn best<'a>(wanted: &Locale, shop: &'a [Locale]) -> Option<&'a Locale> {
    let same = |locale: &&Locale| *locale == wanted;
    shop.iter().find(same).or_else(|| shop.iter().find(|locale| locale.language() == wanted.language()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_get_their_usual_case_and_nonsense_is_refused() {
        for (given, tag) in [("DE", "de"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW")] {
            assert_eq!(given.parse::<Locale>().unwrap().as_str(), tag);
        }
        for wrong in ["", "d", "deutsch", "de_DE", "de-", "d3", "de-a-b"] {
            assert!(wrong.parse::<Locale>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_nearest_language_of_the_shop_is_taken() {
        let shop: Vec<Locale> = ["en", "de", "pt-BR"].map(|tag| tag.parse().unwrap()).to_vec();
        let chosen = |asked: Option<&str>, header: &str| {
            let request =
                actix_web::test::TestRequest::default().insert_header(("Accept-Language", header)).to_http_request();
            negotiate(asked.map(|tag| tag.parse().unwrap()).as_ref(), &request, &shop).to_string()
        };
        assert_eq!(chosen(Some("de-AT"), "pt"), "de");
        assert_eq!(chosen(None, "fr, pt;q=0.8, de;q=0.9"), "de");
        assert_eq!(chosen(None, "pt-PT"), "pt-BR");
        assert_eq!(chosen(Some("fr"), "ja"), "en");
        assert_eq!(chosen(None, "*"), "en");
    }
}
