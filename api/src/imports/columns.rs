//! The columns of Shopify's product CSV, under the names of both of its formats, and ours for what it lacks.
//!
//! Source: Shopify Help Center, "Using CSV files to import and export products". Columns of ours start with `Merx: `.

use std::collections::BTreeMap;

use crate::locale::Locale;
use crate::money::Currency;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The product's slug; rows of one handle are one product.
    Handle,
    /// The product's name.
    Title,
    /// The description as HTML.
    Body,
    /// Who makes it.
    Vendor,
    /// Its place in a public taxonomy.
    Category,
    /// What kind of thing it is.
    Type,
    /// Comma-separated words.
    Tags,
    /// Whether shoppers see it.
    Published,
    /// `active`, `draft` or `archived`.
    Status,
    /// The name of option 1 to 3.
    OptionName(u8),
    /// The variant's value of option 1 to 3.
    OptionValue(u8),
    /// Stock keeping unit.
    Sku,
    /// GTIN.
    Barcode,
    /// Weight in grams.
    Grams,
    /// `shopify` when stock limits sales.
    InventoryTracker,
    /// Units on hand.
    InventoryQty,
    /// `deny`, or `continue` to sell what is out of stock.
    InventoryPolicy,
    /// The price; `None` is the file's currency.
    Price(Option<Currency>),
    /// The former price.
    CompareAtPrice(Option<Currency>),
    /// Whether it is sent by post.
    RequiresShipping,
    /// Whether tax is due.
    Taxable,
    /// The address of a picture.
    ImageSrc,
    /// Its place.
    ImagePosition,
    /// What it shows.
    ImageAlt,
    /// The picture of the variant.
    VariantImage,
    /// Gift cards are not sold.
    GiftCard,
    /// For search engines.
    SeoTitle,
    /// For search engines.
    SeoDescription,
    /// What one costs the shop.
    Cost,
    /// The title of one collection.
    Collection,
    /// The slugs of all collections, by `;`.
    Collections,
    /// Harmonised System code.
    HsCode,
    /// Where it was made.
    Origin,
    /// Parcel length in millimetres.
    Length,
    /// Parcel width in millimetres.
    Width,
    /// Parcel height in millimetres.
    Height,
    /// At or under this many available it counts as low.
    LowStockThreshold,
    /// How many one order may hold.
    MaxPerOrder,
    /// Stripe Tax's code.
    TaxCode,
    /// What sets the variant apart, where that is not its option values.
    VariantTitle,
    /// Whether the variant is off sale.
    VariantArchived,
    /// The product's metadata as JSON.
    Metadata,
    /// The variant's metadata as JSON.
    VariantMetadata,
    /// All translations as JSON.
    Translations,
    /// The title in another language.
    TitleIn(Locale),
    /// The description in another language.
    BodyIn(Locale),
}

/// The columns by their names, lower-case; the first name of each is the one that is written.
const NAMES: &[(Column, &[&str])] = &[
    (Column::Handle, &["Handle", "URL handle"]),
    (Column::Title, &["Title"]),
    (Column::Body, &["Body (HTML)", "Description"]),
    (Column::Vendor, &["Vendor"]),
    (Column::Category, &["Product Category", "Product category", "Standardized Product Type", "Standard Product Type"]),
    (Column::Type, &["Type", "Custom Product Type"]),
    (Column::Tags, &["Tags"]),
    (Column::Published, &["Published", "Published on online store"]),
    (Column::OptionName(1), &["Option1 Name"]),
    (Column::OptionValue(1), &["Option1 Value"]),
    (Column::OptionName(2), &["Option2 Name"]),
    (Column::OptionValue(2), &["Option2 Value"]),
    (Column::OptionName(3), &["Option3 Name"]),
    (Column::OptionValue(3), &["Option3 Value"]),
    (Column::Sku, &["Variant SKU", "SKU"]),
    (Column::Grams, &["Variant Grams", "Weight value (grams)"]),
    (Column::InventoryTracker, &["Variant Inventory Tracker", "Inventory tracker"]),
    (Column::InventoryQty, &["Variant Inventory Qty", "Inventory quantity"]),
    (Column::InventoryPolicy, &["Variant Inventory Policy", "Continue selling when out of stock"]),
    (Column::Price(None), &["Variant Price", "Price"]),
    (Column::CompareAtPrice(None), &["Variant Compare At Price", "Compare-at price"]),
    (Column::RequiresShipping, &["Variant Requires Shipping", "Requires shipping"]),
    (Column::Taxable, &["Variant Taxable", "Charge tax"]),
    (Column::Barcode, &["Variant Barcode", "Barcode"]),
    (Column::ImageSrc, &["Image Src", "Product image URL"]),
    (Column::ImagePosition, &["Image Position"]),
    (Column::ImageAlt, &["Image Alt Text"]),
    (Column::GiftCard, &["Gift Card"]),
    (Column::SeoTitle, &["SEO Title"]),
    (Column::SeoDescription, &["SEO Description"]),
    (Column::VariantImage, &["Variant Image", "Variant image URL"]),
    (Column::Cost, &["Cost per item"]),
    (Column::Status, &["Status"]),
    (Column::Collection, &["Collection"]),
    (Column::Collections, &["Merx: Collections"]),
    (Column::HsCode, &["Merx: HS Code"]),
    (Column::Origin, &["Merx: Origin Country"]),
    (Column::Length, &["Merx: Length mm"]),
    (Column::Width, &["Merx: Width mm"]),
    (Column::Height, &["Merx: Height mm"]),
    (Column::LowStockThreshold, &["Merx: Low Stock Threshold"]),
    (Column::MaxPerOrder, &["Merx: Max Per Order"]),
    (Column::TaxCode, &["Merx: Tax Code"]),
    (Column::VariantTitle, &["Merx: Variant Title"]),
    (Column::VariantArchived, &["Merx: Variant Archived"]),
    (Column::Metadata, &["Merx: Metadata"]),
    (Column::VariantMetadata, &["Merx: Variant Metadata"]),
    (Column::Translations, &["Merx: Translations"]),
];

/// Columns of Shopify's that mean nothing here and may be passed over in silence.
const MEANINGLESS: &[&str] = &[
    "variant fulfillment service",
    "fulfillment service",
    "variant weight unit",
    "weight unit for display",
    "option1 linked to",
    "option2 linked to",
    "option3 linked to",
];

impl Column {
    /// The column of a header, if it means anything here.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let header = header.trim();
        let by_name = NAMES.iter().find(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(header)));
        if let Some((column, _)) = by_name {
            return Some(column.clone());
        }
        let after = |start: &str| {
            header.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start)).and(header.get(start.len()..))
        };
        let currency = |text: &str| text.trim().parse().ok();
        let locale = |text: &str| text.trim().parse().ok();
        if let Some(rest) = after("Merx: Price ") {
            return currency(rest).map(|currency| Self::Price(Some(currency)));
        }
        if let Some(rest) = after("Merx: Compare At Price ") {
            return currency(rest).map(|currency| Self::CompareAtPrice(Some(currency)));
        }
        if let Some(rest) = after("Merx: Title ") {
            return locale(rest).map(Self::TitleIn);
        }
        after("Merx: Body (HTML) ").and_then(locale).map(Self::BodyIn)
    }

    /// The name it is written under.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some((_, [name, ..])) = NAMES.iter().find(|(column, _)| column == self) {
            return (*name).to_owned();
        }
        if let Self::Price(Some(currency)) = self {
            format!("Merx: Price {currency}")
        } else if let Self::CompareAtPrice(Some(currency)) = self {
            format!("Merx: Compare At Price {currency}")
        } else if let Self::TitleIn(locale) = self {
            format!("Merx: Title {locale}")
        } else if let Self::BodyIn(locale) = self {
            format!("Merx: Body (HTML) {locale}")
        } else {
            format!("{self:?}")
        }
    }

    /// Every column that is written whatever the shop holds, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(column, _)| column.clone()).filter(|column| *column != Self::Collection)
    }
}

/// Which column is where in a file.
#[derive(Debug, Clone, Default)]
pub struct Header {
    places: BTreeMap<Column, usize>,
    /// Headers that mean nothing here.
    pub ignored: Vec<String>,
}

impl Header {
    /// Reads a file's first row.
    ///
    /// # Errors
    /// What is wrong with it: no handle, or a column given twice.
    pub fn read<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut header = Self::default();
        for (place, name) in names.enumerate() {
            match Column::read(name) {
                Some(column) => {
                    if header.places.insert(column, place).is_some() {
                        return Err(format!("The column `{}` is there twice; take one out.", name.trim()));
                    }
                }
                None if name.trim().is_empty() || MEANINGLESS.contains(&name.trim().to_lowercase().as_str()) => {}
                None => header.ignored.push(name.trim().to_owned()),
            }
        }
        if !header.places.contains_key(&Column::Handle) {
            return Err("There is no column `Handle` (or `URL handle`): this is not Shopify's product CSV, or its \
                        first row is missing."
                .to_owned());
        }
        Ok(header)
    }

    /// Where a column is.
    #[must_use]
    pub fn place(&self, column: &Column) -> Option<usize> {
        self.places.get(column).copied()
    }

    /// Every column of the file.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.places.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_shopify_and_our_own_columns_are_known() {
        for (column, names) in NAMES {
            for name in *names {
                assert_eq!(Column::read(&format!(" {} ", name.to_uppercase())).as_ref(), Some(column), "{name}");
            }
        }
        for name in ["Merx: Price USD", "Merx: Compare At Price JPY", "Merx: Title de", "Merx: Body (HTML) pt-BR"] {
            assert_eq!(Column::read(name).unwrap().name(), name);
        }
        assert_eq!(Column::read("Merx: Price Euros"), None);
        assert_eq!(Column::read("Google Shopping / MPN"), None);
    }

    #[test]
    fn a_header_names_what_it_does_not_use() {
        let header = Header::read(["Handle", "Variant Weight Unit", "Google Shopping / MPN", ""].into_iter()).unwrap();
        assert_eq!(header.ignored, ["Google Shopping / MPN"]);
        assert!(Header::read(["Title"].into_iter()).unwrap_err().contains("Handle"));
        assert!(Header::read(["Handle", "SKU", "Variant SKU"].into_iter()).unwrap_err().contains("twice"));
    }
}
