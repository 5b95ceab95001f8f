//! Texts in other languages: kept beside the product's own and laid over them, text by text, for the reader.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::html;
use super::model::ShownOption;
use super::requests::ProductOption;
use crate::http::patch::Patch;
use crate::locale::Locale;

/// The most languages of one thing.
const MOST_LANGUAGES: usize = 50;

/// A product's or a collection's texts in one language; what is absent falls back to the shop's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Translation {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Trailshirt")]
    #[validate(length(min = 1, max = 250))]
    pub title: Option<String>,
    /// The description as HTML; made safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 100_000))]
    pub description_html: Option<String>,
    /// The title for search engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 250))]
    pub seo_title: Option<String>,
    /// The description for search engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 1000))]
    pub seo_description: Option<String>,
    /// The names of options and of their values, by the product's own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"size": {"name": "Größe", "values": {"S": "klein"}}}))]
    pub options: BTreeMap<String, OptionTranslation>,
}

/// An option's name and its values in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionTranslation {
    /// The option's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The values' names, by the product's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// Texts by language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, Translation>, example = json!({"de": {"title": "Trailshirt"}}))]
pub struct Translations(pub BTreeMap<Locale, Translation>);

/// One language's new texts; `null` removes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = Option<Translation>)]
pub struct TranslationChange(Option<Translation>);

/// A change of translations: a language's texts are replaced, or removed by `null`; other languages stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, TranslationChange>)]
pub struct TranslationsPatch(BTreeMap<Locale, TranslationChange>);

fn validate_each<'a>(each: impl Iterator<Item = (&'a Locale, &'a Translation)>) -> Result<(), ValidationErrors> {
    let mut errors = ValidationErrors::new();
    for (index, (locale, translation)) in each.enumerate() {
        if index == MOST_LANGUAGES {
            let message = format!("must be at most {MOST_LANGUAGES} languages");
            errors.add("__all__", ValidationError::new("length").with_message(message.into()));
        }
        if let Err(wrong) = translation.validate() {
            errors.errors_mut().insert(locale.to_string().into(), ValidationErrorsKind::Struct(Box::new(wrong)));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl Validate for Translations {
    fn validate(&self) -> Result<(), ValidationErrors> {
        validate_each(self.0.iter())
    }
}

impl Validate for TranslationsPatch {
    fn validate(&self) -> Result<(), ValidationErrors> {
        validate_each(self.0.iter().filter_map(|(locale, texts)| Some((locale, texts.0.as_ref()?))))
    }
}

impl Translations {
    /// From the database.
    #[must_use]
    pub fn from_json(value: Value) -> Self {
        serde_json::from_value(value).unwrap_or_default()
    }

    /// With safe HTML.
    #[must_use]
    pub fn sanitized(mut self) -> Self {
        for texts in self.0.values_mut() {
            texts.description_html = texts.description_html.as_deref().map(html::sanitize);
        }
        self
    }

    /// The change that leads from these texts to others.
    #[must_use]
    pub fn change_to(&self, new: &Self) -> Patch<TranslationsPatch> {
        let differs = |locale: &&Locale| self.0.get(*locale) != new.0.get(*locale);
        let locales: BTreeSet<&Locale> = self.0.keys().chain(new.0.keys()).filter(differs).collect();
        if locales.is_empty() {
            return Patch::Absent;
        }
        let change = |locale: &Locale| (locale.clone(), TranslationChange(new.0.get(locale).cloned()));
        Patch::Value(TranslationsPatch(locales.into_iter().map(change).collect()))
    }

    /// After a change.
    #[must_use]
    pub fn patched(mut self, patch: &Patch<TranslationsPatch>) -> Self {
        match patch {
            Patch::Absent => {}
            Patch::Null => self.0.clear(),
            Patch::Value(TranslationsPatch(changes)) => {
                for (locale, texts) in changes {
                    match &texts.0 {
                        Some(texts) => drop(self.0.insert(locale.clone(), texts.clone())),
                        None => drop(self.0.remove(locale)),
                    }
                }
            }
        }
        self.sanitized()
    }

    /// The texts for a reader, nearest first: `pt-BR`, then `pt`.
    #[must_use]
    pub fn of(&self, locale: &Locale) -> Option<&Translation> {
        self.0
            .get(locale)
            .or_else(|| self.0.iter().find(|(known, _)| known.as_str() == locale.language()).map(|(_, texts)| texts))
    }
}

/// Options with the labels of a translation.
#[must_use]
pub fn shown_options(options: Vec<ProductOption>, texts: Option<&Translation>) -> Vec<ShownOption> {
    let shown = |option: ProductOption| {
        let translated = texts.and_then(|texts| texts.options.get(&option.name));
        let label = translated.and_then(|texts| texts.name.clone()).unwrap_or_else(|| option.name.clone());
        let value_label =
            |value: &String| translated.and_then(|texts| texts.values.get(value)).unwrap_or(value).clone();
        let value_labels = option.values.iter().map(value_label).collect();
        ShownOption { name: option.name, label, values: option.values, value_labels }
    };
    options.into_iter().map(shown).collect()
}

/// A variant's title in the reader's language: its values' labels, unless staff gave it a title of its own.
#[must_use]
pub fn variant_title(title: String, values: &BTreeMap<String, String>, options: &[ShownOption]) -> String {
    let joined = |label: &dyn Fn(&ShownOption, usize) -> Option<String>| {
        let parts = options.iter().filter_map(|option| {
            let value = values.get(&option.name)?;
            label(option, option.values.iter().position(|known| known == value)?)
        });
        parts.collect::<Vec<_>>().join(" / ")
    };
    if !options.is_empty() && title == joined(&|option, at| option.values.get(at).cloned()) {
        return joined(&|option, at| option.value_labels.get(at).cloned());
    }
    title
}
