//! What the rows of one product say, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::Cells;
use super::columns::Column;
use super::file::Group;
use crate::catalog::model::{Dimensions, ProductStatus};
use crate::catalog::slug::Slug;
use crate::catalog::translate::{Translation, Translations};
use crate::http::patch::Patch;
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The row.
    pub line: i64,
    /// What is wrong, with the column's name.
    pub detail: String,
}

/// What the file says of a product.
#[derive(Debug, Clone, Default)]
pub struct ProductDraft {
    /// The name.
    pub title: Option<String>,
    /// The description as HTML.
    pub description_html: Patch<String>,
    /// Who makes it.
    pub vendor: Patch<String>,
    /// What kind of thing it is.
    pub product_type: Patch<String>,
    /// Its place in a public taxonomy.
    pub category: Patch<String>,
    /// Words.
    pub tags: Option<Vec<String>>,
    /// Whether shoppers see it.
    pub status: Option<ProductStatus>,
    /// For search engines.
    pub seo_title: Patch<String>,
    /// For search engines.
    pub seo_description: Patch<String>,
    /// Stripe Tax's code.
    pub tax_code: Patch<String>,
    /// The shop's own data.
    pub metadata: Option<Metadata>,
    /// The slugs of all collections.
    pub collections: Option<Vec<String>>,
    /// The title of one collection.
    pub collection: Option<String>,
    /// All languages at once.
    pub translations: Option<Translations>,
    /// Single texts by language.
    pub texts: BTreeMap<Locale, (Patch<String>, Patch<String>)>,
}

impl ProductDraft {
    /// The translations after the file, from what there is.
    #[must_use]
    pub fn translated(&self, present: &Translations) -> Translations {
        let mut all = self.translations.clone().unwrap_or_else(|| present.clone()).0;
        for (locale, (title, body)) in &self.texts {
            let texts = all.entry(locale.clone()).or_default();
            texts.title = title.clone().apply_to(texts.title.take());
            texts.description_html = body.clone().apply_to(texts.description_html.take());
        }
        all.retain(|_, texts| *texts != Translation::default());
        Translations(all).sanitized()
    }
}

/// What the file says of a variant.
#[derive(Debug, Clone, Default)]
pub struct VariantDraft {
    /// The row.
    pub line: i64,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// A value for each option, by its name.
    pub option_values: BTreeMap<String, String>,
    /// The price and the former price in each currency that the file has a column for.
    pub prices: BTreeMap<Currency, (Patch<i64>, Patch<i64>)>,
    /// GTIN.
    pub barcode: Patch<String>,
    /// Weight.
    pub weight_grams: Patch<i64>,
    /// Parcel.
    pub dimensions_mm: Patch<Dimensions>,
    /// Harmonised System code.
    pub hs_code: Patch<String>,
    /// Where it was made.
    pub origin_country: Patch<String>,
    /// Whether stock limits sales.
    pub track_inventory: Option<bool>,
    /// Units on hand.
    pub on_hand: Option<i64>,
    /// Whether it is sold when none is left.
    pub allow_backorder: Option<bool>,
    /// At or under this many available it counts as low.
    pub low_stock_threshold: Patch<i64>,
    /// How many one order may hold.
    pub max_per_order: Patch<i64>,
    /// Whether it is sent by post.
    pub requires_shipping: Option<bool>,
    /// Whether tax is due.
    pub taxable: Option<bool>,
    /// What one costs the shop.
    pub unit_cost: Patch<Money>,
    /// What sets it apart.
    pub title: Patch<String>,
    /// Whether it is off sale.
    pub archived: Option<bool>,
    /// The shop's own data.
    pub metadata: Option<Metadata>,
    /// The address of its picture.
    pub image: Option<String>,
}

/// What the file says of a picture.
#[derive(Debug, Clone)]
pub struct ImageDraft {
    /// The row.
    pub line: i64,
    /// Where it is.
    pub url: String,
    /// Its place.
    pub position: Option<i64>,
    /// What it shows.
    pub alt: Patch<String>,
}

/// What the rows of one handle say.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The product's slug.
    pub handle: String,
    /// Every row, in order.
    pub lines: Vec<i64>,
    /// The product.
    pub product: ProductDraft,
    /// The names of its options.
    pub option_names: Vec<String>,
    /// Its variants.
    pub variants: Vec<VariantDraft>,
    /// Its pictures.
    pub images: Vec<ImageDraft>,
    /// What is wrong; the product is imported only without.
    pub faults: Vec<Fault>,
}

impl Draft {
    /// The line that the product begins on.
    #[must_use]
    pub fn first_line(&self) -> i64 {
        self.lines.first().copied().unwrap_or_default()
    }

    /// The line that its last row begins on.
    #[must_use]
    pub fn last_line(&self) -> i64 {
        self.lines.last().copied().unwrap_or_default()
    }
}

/// Reads one product's rows. Prices without a currency of their own are in `currency`.
#[must_use]
pub fn read(group: &Group, currency: Currency) -> Draft {
    let mut draft = Draft { handle: group.handle.clone(), ..Draft::default() };
    draft.lines = group.rows.iter().map(|row| row.line).collect();
    let mut faults = Vec::new();
    let first_line = draft.first_line();
    let mut fault = |line: i64, detail: &str| faults.push(Fault { line, detail: detail.to_owned() });
    if group.handle.is_empty() {
        fault(first_line, "`Handle` is empty; each row names its product");
    } else if !Slug::is_lawful(&group.handle) {
        fault(first_line, "`Handle` must be letters, digits and inner hyphens, at most 200");
    }
    if group.too_many {
        fault(first_line, "the product has more than 500 rows; it can have 250 variants and 250 pictures");
    }
    for (line, broken) in group.rows.iter().filter_map(|row| Some((row.line, row.broken()?))) {
        fault(line, broken);
    }
    if !faults.is_empty() {
        draft.faults = faults;
        return draft;
    }
    for (index, row) in group.rows.iter().enumerate() {
        let mut cells = Cells { row, faults: &mut faults };
        if index == 0 {
            draft.option_names = cells.option_names();
            // A row without a title is about variants only.
            if row.cell(&Column::Title).is_none_or(|title| !title.is_empty()) {
                draft.product = cells.product();
            }
        }
        if let Some(url) = row.filled(&Column::ImageSrc) {
            draft.images.push(ImageDraft {
                line: row.line,
                url: url.to_owned(),
                position: cells.number(&Column::ImagePosition, 1, 100_000),
                alt: cells.text(&Column::ImageAlt),
            });
        }
        let values = (1..=3).map(Column::OptionValue);
        let is_variant = values.chain([Column::Sku, Column::Price(None)]).any(|column| row.filled(&column).is_some());
        if is_variant {
            let names = draft.option_names.clone();
            draft.variants.push(cells.variant(&names, currency));
        }
    }
    find_twins(&draft.variants, &mut faults);
    draft.faults = faults;
    draft
}

/// Two rows of one product may not be the same variant.
fn find_twins(variants: &[VariantDraft], faults: &mut Vec<Fault>) {
    let (mut skus, mut combinations) = (BTreeSet::new(), BTreeSet::new());
    for variant in variants {
        if variant.sku.as_ref().is_some_and(|sku| !skus.insert(sku)) {
            faults.push(Fault { line: variant.line, detail: "`Variant SKU` is another row's as well".to_owned() });
        }
        if variant.archived != Some(true) && !combinations.insert(&variant.option_values) {
            let detail = "the option values are another row's as well".to_owned();
            faults.push(Fault { line: variant.line, detail });
        }
    }
}
