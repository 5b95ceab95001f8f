//! Full-text search: what a product is found by, and what a shopper's words ask for.
//!
//! Texts are folded to lower-case ASCII first, so that accents and scripts do not matter. A document holds each word
//! as it is (for prefixes) and stemmed in the languages of its texts. A word that no product has is corrected to the
//! nearest that one has.

use std::collections::BTreeSet;

use deunicode::deunicode;
use diesel::sql_types::{Array, Text};

use super::html;
use super::translate::{Translation, Translations};
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::ProductId;
use crate::locale::Locale;

/// How many products are ranked at most; a search that finds more says so.
pub const MOST_CANDIDATES: i64 = 1000;

/// How many words of a query count.
const MOST_WORDS: usize = 12;

/// How many letters of a product's descriptions are searched, in all languages together.
const LONGEST_TEXT: usize = 100_000;

/// A text as search compares it: words of lower-case ASCII letters and digits.
#[must_use]
pub fn fold(text: &str) -> String {
    let folded: String = deunicode(text)
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a product is found by, apart from its translations.
pub struct Texts<'a> {
    /// Its name.
    pub title: &'a str,
    /// Its description as HTML.
    pub description_html: &'a str,
    /// Vendor, type, tags, option values: what it is grouped by.
    pub groups: Vec<&'a str>,
    /// SKUs and barcodes.
    pub codes: Vec<&'a str>,
}

/// Writes what a product is found by.
///
/// # Errors
/// Those of the database.
pub async fn index(
    conn: &mut Connection,
    id: ProductId,
    texts: &Texts<'_>,
    translations: &Translations,
    shop_locale: &Locale,
) -> Result<()> {
    let plain = html::plain_text(texts.description_html);
    let own = (shop_locale, fold(texts.title), fold(&plain), fold(&texts.groups.join(" ")));
    let translated = translations.0.iter().map(|(locale, texts)| {
        let title = fold(texts.title.as_deref().unwrap_or_default());
        let text = html::plain_text(texts.description_html.as_deref().unwrap_or_default());
        (locale, title, fold(&text), fold(&option_texts(texts)))
    });
    let mut all: Vec<(&Locale, String, String, String)> = [own].into_iter().chain(translated).collect();
    // A tsvector holds one megabyte.
    let share = LONGEST_TEXT / all.len().max(1);
    for (_, _, description, _) in &mut all {
        description.truncate(share);
    }
    let mut insert = Statement::default();
    // The status is the product's, by a trigger.
    insert.push("INSERT INTO product_search (product_id, document) VALUES (").bind(Bind::Uuid(id.0));
    insert.push(", setweight(to_tsvector('simple', ").bind(Bind::Text(fold(&texts.codes.join(" ")))).push("), 'C')");
    for (locale, title, description, groups) in &all {
        for config in ["simple", locale.text_search()] {
            for (text, weight) in [(title, "A"), (groups, "B"), (description, "D")] {
                insert.push(" || setweight(to_tsvector(").bind(Bind::Text(config.to_owned()));
                insert.push("::regconfig, ").bind(Bind::Text(text.clone())).push(&format!("), '{weight}')"));
            }
        }
    }
    insert.push(") ON CONFLICT (product_id) DO UPDATE SET document = EXCLUDED.document");
    // As many texts as products have numbers of translations.
    insert.prepared().execute(conn).await?;
    let words: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, title, _, groups)| title.split(' ').chain(groups.split(' ')))
        .filter(|word| (3..=40).contains(&word.len()))
        .collect();
    // In order, so that two products written at once do not wait for each other crosswise.
    Statement::constant("INSERT INTO search_words SELECT unnest($1::text[]) ORDER BY 1 ON CONFLICT DO NOTHING")
        .with(Bind::Texts(words.into_iter().map(str::to_owned).collect()))
        .execute(conn)
        .await?;
    Ok(())
}

fn option_texts(texts: &Translation) -> String {
    let of_option = |option: &super::translate::OptionTranslation| option.values.values().cloned().collect::<Vec<_>>();
    texts.options.values().flat_map(of_option).collect::<Vec<_>>().join(" ")
}

/// What to look for, for `to_tsquery('simple', …)`: all words of it must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(pub String);

#[derive(diesel::QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = Array<Text>)]
    stems: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    near: Vec<String>,
}

/// Reads a shopper's words; `None` when nothing in them can be searched for.
///
/// # Errors
/// Those of the database.
pub async fn parse(conn: &mut Connection, text: &str, locale: &Locale) -> Result<Option<Query>> {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).take(MOST_WORDS).collect();
    if words.is_empty() {
        return Ok(None);
    }
    let known: Vec<Known> = Statement::constant(
        "SELECT word, tsvector_to_array(to_tsvector($2::regconfig, word)) AS stems, \
             CASE WHEN length(word) < 4 OR EXISTS (SELECT FROM search_words AS known WHERE known.word >= asked.word \
                 AND known.word < asked.word || '~') THEN '{}'::text[] \
             ELSE ARRAY(SELECT near.word FROM search_words AS near ORDER BY near.word <-> asked.word LIMIT 40) END AS near \
         FROM unnest($1::text[]) WITH ORDINALITY AS asked (word, place) ORDER BY place",
    )
    .with(Bind::Texts(words.into_iter().map(str::to_owned).collect()))
    .with(Bind::Text(locale.text_search().to_owned()))
    .load(conn)
    .await?;
    // A stop word has no stem.
    let only_stops = known.iter().all(|word| word.stems.is_empty());
    let kept = known.iter().filter(|word| only_stops || !word.stems.is_empty());
    Ok(Some(Query(kept.map(alternatives).collect::<Vec<_>>().join(" & "))))
}

/// A word as the start of another, its stem, or any of the known words that are a typo or two away.
fn alternatives(Known { word, stems, near }: &Known) -> String {
    let allowed = if word.len() < 7 { 1 } else { 2 };
    let corrected = near.iter().filter(|near| strsim::osa_distance(word, near) <= allowed).take(5);
    // What begins with the word is found by it.
    let stems = stems.iter().filter(|stem| !stem.starts_with(word.as_str()) && stem.chars().all(char::is_alphanumeric));
    let prefix = format!("{word}:*");
    let any: Vec<&str> = [&prefix].into_iter().chain(stems).chain(corrected).map(String::as_str).collect();
    format!("({})", any.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(word: &str, stem: &str, near: &[&str]) -> String {
        let near = near.iter().map(|&near| near.to_owned()).collect();
        alternatives(&Known { word: word.to_owned(), stems: vec![stem.to_owned()], near })
    }

    #[test]
    fn folding_forgets_case_accents_and_punctuation() {
        assert_eq!(fold("  Crème-brûlée, GRÖSSE 4!"), "creme brulee grosse 4");
        assert_eq!(fold("'; DROP TABLE -- & | ! :*"), "drop table");
    }

    #[test]
    fn typos_are_corrected_to_what_is_near() {
        assert_eq!(asked("shrit", "shrit", &["shirt", "short", "skirt", "sheet"]), "(shrit:* | shirt)");
        assert_eq!(asked("shirt", "shirt", &[]), "(shirt:*)");
    }

    #[test]
    fn stems_that_begin_with_the_word_are_found_by_it() {
        assert_eq!(asked("shirts", "shirt", &[]), "(shirts:* | shirt)");
        assert_eq!(asked("purple", "purpl", &["purples"]), "(purple:* | purpl | purples)");
    }

    proptest! {
        #[test]
        fn nothing_that_means_something_to_tsquery_survives(text in ".{0,80}") {
            prop_assert!(fold(&text).bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' '));
        }
    }
}
