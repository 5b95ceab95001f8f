//! Creating and changing variants, under their product's lock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::filter::facet;
use super::model::{Price, Product, Variant};
use super::patches::VariantPatch;
use super::read::{self, Audience};
use super::requests::{self, MAX_VARIANTS, NewVariant, ProductOption};
use super::write;
use crate::db::schema::{products, variant_prices, variants};
use crate::db::{Connection, OnConstraint};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{ProductId, VariantId};
use crate::inventory::{self, Policy, Reason};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::Money;

/// The title of a variant that is its product's only one.
const ONLY: &str = "Default";

/// What sets a variant apart, by its title; `None` for its product's only one.
#[must_use]
pub fn apart(title: &str) -> Option<&str> {
    (title != ONLY).then_some(title)
}

/// A variant's title from its values, in the order of the options.
fn title_of(options: &[ProductOption], values: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = options.iter().filter_map(|option| values.get(&option.name)).map(String::as_str).collect();
    if parts.is_empty() { ONLY.to_owned() } else { parts.join(" / ") }
}

fn facets_of(values: &BTreeMap<String, String>) -> Vec<String> {
    values.iter().map(|(name, value)| facet(name, value)).collect()
}

/// Makes a variant's facets anew.
///
/// # Errors
/// Those of the database.
pub(super) async fn refresh_facets(
    conn: &mut Connection,
    id: VariantId,
    values: &BTreeMap<String, String>,
) -> Result<()> {
    diesel::update(variants::table.find(id)).set(variants::facets.eq(facets_of(values))).execute(conn).await?;
    Ok(())
}

/// Writes a new variant of a product that is locked or new; [`stock`] is to follow.
///
/// # Errors
/// `duplicate` for a taken SKU.
pub(super) async fn insert(
    conn: &mut Connection,
    product: ProductId,
    options: &[ProductOption],
    position: usize,
    new: &NewVariant,
    pointer: &str,
    now: DateTime<Utc>,
) -> Result<VariantId> {
    let id = VariantId::new();
    let parcel = new.dimensions_mm;
    let physical = (
        variants::weight_grams.eq(new.weight_grams),
        variants::length_mm.eq(parcel.map(|parcel| parcel.length)),
        variants::width_mm.eq(parcel.map(|parcel| parcel.width)),
        variants::height_mm.eq(parcel.map(|parcel| parcel.height)),
        variants::hs_code.eq(&new.hs_code),
        variants::origin_country.eq(new.origin_country.as_ref().map(|country| &country.0)),
        variants::requires_shipping.eq(new.requires_shipping),
    );
    diesel::insert_into(variants::table)
        .values((
            variants::id.eq(id),
            variants::product_id.eq(product),
            variants::sku.eq(&new.sku),
            variants::barcode.eq(&new.barcode),
            variants::title.eq(new.title.clone().unwrap_or_else(|| title_of(options, &new.option_values))),
            variants::option_values.eq(json!(new.option_values)),
            variants::facets.eq(facets_of(&new.option_values)),
            variants::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
            physical,
            variants::taxable.eq(new.taxable),
            variants::max_per_order.eq(new.max_per_order),
            variants::unit_cost.eq(new.unit_cost.map(|cost| cost.amount)),
            variants::unit_cost_currency.eq(new.unit_cost.map(|cost| cost.currency)),
            variants::metadata.eq(new.metadata.to_json()),
            variants::version.eq(1),
            variants::created_at.eq(now),
            variants::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("variants_sku_key", || write::duplicate(&format!("{pointer}/sku"), &new.sku))?;
    insert_prices(conn, id, &new.prices).await?;
    Ok(id)
}

/// Writes a new variant's first stock, once it is known whether it is on sale.
///
/// # Errors
/// Those of the database.
pub(super) async fn stock(conn: &mut Connection, id: VariantId, new: &NewVariant, now: DateTime<Utc>) -> Result<()> {
    let level = inventory::NewLevel {
        on_hand: new.on_hand,
        track_inventory: new.track_inventory,
        allow_backorder: new.allow_backorder,
        low_stock_threshold: new.low_stock_threshold,
    };
    inventory::create_level(conn, id, level, Reason::Initial, now).await
}

async fn insert_prices(conn: &mut Connection, variant: VariantId, prices: &[Price]) -> Result<()> {
    let rows: Vec<_> = prices
        .iter()
        .map(|price| {
            (
                variant_prices::variant_id.eq(variant),
                variant_prices::currency.eq(price.currency),
                variant_prices::amount.eq(price.amount),
                variant_prices::compare_at_amount.eq(price.compare_at_amount),
            )
        })
        .collect();
    diesel::insert_into(variant_prices::table).values(rows).execute(conn).await?;
    Ok(())
}

/// A variant's option values, and whether it is on sale.
type Chosen = (VariantId, Value, Option<DateTime<Utc>>);

async fn siblings(conn: &mut Connection, product: ProductId) -> Result<Vec<Chosen>> {
    Ok(variants::table
        .filter(variants::product_id.eq(product))
        .select((variants::id, variants::option_values, variants::archived_at))
        .load(conn)
        .await?)
}

/// Adds a variant to a product; a new value of an option is added to the option. Answers the variant.
///
/// # Errors
/// `not_found`, `precondition_failed`, `duplicate`, `validation_failed`.
pub async fn add(
    conn: &mut Connection,
    product: ProductId,
    new: &NewVariant,
    expected: &Expected,
    locale: &Locale,
    now: DateTime<Utc>,
) -> Result<Variant> {
    write::lock(conn, product, expected).await?;
    let id = append(conn, product, new, false, now).await?;
    one_of(write::changed(conn, product, locale, now).await?, id)
}

fn one_of(product: Product, id: VariantId) -> Result<Variant> {
    let found = product.variants.into_iter().find(|variant| variant.id == id);
    found.ok_or_else(|| Error::not_found("variant"))
}

/// Adds a variant to a locked product, on sale or not; [`write::changed`] is to follow.
///
/// # Errors
/// `duplicate`, `validation_failed`.
pub(crate) async fn append(
    conn: &mut Connection,
    product: ProductId,
    new: &NewVariant,
    archived: bool,
    now: DateTime<Utc>,
) -> Result<VariantId> {
    let options: Value = products::table.find(product).select(products::options).first(conn).await?;
    let present = siblings(conn, product).await?;
    if present.len() >= MAX_VARIANTS {
        let detail = format!("would be one too many: a product has at most {MAX_VARIANTS} variants");
        return Err(Error::invalid("", "length", detail));
    }
    let options = serde_json::from_value(options).unwrap_or_default();
    let options = with_values(conn, product, options, &new.option_values).await?;
    if !archived {
        require_free(&present, &new.option_values, None)?;
    }
    let id = insert(conn, product, &options, present.len(), new, "", now).await?;
    if archived {
        diesel::update(variants::table.find(id)).set(variants::archived_at.eq(now)).execute(conn).await?;
    }
    stock(conn, id, new, now).await?;
    Ok(id)
}

/// The product's options, with values that they lacked.
async fn with_values(
    conn: &mut Connection,
    product: ProductId,
    mut options: Vec<ProductOption>,
    values: &BTreeMap<String, String>,
) -> Result<Vec<ProductOption>> {
    let names: BTreeSet<&String> = options.iter().map(|option| &option.name).collect();
    if values.keys().collect::<BTreeSet<_>>() != names {
        return Err(Error::invalid("/option_values", "options", "must have one value for each option of the product"));
    }
    let mut grew = false;
    for option in &mut options {
        let Some(value) = values.get(&option.name) else { continue };
        if value.trim().is_empty() || value.len() > 250 {
            let pointer = format!("/option_values/{}", option.name);
            return Err(Error::invalid(pointer, "length", "must have 1 to 250 characters"));
        }
        if !option.values.contains(value) {
            option.values.push(value.clone());
            grew = true;
        }
    }
    if grew {
        diesel::update(products::table.find(product)).set(products::options.eq(json!(options))).execute(conn).await?;
    }
    Ok(options)
}

/// Refuses a combination that another variant on sale has.
fn require_free(present: &[Chosen], values: &BTreeMap<String, String>, except: Option<VariantId>) -> Result<()> {
    let wanted = json!(values);
    let taken =
        present.iter().any(|(id, values, archived)| Some(*id) != except && archived.is_none() && *values == wanted);
    if taken {
        return Err(Error::invalid("/option_values", "duplicate", "is the same combination as another variant's"));
    }
    Ok(())
}

/// Refuses options that the variants on sale do not fit.
///
/// # Errors
/// `validation_failed`.
pub(super) async fn require_options(
    conn: &mut Connection,
    product: ProductId,
    options: &[ProductOption],
) -> Result<()> {
    write::distinct_names(options)?;
    if options.len() > 3 {
        return Err(Error::invalid("/options", "length", "must be at most 3 items"));
    }
    for (index, option) in options.iter().enumerate() {
        use validator::Validate;
        if option.validate().is_err() {
            let detail = "must have a name and values, each once, of 1 to 250 characters";
            return Err(Error::invalid(format!("/options/{index}"), "values", detail));
        }
    }
    for (_, values, archived) in siblings(conn, product).await? {
        let values: BTreeMap<String, String> = serde_json::from_value(values).unwrap_or_default();
        let fits = values.len() == options.len()
            && options.iter().all(|option| values.get(&option.name).is_some_and(|value| option.values.contains(value)));
        if archived.is_none() && !fits {
            let detail = format!("must have every option and value that a variant has: {}", json!(values));
            return Err(Error::invalid("/options", "options", detail));
        }
    }
    Ok(())
}

/// What a variant was and is, and its product's version.
pub struct ChangedVariant {
    /// What it was.
    pub before: Variant,
    /// What it is.
    pub after: Variant,
    /// Its product's version now.
    pub version: i64,
}

/// Changes a variant and raises its product's version.
///
/// # Errors
/// `not_found`, `precondition_failed` against the product's version, `duplicate`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: VariantId,
    patch: &VariantPatch,
    expected: &Expected,
    locale: &Locale,
    now: DateTime<Utc>,
) -> Result<ChangedVariant> {
    let product: Option<ProductId> =
        variants::table.find(id).select(variants::product_id).first(conn).await.optional()?;
    let product = product.ok_or_else(|| Error::not_found("variant"))?;
    write::lock(conn, product, expected).await?;
    let before = one_of(read::find(conn, &product.to_string(), &Audience::Staff).await?, id)?;
    apply(conn, product, id, patch, now).await?;
    let changed = write::changed(conn, product, locale, now).await?;
    let (version, policy) = (changed.version, policy(patch)?);
    if policy == Policy::default() {
        return Ok(ChangedVariant { before, after: one_of(changed, id)?, version });
    }
    // Last, as checkouts wait for the stock.
    inventory::set_policy(conn, id, policy, now).await?;
    let (after, version) = read::find_variant(conn, id, &Audience::Staff).await?;
    Ok(ChangedVariant { before, after, version })
}

/// How a patch changes the keeping of stock.
///
/// # Errors
/// `validation_failed` for `null`.
pub(crate) fn policy(patch: &VariantPatch) -> Result<Policy> {
    Ok(Policy {
        track_inventory: patch.track_inventory.required("/track_inventory")?.copied(),
        allow_backorder: patch.allow_backorder.required("/allow_backorder")?.copied(),
        low_stock_threshold: patch.low_stock_threshold.column().map(|threshold| threshold.copied()),
        archived: patch.archived.required("/archived")?.copied(),
    })
}

/// Changes a variant of a locked product; [`write::changed`] and the stock's [`policy`] are to follow.
///
/// # Errors
/// `duplicate`, `validation_failed`.
pub(crate) async fn apply(
    conn: &mut Connection,
    product: ProductId,
    id: VariantId,
    patch: &VariantPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    set_place(conn, product, id, patch, now).await?;
    let parcel = patch.dimensions_mm.column();
    let cost = lawful_cost(&patch.unit_cost)?;
    let metadata = patch.metadata.column();
    diesel::update(variants::table.find(id))
        .set((
            patch.weight_grams.column().map(|grams| variants::weight_grams.eq(grams)),
            parcel.map(|parcel| variants::length_mm.eq(parcel.map(|parcel| parcel.length))),
            parcel.map(|parcel| variants::width_mm.eq(parcel.map(|parcel| parcel.width))),
            parcel.map(|parcel| variants::height_mm.eq(parcel.map(|parcel| parcel.height))),
            patch.hs_code.column().map(|code| variants::hs_code.eq(code)),
            patch.origin_country.column().map(|country| variants::origin_country.eq(country.map(|country| &country.0))),
            patch
                .requires_shipping
                .required("/requires_shipping")?
                .map(|needed| variants::requires_shipping.eq(needed)),
            patch.taxable.required("/taxable")?.map(|taxable| variants::taxable.eq(taxable)),
            patch.max_per_order.column().map(|most| variants::max_per_order.eq(most)),
            cost.map(|cost| variants::unit_cost.eq(cost.map(|cost| cost.amount))),
            cost.map(|cost| variants::unit_cost_currency.eq(cost.map(|cost| cost.currency))),
            metadata.map(|data| variants::metadata.eq(data.map_or_else(|| json!({}), Metadata::to_json))),
            variants::version.eq(variants::version + 1),
            variants::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if let Some(prices) = patch.prices.required("/prices")? {
        set_prices(conn, id, prices).await?;
    }
    Ok(())
}

/// What tells a variant from the product's others: its codes, title and option values, and whether it is on sale.
async fn set_place(
    conn: &mut Connection,
    product: ProductId,
    id: VariantId,
    patch: &VariantPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    let (options, present, archived_at): (Value, Value, Option<DateTime<Utc>>) = variants::table
        .inner_join(products::table.on(products::id.eq(variants::product_id)))
        .filter(variants::id.eq(id))
        .select((products::options, variants::option_values, variants::archived_at))
        .first(conn)
        .await?;
    let mut options: Vec<ProductOption> = serde_json::from_value(options).unwrap_or_default();
    let mut values: BTreeMap<String, String> = serde_json::from_value(present).unwrap_or_default();
    let new_values = patch.option_values.required("/option_values")?;
    if let Some(new) = new_values {
        options = with_values(conn, product, options, new).await?;
        values.clone_from(new);
    }
    let archived = patch.archived.required("/archived")?;
    if new_values.is_some() || archived == Some(&false) {
        require_free(&siblings(conn, product).await?, &values, Some(id))?;
    }
    let title = match &patch.title {
        Patch::Absent => new_values.map(|values| title_of(&options, values)),
        Patch::Null => Some(title_of(&options, &values)),
        Patch::Value(title) => Some(title.clone()),
    };
    let archived = archived.map(|archived| archived.then_some(archived_at.unwrap_or(now)));
    diesel::update(variants::table.find(id))
        .set((
            // There is always something to set.
            variants::id.eq(id),
            patch.sku.required("/sku")?.map(|sku| variants::sku.eq(sku)),
            patch.barcode.column().map(|barcode| variants::barcode.eq(barcode)),
            title.map(|title| variants::title.eq(title)),
            new_values
                .map(|values| (variants::option_values.eq(json!(values)), variants::facets.eq(facets_of(values)))),
            archived.map(|archived| variants::archived_at.eq(archived)),
        ))
        .execute(conn)
        .await
        .on_constraint("variants_sku_key", || write::duplicate("/sku", patch.sku.value().map_or("", String::as_str)))?;
    Ok(())
}

async fn set_prices(conn: &mut Connection, id: VariantId, prices: &[Price]) -> Result<()> {
    if prices.is_empty() || prices.len() > 50 {
        return Err(Error::invalid("/prices", "length", "must be between 1 and 50 items"));
    }
    if let Err(broken) = requests::lawful_prices(prices) {
        return Err(Error::invalid("/prices", broken.code.into_owned(), broken.message.unwrap_or_default()));
    }
    diesel::delete(variant_prices::table.filter(variant_prices::variant_id.eq(id))).execute(conn).await?;
    insert_prices(conn, id, prices).await
}

fn lawful_cost(cost: &Patch<Money>) -> Result<Option<Option<&Money>>> {
    if let Some(broken) = cost.value().and_then(|cost| requests::lawful_cost(cost).err()) {
        return Err(Error::invalid("/unit_cost", broken.code.into_owned(), broken.message.unwrap_or_default()));
    }
    Ok(cost.column())
}
