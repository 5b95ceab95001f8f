//! Reading the cells of one row. A column that the file lacks says nothing (`Absent`); an empty cell clears what may be empty
//! (`Null`).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::columns::Column;
use super::draft::{Fault, ProductDraft, VariantDraft};
use super::file::Row;
use crate::catalog::model::{Dimensions, ProductStatus};
use crate::http::patch::Patch;
use crate::locale::Locale;
use crate::money::{Currency, Money};

/// Reads a row's cells and notes what is wrong.
pub(super) struct Cells<'a> {
    pub(super) row: &'a Row,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl Cells<'_> {
    fn wrong(&mut self, column: &Column, detail: &str) {
        let detail = format!("`{}` {detail}", column.name());
        self.faults.push(Fault { line: self.row.line, detail });
    }

    pub(super) fn text(&self, column: &Column) -> Patch<String> {
        match self.row.cell(column) {
            None => Patch::Absent,
            Some("") => Patch::Null,
            Some(text) => Patch::Value(text.to_owned()),
        }
    }

    pub(super) fn number(&mut self, column: &Column, least: i64, most: i64) -> Option<i64> {
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

    pub(super) fn option_names(&mut self) -> Vec<String> {
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

    pub(super) fn product(&mut self) -> ProductDraft {
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

    pub(super) fn variant(&mut self, names: &[String], currency: Currency) -> VariantDraft {
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
