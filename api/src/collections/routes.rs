//! Collections for shoppers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use validator::Validate;

use super::model::{Collection, CollectionList};
use super::read::{self, After};
use crate::app::App;
use crate::catalog::slug;
use crate::error::{Code, Result};
use crate::http::caching;
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
pub async fn list_collections(
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<CollectionQuery>,
) -> Result<HttpResponse> {
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let locale = locale::negotiate(query.0.locale.as_ref(), &request, &app.config.locales);
    let mut conn = app.connection().await?;
    let found = read::list(&mut conn, Some(&locale), after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |collection| (collection.created_at, collection.id));
    let body = CollectionList { data, page };
    caching::respond(&request, pagination::answer(&request, &body.page), 0, &locale, &body)
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
pub async fn get_collection(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    query: Query<LocaleQuery>,
) -> Result<HttpResponse> {
    let locale = locale::negotiate(query.0.locale.as_ref(), &request, &app.config.locales);
    let mut conn = app.connection().await?;
    let collection = match read::find(&mut conn, &id, Some(&locale)).await {
        Err(error) if error.code() == Some(Code::NotFound) && slug::Slug::is_lawful(&id) => {
            let now = slug::collection_now(&mut conn, &id).await?;
            let now = now.map(|slug| caching::moved(&request, &format!("/v1/collections/{slug}")));
            return now.ok_or(error);
        }
        found => found?,
    };
    caching::respond(&request, HttpResponse::Ok(), collection.version, &locale, &collection)
}
