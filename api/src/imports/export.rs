//! Writing the whole catalogue as Shopify's product CSV, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::columns::Column;
use crate::catalog::filter::Filter;
use crate::catalog::list::{self, Sort};
use crate::catalog::model::{Media, Product, ProductStatus, Variant};
use crate::db::Connection;
use crate::db::schema::variant_prices;
use crate::error::{Error, Result};
use crate::http::csv;
use crate::money::Currency;

/// How many products are read at a time.
const PAGE: i64 = 50;

/// A file in the making: what it holds, and how.
#[derive(Debug)]
pub struct Export {
    columns: Vec<Column>,
    filter: Filter,
    currency: Currency,
    excel: bool,
}

/// Some products as lines of the file.
#[derive(Debug)]
pub struct Piece {
    /// The lines.
    pub lines: Vec<u8>,
    /// How many products these are.
    pub products: usize,
    /// Where the next piece begins; `None` at the end.
    pub after: Option<String>,
}

impl Export {
    /// A file of these products, with a column for each currency that has prices of its own.
    ///
    /// With `excel`, cells that a spreadsheet would take for formulas begin with an apostrophe, which the import takes
    /// off.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn new(conn: &mut Connection, filter: Filter, currency: Currency, excel: bool) -> Result<Self> {
        let others: Vec<Currency> = variant_prices::table
            .select(variant_prices::currency)
            .filter(variant_prices::currency.ne(currency))
            .filter(variant_prices::origin.eq("manual"))
            .distinct()
            .order(variant_prices::currency)
            .load(conn)
            .await?;
        let others = others.into_iter().flat_map(|of| [Column::Price(Some(of)), Column::CompareAtPrice(Some(of))]);
        Ok(Self { columns: Column::all().chain(others).collect(), filter, currency, excel })
    }

    /// The line of headings.
    ///
    /// # Errors
    /// When it cannot be written, which is a defect.
    pub fn headings(&self) -> Result<Vec<u8>> {
        csv::rows([self.columns.iter().map(Column::name)])
    }

    /// The next products.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn piece(&self, conn: &mut Connection, after: Option<&str>) -> Result<Piece> {
        let (products, page) = list::staff_page(conn, &self.filter, Sort::Oldest, after, PAGE).await?;
        let rows: Vec<Row> = products.iter().flat_map(|product| rows(product, self.currency)).collect();
        let cells = |row: &Row| {
            let cell = |column| shielded(row.get(column).map_or("", String::as_str), self.excel);
            self.columns.iter().map(cell).collect::<Vec<_>>()
        };
        let lines = csv::rows(rows.iter().map(cells))?;
        Ok(Piece { lines, products: products.len(), after: page.next_cursor })
    }
}

/// Writes every product; answers how many.
///
/// # Errors
/// Those of the database and of the writer.
pub async fn export(conn: &mut Connection, mut target: impl Write, currency: Currency, excel: bool) -> Result<usize> {
    let failed = |error: std::io::Error| Error::Internal(format!("The export could not be written: {error}"));
    let export = Export::new(conn, Filter::everything(), currency, excel).await?;
    target.write_all(&export.headings()?).map_err(failed)?;
    let (mut after, mut count) = (None::<String>, 0);
    loop {
        let piece = export.piece(conn, after.as_deref()).await?;
        target.write_all(&piece.lines).map_err(failed)?;
        count += piece.products;
        after = piece.after;
        if after.is_none() {
            break;
        }
    }
    target.flush().map_err(failed)?;
    Ok(count)
}

fn shielded(cell: &str, excel: bool) -> String {
    if excel && cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
}

type Row = BTreeMap<Column, String>;

/// A product's rows: its variants, with its pictures beside them, and rows for the pictures that are left.
fn rows(product: &Product, currency: Currency) -> Vec<Row> {
    let count = product.variants.len().max(product.media.len());
    let mut rows = Vec::new();
    for index in 0..count {
        let mut row = Row::from([(Column::Handle, product.slug.clone())]);
        if index == 0 {
            product_cells(&mut row, product);
        }
        if let Some(variant) = product.variants.get(index) {
            variant_cells(&mut row, product, variant, currency);
        }
        if let Some(media) = product.media.get(index) {
            row.insert(Column::ImageSrc, media.url.clone());
            row.insert(Column::ImagePosition, media.position.to_string());
            row.insert(Column::ImageAlt, media.alt.clone().unwrap_or_default());
        }
        rows.push(row);
    }
    rows
}

fn flag(value: bool) -> String {
    if value { "TRUE" } else { "FALSE" }.to_owned()
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    if text == "{}" { String::new() } else { text }
}

fn product_cells(row: &mut Row, product: &Product) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let slugs: BTreeSet<&str> = product.collections.iter().map(|collection| collection.slug.as_str()).collect();
    row.extend([
        (Column::Title, product.title.clone()),
        (Column::Body, product.description_html.clone()),
        (Column::Vendor, text(&product.vendor)),
        (Column::Category, text(&product.category)),
        (Column::Type, text(&product.product_type)),
        (Column::Tags, product.tags.join(", ")),
        (Column::Published, flag(product.status == ProductStatus::Active)),
        (Column::Status, product.status.to_string()),
        (Column::GiftCard, flag(false)),
        (Column::SeoTitle, text(&product.seo.title)),
        (Column::SeoDescription, text(&product.seo.description)),
        (Column::Collections, slugs.into_iter().collect::<Vec<_>>().join("; ")),
        (Column::TaxCode, text(&product.tax_code)),
        (Column::Metadata, json(&product.metadata)),
        (Column::Translations, json(&product.translations.clone().unwrap_or_default())),
    ]);
    if product.options.is_empty() {
        row.insert(Column::OptionName(1), "Title".to_owned());
    }
    for (number, option) in (1u8..).zip(&product.options) {
        row.insert(Column::OptionName(number), option.name.clone());
    }
}

fn variant_cells(row: &mut Row, product: &Product, variant: &Variant, currency: Currency) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let values: Vec<&String> =
        product.options.iter().filter_map(|option| variant.option_values.get(&option.name)).collect();
    for (number, value) in (1u8..).zip(&values) {
        row.insert(Column::OptionValue(number), (*value).clone());
    }
    if product.options.is_empty() {
        row.insert(Column::OptionValue(1), "Default Title".to_owned());
    }
    let made = values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(" / ");
    let made = if made.is_empty() { "Default".to_owned() } else { made };
    let parcel = variant.dimensions_mm;
    row.extend([
        (Column::Sku, variant.sku.clone()),
        (Column::Grams, number(variant.weight_grams)),
        (Column::RequiresShipping, flag(variant.requires_shipping)),
        (Column::Taxable, flag(variant.taxable)),
        (Column::Barcode, text(&variant.barcode)),
        (Column::HsCode, text(&variant.hs_code)),
        (Column::Origin, text(&variant.origin_country)),
        (Column::Length, number(parcel.map(|parcel| parcel.length))),
        (Column::Width, number(parcel.map(|parcel| parcel.width))),
        (Column::Height, number(parcel.map(|parcel| parcel.height))),
        (Column::MaxPerOrder, number(variant.max_per_order)),
        (Column::VariantTitle, if variant.title == made { String::new() } else { variant.title.clone() }),
        (Column::VariantArchived, flag(variant.archived_at.is_some())),
        (Column::VariantMetadata, json(&variant.metadata)),
        (Column::VariantImage, picture_of(product, variant).map(|media| media.url.clone()).unwrap_or_default()),
    ]);
    if let Some(cost) = variant.unit_cost {
        let code = if cost.currency == currency { String::new() } else { format!(" {}", cost.currency) };
        row.insert(Column::Cost, format!("{}{code}", cost.decimal()));
    }
    if let Some(stock) = &variant.inventory {
        row.insert(Column::InventoryTracker, if stock.track_inventory { "shopify" } else { "" }.to_owned());
        row.insert(Column::InventoryQty, stock.on_hand.to_string());
        row.insert(Column::InventoryPolicy, if stock.allow_backorder { "continue" } else { "deny" }.to_owned());
        row.insert(Column::LowStockThreshold, number(stock.own_threshold()));
    }
    for price in variant.prices.iter().flatten() {
        let of = Some(price.currency).filter(|of| *of != currency);
        let decimal = |amount| crate::money::Money::new(amount, price.currency).decimal();
        row.insert(Column::Price(of), decimal(price.amount));
        row.insert(Column::CompareAtPrice(of), price.compare_at_amount.map(decimal).unwrap_or_default());
    }
}

/// The first picture that is of this variant in particular.
fn picture_of<'a>(product: &'a Product, variant: &Variant) -> Option<&'a Media> {
    product.media.iter().find(|media| media.variant_ids.contains(&variant.id))
}
