//! From what a file says of a product to the requests that make it so: a new product, or only what differs.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Fault, ImageDraft, VariantDraft};
use crate::address::Country;
use crate::catalog::html;
use crate::catalog::model::{Price, Product, Variant};
use crate::catalog::patches::{MediaList, ProductPatch, VariantPatch};
use crate::catalog::requests::{NewMedia, NewProduct, NewSeo, NewVariant, ProductOption, WebUrl};
use crate::catalog::slug::Slug;
use crate::catalog::translate::Translations;
use crate::http::patch::Patch;
use crate::ids::CollectionId;
use crate::money::Money;

/// The value of a cell that a new thing gets.
fn given<T: Clone>(cell: &Patch<T>) -> Option<T> {
    cell.value().cloned()
}

/// A cell as a change, when it differs from what is there.
fn change<T: Clone + PartialEq>(cell: &Patch<T>, present: Option<&T>) -> Patch<T> {
    match (cell, present) {
        (Patch::Value(new), Some(old)) if new == old => Patch::Absent,
        (Patch::Null, None) | (Patch::Absent, _) => Patch::Absent,
        (Patch::Null, Some(_)) => Patch::Null,
        (Patch::Value(new), _) => Patch::Value(new.clone()),
    }
}

/// A value that is never empty as a change, when it differs.
fn set<T: Clone + PartialEq>(new: Option<&T>, present: &T) -> Patch<T> {
    new.filter(|new| *new != present).map_or(Patch::Absent, |new| Patch::Value(new.clone()))
}

/// The options that a file's variants have, in the order of the rows.
fn options(draft: &Draft) -> Vec<ProductOption> {
    let values_of = |name: &String| {
        let mut values: Vec<String> = Vec::new();
        for value in draft.variants.iter().filter_map(|variant| variant.option_values.get(name)) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    };
    draft.option_names.iter().map(|name| ProductOption { name: name.clone(), values: values_of(name) }).collect()
}

/// A SKU for a variant that has none in the file: the same for the same row in every run.
fn made_up_sku(draft: &Draft, variant: &VariantDraft) -> String {
    let values = draft.option_names.iter().filter_map(|name| variant.option_values.get(name));
    let parts = values.filter_map(|value| Slug::of(value)).map(|slug| slug.0);
    let name: Vec<String> = [draft.handle.clone()].into_iter().chain(parts).collect();
    name.join("-").to_uppercase().chars().take(100).collect()
}

/// The variants on sale. The others are added after them, as they may have the option values of one on sale.
pub(super) fn live(draft: &Draft) -> impl Iterator<Item = &VariantDraft> {
    draft.variants.iter().filter(|variant| variant.archived != Some(true))
}

/// A product that is not there yet.
///
/// # Errors
/// What is missing for one.
pub(super) fn new_product(draft: &Draft, collections: Vec<CollectionId>) -> Result<NewProduct, Vec<Fault>> {
    let line = draft.first_line();
    let Some(title) = draft.product.title.clone() else {
        return Err(vec![Fault {
            line,
            detail: "`Title` is empty, and there is no product of this handle yet".to_owned(),
        }]);
    };
    let product = &draft.product;
    let variants: Vec<NewVariant> = live(draft).map(|variant| new_variant(draft, variant)).collect();
    let mut media: Vec<NewMedia> = draft.images.iter().map(|image| new_media(draft, image)).collect();
    reorder(draft, &mut media);
    // Those off sale come later, and with them that pictures show them.
    let skus: Vec<&String> = variants.iter().map(|variant: &NewVariant| &variant.sku).collect();
    media.iter_mut().for_each(|media| media.variant_skus.retain(|sku| skus.contains(&sku)));
    Ok(NewProduct {
        title,
        slug: Some(Slug(draft.handle.clone())),
        description_html: given(&product.description_html).unwrap_or_default(),
        status: product.status,
        vendor: given(&product.vendor),
        product_type: given(&product.product_type),
        category: given(&product.category),
        tags: product.tags.clone().unwrap_or_default(),
        options: options(draft),
        variants,
        media,
        collections,
        tax_code: given(&product.tax_code),
        seo: NewSeo { title: given(&product.seo_title), description: given(&product.seo_description) },
        translations: product.translated(&Translations::default()),
        metadata: product.metadata.clone().unwrap_or_default(),
    })
}

/// A variant that is not there yet.
pub(super) fn new_variant(draft: &Draft, variant: &VariantDraft) -> NewVariant {
    let prices = variant.prices.iter().filter_map(|(currency, (price, compare_at))| {
        Some(Price { amount: given(price)?, currency: *currency, compare_at_amount: given(compare_at) })
    });
    NewVariant {
        sku: variant.sku.clone().unwrap_or_else(|| made_up_sku(draft, variant)),
        barcode: given(&variant.barcode),
        title: given(&variant.title),
        option_values: variant.option_values.clone(),
        prices: prices.collect(),
        on_hand: variant.on_hand.unwrap_or_default().max(0),
        weight_grams: given(&variant.weight_grams),
        dimensions_mm: given(&variant.dimensions_mm),
        hs_code: given(&variant.hs_code),
        origin_country: given(&variant.origin_country).map(Country),
        requires_shipping: variant.requires_shipping.unwrap_or(true),
        taxable: variant.taxable.unwrap_or(true),
        track_inventory: variant.track_inventory.unwrap_or(true),
        allow_backorder: variant.allow_backorder.unwrap_or(false),
        low_stock_threshold: given(&variant.low_stock_threshold),
        max_per_order: given(&variant.max_per_order),
        unit_cost: given(&variant.unit_cost),
        metadata: variant.metadata.clone().unwrap_or_default(),
    }
}

/// The SKUs of the variants that a picture shows.
fn shown_by(draft: &Draft, url: &str) -> Vec<String> {
    let shows = |variant: &&VariantDraft| variant.image.as_deref() == Some(url);
    let sku = |variant: &VariantDraft| variant.sku.clone().unwrap_or_else(|| made_up_sku(draft, variant));
    draft.variants.iter().filter(shows).map(sku).collect()
}

fn new_media(draft: &Draft, image: &ImageDraft) -> NewMedia {
    NewMedia {
        id: None,
        url: WebUrl(image.url.clone()),
        alt: given(&image.alt),
        width: None,
        height: None,
        variant_skus: shown_by(draft, &image.url),
    }
}

/// The product-level difference; `None` when there is none.
pub(super) fn product_patch(
    draft: &Draft,
    present: &Product,
    collections: Option<&[CollectionId]>,
) -> Option<ProductPatch> {
    let file = &draft.product;
    let translations = present.translations.clone().unwrap_or_default();
    let translated = file.translated(&translations);
    let seo = NewSeo {
        title: file.seo_title.clone().apply_to(present.seo.title.clone()),
        description: file.seo_description.clone().apply_to(present.seo.description.clone()),
    };
    let same_seo = seo.title == present.seo.title && seo.description == present.seo.description;
    let html = match &file.description_html {
        Patch::Value(html) => match html::sanitize(html) {
            // Nothing was left of it.
            safe if safe.is_empty() => Patch::Null,
            safe => Patch::Value(safe),
        },
        Patch::Absent => Patch::Absent,
        Patch::Null => Patch::Null,
    };
    let mut was: Vec<CollectionId> = present.collections.iter().map(|collection| collection.id).collect();
    was.sort_unstable();
    let patch = ProductPatch {
        title: set(file.title.as_ref(), &present.title),
        description_html: change(&html, Some(&present.description_html).filter(|html| !html.is_empty())),
        status: set(file.status.as_ref(), &present.status),
        vendor: change(&file.vendor, present.vendor.as_ref()),
        product_type: change(&file.product_type, present.product_type.as_ref()),
        category: change(&file.category, present.category.as_ref()),
        tags: set(file.tags.as_ref(), &present.tags),
        media: media_change(draft, present),
        collections: collections
            .filter(|wanted| *wanted != was)
            .map_or(Patch::Absent, |ids| Patch::Value(ids.to_vec())),
        tax_code: change(&file.tax_code, present.tax_code.as_ref()),
        seo: if same_seo { Patch::Absent } else { Patch::Value(seo) },
        translations: translations.change_to(&translated),
        metadata: set(file.metadata.as_ref(), &present.metadata),
        ..ProductPatch::default()
    };
    patch.changes_anything().then_some(patch)
}

/// The variant-level difference; `None` when there is none.
pub(super) fn variant_patch(variant: &VariantDraft, present: &Variant) -> Option<VariantPatch> {
    let prices = merged_prices(variant, present.prices.as_deref().unwrap_or_default());
    let stock = present.inventory.as_ref();
    let policy = |new: Option<bool>, old: Option<bool>| old.map_or(Patch::Absent, |old| set(new.as_ref(), &old));
    let patch = VariantPatch {
        sku: set(variant.sku.as_ref(), &present.sku),
        barcode: change(&variant.barcode, present.barcode.as_ref()),
        title: match &variant.title {
            Patch::Value(title) if *title != present.title => Patch::Value(title.clone()),
            Patch::Value(_) | Patch::Null | Patch::Absent => Patch::Absent,
        },
        option_values: set(Some(&variant.option_values), &present.option_values),
        prices: prices.map_or(Patch::Absent, Patch::Value),
        weight_grams: change(&variant.weight_grams, present.weight_grams.as_ref()),
        dimensions_mm: change(&variant.dimensions_mm, present.dimensions_mm.as_ref()),
        hs_code: change(&variant.hs_code, present.hs_code.as_ref()),
        origin_country: match change(&variant.origin_country, present.origin_country.as_ref()) {
            Patch::Value(country) => Patch::Value(Country(country)),
            Patch::Null => Patch::Null,
            Patch::Absent => Patch::Absent,
        },
        requires_shipping: set(variant.requires_shipping.as_ref(), &present.requires_shipping),
        taxable: set(variant.taxable.as_ref(), &present.taxable),
        track_inventory: policy(variant.track_inventory, stock.map(|stock| stock.track_inventory)),
        allow_backorder: policy(variant.allow_backorder, stock.map(|stock| stock.allow_backorder)),
        low_stock_threshold: stock
            .map_or(Patch::Absent, |stock| change(&variant.low_stock_threshold, stock.own_threshold().as_ref())),
        max_per_order: change(&variant.max_per_order, present.max_per_order.as_ref()),
        unit_cost: change::<Money>(&variant.unit_cost, present.unit_cost.as_ref()),
        archived: set(variant.archived.as_ref(), &present.archived_at.is_some()),
        metadata: set(variant.metadata.as_ref(), &present.metadata),
    };
    patch.changes_anything().then_some(patch)
}

/// All prices after the file, when any differs.
fn merged_prices(variant: &VariantDraft, present: &[Price]) -> Option<Vec<Price>> {
    let mut merged: BTreeMap<String, Price> =
        present.iter().map(|price| (price.currency.to_string(), *price)).collect();
    for (currency, (amount, compare_at)) in &variant.prices {
        let code = currency.to_string();
        let was = merged.get(&code).copied();
        let amount = match amount {
            Patch::Absent => was.map(|price| price.amount),
            Patch::Null => None,
            Patch::Value(amount) => Some(*amount),
        };
        let compare_at_amount = compare_at.clone().apply_to(was.and_then(|price| price.compare_at_amount));
        match amount {
            Some(amount) => drop(merged.insert(code, Price { amount, currency: *currency, compare_at_amount })),
            None => drop(merged.remove(&code)),
        }
    }
    let merged: Vec<Price> = merged.into_values().collect();
    (merged != present).then_some(merged)
}

/// All pictures after the file, when any differs: those of the file are added or changed, none is taken away.
pub(super) fn media_change(draft: &Draft, present: &Product) -> Patch<MediaList> {
    let sku_of: BTreeMap<_, _> = present.variants.iter().map(|variant| (variant.id, variant.sku.clone())).collect();
    let kept = present.media.iter().map(|media| NewMedia {
        id: Some(media.id),
        url: WebUrl(media.url.clone()),
        alt: media.alt.clone(),
        width: media.width,
        height: media.height,
        variant_skus: media.variant_ids.iter().filter_map(|id| sku_of.get(id).cloned()).collect(),
    });
    let before: Vec<NewMedia> = kept.collect();
    let mut after = before.clone();
    for image in &draft.images {
        match after.iter_mut().find(|media| media.url.0 == image.url) {
            Some(media) => {
                media.alt = image.alt.clone().apply_to(media.alt.take());
            }
            None => after.push(new_media(draft, image)),
        }
    }
    for variant in &draft.variants {
        let sku = variant.sku.clone().unwrap_or_else(|| made_up_sku(draft, variant));
        let shown = variant.image.as_ref().and_then(|url| after.iter_mut().find(|media| media.url.0 == *url));
        if let Some(media) = shown
            && !media.variant_skus.contains(&sku)
        {
            media.variant_skus.push(sku);
        }
    }
    reorder(draft, &mut after);
    let same = before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| is_same(a, b));
    if same { Patch::Absent } else { Patch::Value(MediaList(after)) }
}

fn is_same(a: &NewMedia, b: &NewMedia) -> bool {
    a.id == b.id && a.alt == b.alt && a.variant_skus.iter().collect::<BTreeSet<_>>() == b.variant_skus.iter().collect()
}

/// The file's order, when it has a place for every picture.
fn reorder(draft: &Draft, media: &mut [NewMedia]) {
    let place = |url: &str| draft.images.iter().find(|image| image.url == url).and_then(|image| image.position);
    if media.iter().all(|one| place(&one.url.0).is_some()) {
        media.sort_by_key(|one| place(&one.url.0));
    }
}
