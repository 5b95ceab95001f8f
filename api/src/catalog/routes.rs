//! The catalogue for shoppers.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::facets::{self, Facet, FacetName};
use super::filter::Filter;
use super::list::{self, Relation, Sort, TotalCount};
use super::model::{Product, ProductStatus, ProductSummary, Variant};
use super::read::{self, Audience};
use super::shown::Shows;
use super::slug::{self, Slug};
use crate::app::App;
use crate::db::text_enum;
use crate::error::{Code, Error, Result};
use crate::http::caching::{self, Prepared};
use crate::http::extract::{Id, Query};
use crate::http::pagination::{DEFAULT_LIMIT, Page};
use crate::ids::VariantId;
use crate::locale::{self, Locale};
use crate::money::Currency;

/// In which currency and language.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReaderQuery {
    /// The currency of the prices; the shop's own when absent. Variants without a price in it are left out.
    pub currency: Option<Currency>,
    /// The language of texts; `Accept-Language`, then the shop's own when absent.
    pub locale: Option<Locale>,
}

text_enum! {
    /// What a list may carry besides its items.
    Include {
        /// How many items there are in all.
        TotalCount => "total_count",
    }
}

text_enum! {
    /// What a list's items may carry besides their summary.
    Expand {
        /// The variants.
        Variants => "variants",
    }
}

/// One value, or several by `[]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// `option[size]=M`
    One(String),
    /// `option[size][]=M&option[size][]=L`
    More(Vec<String>),
}

impl OneOrMore {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(value) => vec![value],
            Self::More(values) => values,
        }
    }
}

/// Filters, order and page of a list of products.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// Words to search for; the last may be the start of one, and typos are forgiven.
    #[param(example = "trail shirt", max_length = 200)]
    #[validate(length(max = 200))]
    pub q: Option<String>,
    /// In any of these collections, by slug or id, comma-separated.
    #[param(example = "camping")]
    #[validate(length(max = 2000))]
    pub collection: Option<String>,
    /// With this value of an option: `option[size]=M`, or any of several: `option[size][]=M&option[size][]=L`. One
    /// variant must have all that is asked of options, price and stock.
    #[serde(default)]
    #[param(value_type = BTreeMap<String, String>, style = DeepObject, explode, required = false)]
    #[validate(custom(function = named_options))]
    pub option: BTreeMap<String, OneOrMore>,
    /// At least this many minor units.
    #[param(minimum = 0)]
    #[validate(range(min = 0))]
    pub min_price: Option<i64>,
    /// At most this many minor units.
    #[param(minimum = 0)]
    #[validate(range(min = 0))]
    pub max_price: Option<i64>,
    /// Only what can be bought now.
    pub in_stock: Option<bool>,
    /// Of this maker; several by commas.
    #[validate(length(max = 2000))]
    pub vendor: Option<String>,
    /// Of this kind; several by commas.
    #[validate(length(max = 2000))]
    pub product_type: Option<String>,
    /// With this tag; any of several by commas.
    #[validate(length(max = 2000))]
    pub tag: Option<String>,
    /// The currency of the prices; the shop's own when absent. Products without a price in it are left out.
    pub currency: Option<Currency>,
    /// The language of texts; `Accept-Language`, then the shop's own when absent.
    pub locale: Option<Locale>,
    /// The order; `relevance` with `q`, else `-created_at` when absent.
    pub sort: Option<Sort>,
    /// Counts to narrow the list by, comma-separated: `option.<name>`, `collection`, `availability`, `price`.
    #[param(example = "option.size,collection")]
    #[validate(length(max = 1000))]
    pub facets: Option<String>,
    /// `total_count`: how many products there are in all.
    pub include: Option<Include>,
    /// `variants`: each item's variants.
    pub expand: Option<Expand>,
    /// How many products a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before, with the same filters and order.
    pub cursor: Option<String>,
}

/// A page of products.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProductSummaryList {
    /// The products.
    pub data: Vec<ProductSummary>,
    /// Where the list goes on.
    pub page: Page,
    /// With `facets`, in the order asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub facets: Option<Vec<Facet>>,
    /// With `include=total_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<TotalCount>,
}

fn named_options(options: &BTreeMap<String, OneOrMore>) -> Result<(), validator::ValidationError> {
    if options.keys().any(String::is_empty) || options.len() > 10 {
        let message = "must name at most ten options, like `option[size]=M`";
        return Err(validator::ValidationError::new("options").with_message(message.into()));
    }
    Ok(())
}

/// The parts of a comma-separated parameter.
pub(crate) fn parts(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

impl ProductQuery {
    fn filter(&self, currency: Currency) -> Filter {
        Filter {
            currency: Some(currency),
            status: Some(ProductStatus::Active),
            query: None,
            collections: parts(self.collection.as_deref()),
            options: self.option.iter().map(|(name, values)| (name.clone(), values.clone().into_vec())).collect(),
            min_price: self.min_price,
            max_price: self.max_price,
            in_stock: self.in_stock.unwrap_or(false),
            vendors: parts(self.vendor.as_deref()),
            product_types: parts(self.product_type.as_deref()),
            tags: parts(self.tag.as_deref()),
        }
    }
}

/// The words to search for; blank ones ask for nothing.
pub(super) fn words(q: Option<&str>) -> Option<&str> {
    q.map(str::trim).filter(|words| !words.is_empty())
}

/// The order of a list, whose default depends on whether something is searched for.
pub(super) fn order(sort: Option<Sort>, searching: bool) -> Result<Sort> {
    match sort {
        Some(Sort::Relevance) if !searching => {
            let detail = "can be `relevance` only with `q`";
            Err(Error::invalid_query("sort", "choice", detail))
        }
        Some(sort) => Ok(sort),
        None if searching => Ok(Sort::Relevance),
        None => Ok(Sort::Newest),
    }
}

/// List products
///
/// Active products with a price in the currency, as summaries; searched, filtered, sorted and counted.
#[utoipa::path(operation_id = "list_products", tag = "catalogue", params(ProductQuery), responses(
    (status = 200, description = "A page of products", body = ProductSummaryList),
    (status = 304, description = "Unchanged since `If-None-Match`"),
))]
#[get("/v1/products")]
pub async fn list_products(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let key = caching::key(&request, &app.config.locales);
    app.ready.answer(key, async || load_page(&app, &request).await, |answer| answer.send(&request)).await
}

async fn load_page(app: &web::Data<App>, request: &HttpRequest) -> Result<(Prepared, Shows)> {
    let query = Query::<ProductQuery>::of(request)?.0;
    let locale = locale::negotiate(query.locale.as_ref(), request, &app.config.locales);
    let task_app = app.clone();
    // Beside its connection, as each statement would else wake two threads.
    let (prepared, page, shows) = app
        .run_to_end(async move {
            let body = find_page(&task_app, &query, &locale).await?;
            let by_availability = query.in_stock.is_some() || query.facets.is_some();
            let products = body.data.iter().map(|product| product.id).collect();
            Ok((Prepared::new(0, &locale, &body)?, body.page, Shows::Products { products, by_availability }))
        })
        .await?;
    Ok((prepared.with_next(request, &page), shows))
}

async fn find_page(app: &App, query: &ProductQuery, locale: &Locale) -> Result<ProductSummaryList> {
    let currency = query.currency.unwrap_or(app.config.default_currency);
    let words = words(query.q.as_deref());
    let sort = order(query.sort, words.is_some())?;
    let names = query.facets.as_deref().map(FacetName::read).transpose()?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let mut filter = query.filter(currency);
    let mut conn = app.catalog_connection().await?;
    let found_words = match words {
        Some(words) => list::search(&mut conn, &mut filter, words, locale).await?,
        None => true,
    };
    let counts = query.include.is_some();
    if !found_words {
        let page = Page { next_cursor: None, has_more: false };
        let total_count = counts.then_some(TotalCount { value: 0, relation: Relation::Equal });
        let facets = names.is_some().then(Vec::new);
        return Ok(ProductSummaryList { data: Vec::new(), page, facets, total_count });
    }
    let (cursor, expand) = (query.cursor.as_deref(), query.expand.is_some());
    let (data, page) = list::page(&mut conn, &filter, (currency, locale), sort, (cursor, limit), expand).await?;
    let mut found = Vec::new();
    for name in names.iter().flatten() {
        found.push(facets::count(&mut conn, &filter, name, currency).await?);
    }
    let total_count = if counts { Some(list::total_count(&mut conn, &filter).await?) } else { None };
    Ok(ProductSummaryList { data, page, facets: names.is_some().then_some(found), total_count })
}

/// Get a product
///
/// By id or by slug; a former slug answers 308 with the present one.
#[utoipa::path(
    operation_id = "get_product", tag = "catalogue",
    params(("id_or_slug" = String, Path, description = "The product's id or slug", example = "trail-shirt"), ReaderQuery),
    responses(
        (status = 200, description = "The product", body = Product),
        (status = 304, description = "Unchanged since `If-None-Match`"),
        (status = 308, description = "Its slug has changed; `Location` has the present one"),
    ),
)]
#[get("/v1/products/{id_or_slug}")]
pub async fn get_product(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse> {
    let key = caching::key(&request, &app.config.locales);
    let load = async || {
        let (audience, locale) = reader(&app, &request)?;
        let (task_app, id) = (app.clone(), id.clone());
        // Beside its connection, as each statement would else wake two threads.
        app.run_to_end(async move {
            let product = read::find(&mut *task_app.catalog_connection().await?, &id, &audience).await?;
            task_app.faults.point("after_catalog_read").await;
            Ok((Prepared::new(product.version, &locale, &product)?, Shows::Product(product.id)))
        })
        .await
    };
    match app.ready.answer(key, load, |answer| answer.send(&request)).await {
        Err(error) if error.code() == Some(Code::NotFound) && Slug::is_lawful(&id) => {
            let now = slug::product_now(&mut *app.connection().await?, &id).await?;
            now.map(|slug| caching::moved(&request, &format!("/v1/products/{slug}"))).ok_or(error)
        }
        answered => answered,
    }
}

fn reader(app: &App, request: &HttpRequest) -> Result<(Audience, Locale)> {
    let query = Query::<ReaderQuery>::of(request)?.0;
    let locale = locale::negotiate(query.locale.as_ref(), request, &app.config.locales);
    Ok((Audience::Shopper(query.currency.unwrap_or(app.config.default_currency), locale.clone()), locale))
}

/// Get a variant
///
/// With its price in the currency; 404 when it has none.
#[utoipa::path(
    operation_id = "get_variant", tag = "catalogue",
    params(("id" = VariantId, Path, description = "The variant's id"), ReaderQuery),
    responses((status = 200, description = "The variant", body = Variant), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/variants/{id}")]
pub async fn get_variant(app: web::Data<App>, request: HttpRequest, id: Id<VariantId>) -> Result<HttpResponse> {
    let key = caching::key(&request, &app.config.locales);
    let load = async || {
        let (audience, locale) = reader(&app, &request)?;
        let (variant, version) = read::find_variant(&mut *app.catalog_connection().await?, id.0, &audience).await?;
        Ok((Prepared::new(version, &locale, &variant)?, Shows::Product(variant.product_id)))
    };
    app.ready.answer(key, load, |answer| answer.send(&request)).await
}
