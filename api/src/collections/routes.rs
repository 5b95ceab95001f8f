//! Collections for shoppers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use validator::Validate;

use super::model::{Collection, CollectionList};
use super::read::{self, After};
use crate::app::App;
use crate::catalog::shown::Shows;
use crate::catalog::slug;
use crate::error::{Code, Result};
use crate::http::caching::{self, Prepared};
use crate::http::extract::Query;
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::locale::{self, Locale};

/// In which language.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LocaleQuery {
    /// The language of texts; `Accept-Language`, then the shop's own when absent.
    pub locale: Option<Locale>,
}

/// A page of collections.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CollectionQuery {
    /// The language of texts; `Accept-Language`, then the shop's own when absent.
    pub locale: Option<Locale>,
    /// How many collections a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List collections
///
/// Active collections, newest first. Their products: `GET /v1/products?collection={slug}`.
#[utoipa::path(operation_id = "list_collections", tag = "catalogue", params(CollectionQuery), responses(
    (status = 200, description = "A page of collections", body = CollectionList),
    (status = 304, description = "Unchanged since `If-None-Match`"),
))]
#[get("/v1/collections")]
pub async fn list_collections(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let load = async || {
        let query = Query::<CollectionQuery>::of(&request)?.0;
        let after: Option<After> = pagination::decode(query.cursor.as_deref())?;
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
        let locale = locale::negotiate(query.locale.as_ref(), &request, &app.config.locales);
        let found = read::list(&mut *app.catalog_connection().await?, Some(&locale), after, limit).await?;
        let (data, page) = pagination::paginate(found, limit, |collection| (collection.created_at, collection.id));
        let body = CollectionList { data, page };
        Ok((Prepared::new(0, &locale, &body)?.with_next(&request, &body.page), Shows::Collections))
    };
    app.ready.answer(caching::key(&request, &app.config.locales), load, |answer| answer.send(&request)).await
}

/// Get a collection
///
/// By id or by slug; a former slug answers 308 with the present one.
#[utoipa::path(
    operation_id = "get_collection", tag = "catalogue",
    params(("id_or_slug" = String, Path, description = "The collection's id or slug", example = "camping"), LocaleQuery),
    responses(
        (status = 200, description = "The collection", body = Collection),
        (status = 304, description = "Unchanged since `If-None-Match`"),
        (status = 308, description = "Its slug has changed; `Location` has the present one"),
    ),
)]
#[get("/v1/collections/{id_or_slug}")]
pub async fn get_collection(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse> {
    let load = async || {
        let query = Query::<LocaleQuery>::of(&request)?.0;
        let locale = locale::negotiate(query.locale.as_ref(), &request, &app.config.locales);
        let collection = read::find(&mut *app.catalog_connection().await?, &id, Some(&locale)).await?;
        Ok((Prepared::new(collection.version, &locale, &collection)?, Shows::Collections))
    };
    let key = caching::key(&request, &app.config.locales);
    match app.ready.answer(key, load, |answer| answer.send(&request)).await {
        Err(error) if error.code() == Some(Code::NotFound) && slug::Slug::is_lawful(&id) => {
            let now = slug::collection_now(&mut *app.connection().await?, &id).await?;
            now.map(|slug| caching::moved(&request, &format!("/v1/collections/{slug}"))).ok_or(error)
        }
        answered => answered,
    }
}
