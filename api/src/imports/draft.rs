//! What the rows of one product say, cell by cell, and what is wrong with them.
//!
//! A column that the file lacks says nothing (`Absent`); an empty cell clears what may be empty (`Null`).

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::columns::Column;
use super::file::{Group, Row};
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

/// Reads a row's cells and notes what is wrong.
struct Cells<'a> {
    row: &'a Row,
    faults: &'a mut Vec<Fault>,
}

impl Cells<'_> {
    fn wrong(&mut self, column: &Column, detail: &str) {
        let detail = format!("`{}` {detail}", column.name());
        self.faults.push(Fault { line: self.row.line, detail });
    }

    fn text(&self, column: &Column) -> Patch<String> {
        match self.row.cell(column) {
            None => Patch::Absent,
            Some("") => Patch::Null,
            Some(text) => Patch::Value(text.to_owned()),
        }
    }

    fn number(&mut self, column: &Column, least: i64, most: i64) -> Option<i64> {
        let text = self.row.filled(column)?.to_owned();
        // Spreadsheets write whole numbers as `160.0`.
        let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'));
        let number = whole.map_or(text.as_str(), |(whole, _)| whole).parse::<i64>().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(column, &format!("must be a whole number between {least} and {most}, not `{text}`"));
        }
        number
    }

    fn maybe_number(&mut self, column: &Column, least: i64, most: i64) -> Patch<i64> {
        match self.row.cell(column) {
            None => Patch::Absent,
            Some("") => Patch::Null,
            Some(_) => self.number(column, least, most).map_or(Patch::Absent, Patch::Value),
        }
    }

    fn flag(&mut self, column: &Column) -> Option<bool> {
        let text = self.row.filled(column)?.to_lowercase();
        match text.as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => {
                self.wrong(column, &format!("must be TRUE or FALSE, not `{text}`"));
                None
            }
        }
    }

    fn amount(&mut self, column: &Column, currency: Currency) -> Patch<i64> {
        match self.row.cell(column) {
            None => Patch::Absent,
            Some("") => Patch::Null,
            Some(text) => match Money::parse_decimal(text, currency) {
                Ok(money) => Patch::Value(money.amount),
                Err(detail) => {
                    let detail = format!("`{text}` is no price: {detail}");
                    self.wrong(column, &detail);
                    Patch::Absent
                }
            },
        }
    }

    fn json<T: DeserializeOwned>(&mut self, column: &Column) -> Option<T> {
        let text = self.row.cell(column)?;
        match serde_json::from_str(if text.is_empty() { "{}" } else { text }) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(column, &format!("is not the JSON it should be: {error}"));
                None
            }
        }
    }

    fn option_names(&mut self) -> Vec<String> {
        let filled = |column: Column| self.row.filled(&column).map(str::to_owned);
        let names: Vec<Option<String>> = (1..=3).map(|number| filled(Column::OptionName(number))).collect();
        let values: Vec<Option<String>> = (1..=3).map(|number| filled(Column::OptionValue(number))).collect();
        if names.iter().flatten().eq(["Title"])
            && values.first().is_some_and(|value| value.as_deref() == Some("Default Title"))
        {
            return Vec::new();
        }
        names.into_iter().flatten().collect()
    }

    fn product(&mut self) -> ProductDraft {
        if self.flag(&Column::GiftCard) == Some(true) {
            self.wrong(&Column::GiftCard, "is TRUE, but gift cards are not sold here");
        }
        let words = |text: &str, by: char| -> Vec<String> {
            text.split(by).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let mut texts: BTreeMap<Locale, (Patch<String>, Patch<String>)> = BTreeMap::new();
        for column in self.row.columns() {
            if let Column::TitleIn(locale) = column {
                texts.entry(locale.clone()).or_default().0 = self.text(column);
            } else if let Column::BodyIn(locale) = column {
                texts.entry(locale.clone()).or_default().1 = self.text(column);
            }
        }
        ProductDraft {
            title: self.row.filled(&Column::Title).map(str::to_owned),
            description_html: self.text(&Column::Body),
            vendor: self.text(&Column::Vendor),
            product_type: self.text(&Column::Type),
            category: self.text(&Column::Category),
            tags: self.row.cell(&Column::Tags).map(|tags| words(tags, ',')),
            status: self.status(),
            seo_title: self.text(&Column::SeoTitle),
            seo_description: self.text(&Column::SeoDescription),
            tax_code: self.text(&Column::TaxCode),
            metadata: self.json(&Column::Metadata),
            collections: self.row.cell(&Column::Collections).map(|slugs| words(slugs, ';')),
            collection: self.row.filled(&Column::Collection).map(str::to_owned),
            translations: self.json(&Column::Translations),
            texts,
        }
    }

    /// Shopify says in two columns what is one here: a product that is active but not published is a draft.
    fn status(&mut self) -> Option<ProductStatus> {
        let published = self.flag(&Column::Published);
        let status = match self.row.filled(&Column::Status).map(str::to_lowercase).as_deref() {
            None => published.map(|published| if published { ProductStatus::Active } else { ProductStatus::Draft }),
            Some("active") => Some(ProductStatus::Active),
            Some("draft" | "unlisted") => Some(ProductStatus::Draft),
            Some("archived") => Some(ProductStatus::Archived),
            Some(other) => {
                self.wrong(&Column::Status, &format!("must be active, draft or archived, not `{other}`"));
                None
            }
        };
        if status == Some(ProductStatus::Active) && published == Some(false) {
            Some(ProductStatus::Draft)
        } else {
            status
        }
    }

    fn variant(&mut self, names: &[String], currency: Currency) -> VariantDraft {
        let mut option_values = BTreeMap::new();
        for (number, name) in (1u8..).zip(names) {
            match self.row.filled(&Column::OptionValue(number)) {
                Some(value) => drop(option_values.insert(name.clone(), value.to_owned())),
                None => self.wrong(&Column::OptionValue(number), &format!("is empty; every variant has a {name}")),
            }
        }
        VariantDraft {
            line: self.row.line,
            sku: self.row.filled(&Column::Sku).map(str::to_owned),
            option_values,
            prices: self.prices(currency),
            barcode: self.text(&Column::Barcode),
            weight_grams: self.maybe_number(&Column::Grams, 0, 10_000_000),
            dimensions_mm: self.dimensions(),
            hs_code: self.text(&Column::HsCode),
            origin_country: self.text(&Column::Origin),
            track_inventory: self.row.cell(&Column::InventoryTracker).map(|tracker| !tracker.is_empty()),
            on_hand: self.number(&Column::InventoryQty, -1_000_000_000, 1_000_000_000),
            allow_backorder: self.policy(),
            low_stock_threshold: self.maybe_number(&Column::LowStockThreshold, 0, 1_000_000_000),
            max_per_order: self.maybe_number(&Column::MaxPerOrder, 1, 9999),
            requires_shipping: self.flag(&Column::RequiresShipping),
            taxable: self.flag(&Column::Taxable),
            unit_cost: self.cost(currency),
            title: self.text(&Column::VariantTitle),
            archived: self.flag(&Column::VariantArchived),
            metadata: self.json(&Column::VariantMetadata),
            image: self.row.filled(&Column::VariantImage).map(str::to_owned),
        }
    }

    fn prices(&mut self, currency: Currency) -> BTreeMap<Currency, (Patch<i64>, Patch<i64>)> {
        let mut prices: BTreeMap<Currency, (Patch<i64>, Patch<i64>)> = BTreeMap::new();
        for column in self.row.columns() {
            if let Column::Price(of) = column {
                let of = of.unwrap_or(currency);
                prices.entry(of).or_default().0 = self.amount(column, of);
            } else if let Column::CompareAtPrice(of) = column {
                let of = of.unwrap_or(currency);
                prices.entry(of).or_default().1 = self.amount(column, of);
            }
        }
        // Shopify leaves the price out where it says nothing; only a column of ours can take a price away.
        if let Some((price @ Patch::Null, _)) = prices.get_mut(&currency) {
            *price = Patch::Absent;
        }
        prices
    }

    /// `deny` and `continue` in the old format, TRUE and FALSE in the new.
    fn policy(&mut self) -> Option<bool> {
        match self.row.filled(&Column::InventoryPolicy).map(str::to_lowercase).as_deref() {
            None => None,
            Some("deny") => Some(false),
            Some("continue") => Some(true),
            Some(_) => self.flag(&Column::InventoryPolicy),
        }
    }

    /// `12.50`, or `12.50 USD` for another currency than the file's.
    fn cost(&mut self, currency: Currency) -> Patch<Money> {
        match self.row.cell(&Column::Cost) {
            None => Patch::Absent,
            Some("") => Patch::Null,
            Some(text) => {
                let (amount, code) = text.split_once(' ').unwrap_or((text, ""));
                let of = if code.is_empty() { Some(currency) } else { code.parse().ok() };
                let money = of.and_then(|of| Money::parse_decimal(amount, of).ok());
                if money.is_none() {
                    let detail = format!("must be an amount such as `12.50` or `12.50 USD`, not `{text}`");
                    self.wrong(&Column::Cost, &detail);
                }
                money.map_or(Patch::Absent, Patch::Value)
            }
        }
    }

    fn dimensions(&mut self) -> Patch<Dimensions> {
        let columns = [Column::Length, Column::Width, Column::Height];
        let [length, width, height] = columns.clone().map(|column| self.maybe_number(&column, 1, 100_000));
        match (length, width, height) {
            (Patch::Absent, Patch::Absent, Patch::Absent) => Patch::Absent,
            (Patch::Null, Patch::Null, Patch::Null) => Patch::Null,
            (Patch::Value(length), Patch::Value(width), Patch::Value(height)) => {
                Patch::Value(Dimensions { length, width, height })
            }
            _ => {
                self.wrong(&Column::Length, "needs width and height with it");
                Patch::Absent
            }
        }
    }
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
