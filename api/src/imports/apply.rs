//! One product of a file becomes so in the shop, within one transaction, or not at all.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use validator::Validate;

use super::build;
use super::draft::{Draft, Fault, VariantDraft};
use super::model::{ImportRow, Options, Outcome};
use crate::catalog::model::Product;
use crate::catalog::patches::ProductPatch;
use crate::catalog::read::{self, Audience};
use crate::catalog::slug::{self, Slug};
use crate::catalog::{variants, write};
use crate::collections::model::NewCollection;
use crate::db::Connection;
use crate::db::schema::{collections, products};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::extract;
use crate::ids::{CollectionId, ProductId, VariantId};
use crate::inventory::{self, Policy};
use crate::locale::Locale;

/// What became of a product and its rows.
#[derive(Debug, Clone)]
pub(super) struct Report {
    /// The product's outcome.
    pub(super) product: Outcome,
    /// Its rows, in order.
    pub(super) rows: Vec<ImportRow>,
}

/// What importing needs to know beside the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// How the file is imported.
    pub(super) options: &'a Options,
    /// The shop's own language.
    pub(super) locale: &'a Locale,
    /// The present time.
    pub(super) now: DateTime<Utc>,
}

/// The report of a product that was not imported: each faulty row says why, the others that they wait for it.
pub(super) fn refused(draft: &Draft, faults: &[Fault]) -> Report {
    let first = faults.first().map(|fault| fault.line).unwrap_or_default();
    let message = |line: i64| {
        let own: Vec<String> =
            faults.iter().filter(|fault| fault.line == line).map(|fault| fault.detail.clone()).collect();
        let waits = || vec![format!("was not imported, as line {first} of the same product is wrong")];
        if own.is_empty() { waits() } else { own }
    };
    Report {
        product: Outcome::Failed,
        rows: draft.lines.iter().map(|line| row(draft, *line, Outcome::Failed, message(*line))).collect(),
    }
}

fn row(draft: &Draft, line: i64, outcome: Outcome, messages: Vec<String>) -> ImportRow {
    let sku = draft.variants.iter().find(|variant| variant.line == line).and_then(|variant| variant.sku.clone());
    ImportRow { line, handle: Some(draft.handle.clone()).filter(|handle| !handle.is_empty()), sku, outcome, messages }
}

/// Why a product cannot be imported: what the file says is wrong, or the database failed.
pub(super) enum Refusal {
    /// To be reported.
    Faults(Vec<Fault>),
    /// To be tried again.
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Error(error.into())
    }
}

/// The refusal of a rule of the shop, as a fault of a line.
fn at(line: i64) -> impl Fn(Error) -> Refusal {
    move |error| match error {
        Error::Problem(problem) => {
            let told = problem.errors.iter().map(|error| {
                let member = error.pointer.trim_start_matches('/');
                Fault { line, detail: format!("{member}: {}", error.detail) }
            });
            let faults: Vec<Fault> = told.collect();
            let whole = || vec![Fault { line, detail: problem.detail.clone() }];
            Refusal::Faults(if faults.is_empty() { whole() } else { faults })
        }
        error @ (Error::Database(_) | Error::Internal(_)) => Refusal::Error(error),
    }
}

/// Makes a product so. The caller's transaction is rolled back by a refusal.
pub(super) async fn apply(conn: &mut Connection, draft: &mut Draft, context: Context<'_>) -> Result<Report, Refusal> {
    match lock(conn, &draft.handle).await? {
        None => create(conn, draft, context).await,
        Some(id) => update(conn, draft, id, context).await,
    }
}

/// Locks the product of a handle, also one that was renamed since.
async fn lock(conn: &mut Connection, handle: &str) -> Result<Option<ProductId>> {
    let named: Option<ProductId> =
        products::table.filter(products::slug.eq(handle)).select(products::id).first(conn).await.optional()?;
    let id = match named {
        Some(id) => Some(id),
        None => match slug::product_now(conn, handle).await? {
            Some(now) => {
                products::table.filter(products::slug.eq(now)).select(products::id).first(conn).await.optional()?
            }
            None => None,
        },
    };
    if let Some(id) = id {
        write::lock(conn, id, &Expected::any()).await?;
    }
    Ok(id)
}

async fn create(conn: &mut Connection, draft: &Draft, context: Context<'_>) -> Result<Report, Refusal> {
    let first = draft.first_line();
    let in_collections = collections_of(conn, draft, &[], context.now).await.map_err(at(first))?;
    let new = build::new_product(draft, in_collections.unwrap_or_default()).map_err(Refusal::Faults)?;
    if build::live(draft).next().is_none() {
        let detail = "has no variant on sale: fill in `Variant Price`, and `Variant SKU` or option values".to_owned();
        return Err(Refusal::Faults(vec![Fault { line: first, detail }]));
    }
    let faults = rules(draft, &new);
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults));
    }
    let made = write::create(conn, &new, context.locale, context.now).await;
    add_archived(conn, draft, made.map_err(|error| by_pointer(draft, error))?.id, context).await?;
    let rows = draft.lines.iter().map(|line| row(draft, *line, Outcome::Created, made_up(draft, *line))).collect();
    Ok(Report { product: Outcome::Created, rows })
}

/// Adds those variants of a new product that are off sale.
async fn add_archived(
    conn: &mut Connection,
    draft: &Draft,
    id: ProductId,
    context: Context<'_>,
) -> Result<(), Refusal> {
    let mut grew = false;
    for variant in draft.variants.iter().filter(|variant| variant.archived == Some(true)) {
        let new = build::new_variant(draft, variant);
        let faults = variant_rules(variant, &new);
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        variants::append(conn, id, &new, true, context.now).await.map_err(at(variant.line))?;
        grew = true;
    }
    if grew {
        let present = read::find(conn, &id.to_string(), &Audience::Staff).await?;
        let media = build::media_change(draft, &present);
        if media.is_given() {
            let locked = write::lock(conn, id, &Expected::any()).await?;
            write::apply(conn, locked, &ProductPatch { media, ..ProductPatch::default() }).await?;
        }
        write::refresh(conn, id, context.locale, context.now).await?;
    }
    Ok(())
}

/// A note for a variant that got its SKU from us.
fn made_up(draft: &Draft, line: i64) -> Vec<String> {
    let without = draft.variants.iter().find(|variant| variant.line == line && variant.sku.is_none());
    let note = |variant: &VariantDraft| {
        format!("`Variant SKU` is empty; it became {}", build::new_variant(draft, variant).sku)
    };
    without.map(note).into_iter().collect()
}

/// The line that a pointer into the new product is about.
fn line_of(draft: &Draft, pointer: &str) -> i64 {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let (member, index) = (parts.next(), parts.next().and_then(|index| index.parse::<usize>().ok()));
    let line = match (member, index) {
        (Some("variants"), Some(index)) => build::live(draft).nth(index).map(|variant| variant.line),
        (Some("media"), Some(index)) => draft.images.get(index).map(|image| image.line),
        _ => None,
    };
    line.unwrap_or_else(|| draft.first_line())
}

fn rules<T: Validate>(draft: &Draft, new: &T) -> Vec<Fault> {
    let Err(broken) = new.validate() else { return Vec::new() };
    let told = extract::rule_errors(&broken).into_iter();
    told.map(|error| Fault { line: line_of(draft, &error.pointer), detail: told_of(&error.pointer, &error.detail) })
        .collect()
}

/// `sku must be…` of `/variants/3/sku`.
fn told_of(pointer: &str, detail: &str) -> String {
    let member = pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
    format!("{member} {detail}")
}

fn by_pointer(draft: &Draft, error: Error) -> Refusal {
    match error {
        Error::Problem(problem) if !problem.errors.is_empty() => {
            let told = problem.errors.iter();
            let fault = |error: &crate::error::FieldError| Fault {
                line: line_of(draft, &error.pointer),
                detail: told_of(&error.pointer, &error.detail),
            };
            Refusal::Faults(told.map(fault).collect())
        }
        error @ (Error::Problem(_) | Error::Database(_) | Error::Internal(_)) => at(draft.first_line())(error),
    }
}

/// The ids of the file's collections, sorted; those that are not there are created. `None` when the file says nothing.
async fn collections_of(
    conn: &mut Connection,
    draft: &Draft,
    present: &[CollectionId],
    now: DateTime<Utc>,
) -> Result<Option<Vec<CollectionId>>> {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for slug in draft.product.collections.iter().flatten() {
        wanted.insert(slug.to_lowercase(), slug.clone());
    }
    if let Some(title) = &draft.product.collection
        && let Some(slug) = Slug::of(title)
    {
        wanted.insert(slug.0, title.clone());
    }
    if draft.product.collections.is_none() && draft.product.collection.is_none() {
        return Ok(None);
    }
    // Shopify's column adds to one collection; ours names all.
    let mut ids: Vec<CollectionId> = if draft.product.collections.is_none() { present.to_vec() } else { Vec::new() };
    for (slug, title) in wanted {
        let known: Option<CollectionId> = collections::table
            .filter(collections::slug.eq(&slug))
            .select(collections::id)
            .first(conn)
            .await
            .optional()?;
        ids.push(match known {
            Some(id) => id,
            None if !Slug::is_lawful(&slug) => {
                return Err(Error::invalid("/collections", "slug", format!("`{slug}` is no slug of a collection")));
            }
            None => {
                let new = NewCollection::named(&title, Slug(slug));
                crate::collections::write::create(conn, &new, now).await?
            }
        });
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

async fn update(
    conn: &mut Connection,
    draft: &mut Draft,
    id: ProductId,
    context: Context<'_>,
) -> Result<Report, Refusal> {
    let first = draft.first_line();
    let present = read::find(conn, &id.to_string(), &Audience::Staff).await?;
    fit_options(draft, &present).map_err(Refusal::Faults)?;
    let was: Vec<CollectionId> = present.collections.iter().map(|collection| collection.id).collect();
    let wanted = collections_of(conn, draft, &was, context.now).await.map_err(at(first))?;
    let mut outcomes: BTreeMap<i64, Outcome> = draft.lines.iter().map(|line| (*line, Outcome::Unchanged)).collect();
    let mut stocks = BTreeMap::new();
    for variant in &draft.variants {
        let (outcome, stock) = update_variant(conn, draft, variant, &present, context).await?;
        outcomes.insert(variant.line, outcome);
        stocks.extend(stock);
    }
    // After the variants, as pictures may show new ones.
    if let Some(patch) = build::product_patch(draft, &present, wanted.as_deref()) {
        let faults = rules(draft, &patch);
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        let locked = write::lock(conn, id, &Expected::any()).await?;
        write::apply(conn, locked, &patch).await.map_err(at(first))?;
        let pictures =
            if patch.media.is_given() { draft.images.iter().map(|image| image.line).collect() } else { Vec::new() };
        for line in [first].into_iter().chain(pictures) {
            outcomes.entry(line).and_modify(|outcome| {
                if *outcome == Outcome::Unchanged {
                    *outcome = Outcome::Updated;
                }
            });
        }
    }
    if outcomes.values().any(|outcome| *outcome != Outcome::Unchanged) {
        write::changed(conn, id, context.locale, context.now).await?;
    }
    // Last and in the order of their ids, as checkouts wait for the stock (PROTOCOL 1).
    for (variant, stock) in stocks {
        if stock.set(conn, variant, context).await? {
            outcomes.entry(stock.line).and_modify(|outcome| *outcome = Outcome::Updated);
        }
    }
    let changed = outcomes.values().any(|outcome| *outcome != Outcome::Unchanged);
    let rows = outcomes.into_iter().map(|(line, outcome)| row(draft, line, outcome, Vec::new())).collect();
    Ok(Report { product: if changed { Outcome::Updated } else { Outcome::Unchanged }, rows })
}

/// What a row changes of a variant's stock.
struct StockChange {
    line: i64,
    policy: Policy,
    /// What the file says is on hand, when that was asked for (AMENDMENTS 49).
    on_hand: Option<i64>,
}

impl StockChange {
    async fn set(&self, conn: &mut Connection, variant: VariantId, context: Context<'_>) -> Result<bool, Refusal> {
        inventory::set_policy(conn, variant, self.policy, context.now).await.map_err(at(self.line))?;
        match self.on_hand {
            Some(wanted) => inventory::import(conn, variant, wanted, context.options.as_of, context.now)
                .await
                .map_err(at(self.line)),
            None => Ok(false),
        }
    }
}

/// Brings the file's option names to the product's, or says that they do not fit.
fn fit_options(draft: &mut Draft, present: &Product) -> Result<(), Vec<Fault>> {
    let names: Vec<&str> = present.options.iter().map(|option| option.name.as_str()).collect();
    let line = draft.first_line();
    if draft.option_names.is_empty() {
        // The file names variants by SKU alone.
        let mut faults = Vec::new();
        for variant in &mut draft.variants {
            let known = present.variants.iter().find(|known| Some(&known.sku) == variant.sku.as_ref());
            match known {
                Some(known) => variant.option_values.clone_from(&known.option_values),
                None if names.is_empty() => {}
                None => faults.push(Fault {
                    line: variant.line,
                    detail: format!("needs a value for each option of the product: {}", names.join(", ")),
                }),
            }
        }
        return if faults.is_empty() { Ok(()) } else { Err(faults) };
    }
    let same = draft.option_names.len() == names.len()
        && draft.option_names.iter().all(|name| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
    if !same {
        let detail = format!(
            "has the options {}, but the product has {}; an import does not change them",
            draft.option_names.join(", "),
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        );
        return Err(vec![Fault { line, detail }]);
    }
    let known = |name: &String| {
        names.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name.clone(), |known| (*known).to_owned())
    };
    draft.option_names = draft.option_names.iter().map(known).collect();
    for variant in &mut draft.variants {
        variant.option_values =
            std::mem::take(&mut variant.option_values).into_iter().map(|(name, value)| (known(&name), value)).collect();
    }
    Ok(())
}

fn variant_rules<T: Validate>(variant: &VariantDraft, new: &T) -> Vec<Fault> {
    let Err(broken) = new.validate() else { return Vec::new() };
    let told = extract::rule_errors(&broken).into_iter();
    told.map(|error| Fault { line: variant.line, detail: told_of(&error.pointer, &error.detail) }).collect()
}

async fn update_variant(
    conn: &mut Connection,
    draft: &Draft,
    variant: &VariantDraft,
    present: &Product,
    context: Context<'_>,
) -> Result<(Outcome, Option<(VariantId, StockChange)>), Refusal> {
    let by_sku = present.variants.iter().find(|known| Some(&known.sku) == variant.sku.as_ref());
    // Of two with the same values one is on sale.
    let same = present.variants.iter().filter(|known| known.option_values == variant.option_values);
    let Some(known) = by_sku.or_else(|| same.min_by_key(|known| known.archived_at.is_some())) else {
        let new = build::new_variant(draft, variant);
        let faults = variant_rules(variant, &new);
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        let archived = variant.archived == Some(true);
        variants::append(conn, present.id, &new, archived, context.now).await.map_err(at(variant.line))?;
        return Ok((Outcome::Created, None));
    };
    let on_hand = variant.on_hand.filter(|_| context.options.set_inventory);
    let mut stock = StockChange { line: variant.line, policy: Policy::default(), on_hand };
    let mut outcome = Outcome::Unchanged;
    if let Some(patch) = build::variant_patch(variant, known) {
        let faults = variant_rules(variant, &patch);
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        variants::apply(conn, present.id, known.id, &patch, context.now).await.map_err(at(variant.line))?;
        stock.policy = variants::policy(&patch).map_err(at(variant.line))?;
        outcome = Outcome::Updated;
    }
    Ok((outcome, Some((known.id, stock))))
}
