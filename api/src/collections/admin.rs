//! Collections for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use scoped_futures::ScopedFutureExt;

use super::model::{Collection, CollectionList, CollectionPatch, NewCollection};
use super::read::{self, After};
use super::write;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::{CollectionId, ProductId};
use crate::staff::api_keys::Scope;

/// Create a collection
///
/// Scope `products:write`.
#[utoipa::path(
    operation_id = "create_collection", tag = "staff", security(("staff_key" = [])), request_body = NewCollection,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Created", body = Collection)),
)]
#[post("/v1/admin/collections")]
pub async fn create_collection(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewCollection>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let id = write::create(conn, new, now).await?;
            let collection = read::find(conn, &id.to_string(), None).await?;
            let entry = Entry::new(Action::CollectionCreated, id).made(&collection);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &collection)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/collections"))
}

/// List all collections
///
/// Drafts and archived ones included, newest first. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_all_collections", tag = "staff", security(("staff_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of collections", body = CollectionList)),
)]
#[get("/v1/admin/collections")]
pub async fn list_all_collections(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = read::list(&mut conn, None, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |collection| (collection.created_at, collection.id));
    let body = CollectionList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get any collection
///
/// Scope `products:read`.
#[utoipa::path(
    operation_id = "get_any_collection", tag = "staff", security(("staff_key" = [])),
    params(("id" = CollectionId, Path, description = "The collection's id")),
    responses((status = 200, description = "The collection", body = Collection), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/collections/{id}")]
pub async fn get_any_collection(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CollectionId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let mut conn = app.connection().await?;
    let collection = read::find(&mut conn, &id.0.to_string(), None).await?;
    etag::respond(&request, HttpResponse::Ok(), collection.version, &collection)
}

/// Change a collection
///
/// A merge patch: what is absent stays, `null` clears. Scope `products:write`.
#[utoipa::path(
    operation_id = "update_collection", tag = "staff", security(("staff_key" = [])), request_body = CollectionPatch,
    params(
        ("id" = CollectionId, Path, description = "The collection's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Collection)),
)]
#[patch("/v1/admin/collections/{id}")]
pub async fn update_collection(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CollectionId>,
    body: Json<CollectionPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let author = staff.author();
    let mut conn = app.connection().await?;
    let collection = db::transaction(&mut conn, |conn| {
        async move {
            let before = write::update(conn, id.0, patch, expected, now).await?;
            let collection = read::find(conn, &id.0.to_string(), None).await?;
            let entry = Entry::new(Action::CollectionUpdated, id.0).changed(&before, &collection);
            audit::record(conn, author, entry, now).await?;
            Ok(collection)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), collection.version, &collection)
}

/// Delete a collection
///
/// Its products stay. Scope `products:write`.
#[utoipa::path(
    operation_id = "delete_collection", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = CollectionId, Path, description = "The collection's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/collections/{id}")]
pub async fn delete_collection(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CollectionId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let (expected, now, author) = (&Expected::from_request(&request)?, app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = write::delete(conn, id.0, expected, now).await?;
            audit::record(conn, author, Entry::new(Action::CollectionDeleted, id.0).deleted(&before), now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Put a product into a collection
///
/// Again is no change. Scope `products:write`.
#[utoipa::path(
    operation_id = "add_collection_product", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = CollectionId, Path, description = "The collection's id"),
        ("product_id" = ProductId, Path, description = "The product's id"),
    ),
    responses((status = 204, description = "It is in the collection")),
)]
#[put("/v1/admin/collections/{id}/products/{product_id}")]
pub async fn add_collection_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CollectionId>,
) -> Result<HttpResponse> {
    set_member(&app, &request, &staff, id.0, true).await
}

/// Take a product out of a collection
///
/// Again is no change. Scope `products:write`.
#[utoipa::path(
    operation_id = "remove_collection_product", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = CollectionId, Path, description = "The collection's id"),
        ("product_id" = ProductId, Path, description = "The product's id"),
    ),
    responses((status = 204, description = "It is not in the collection")),
)]
#[delete("/v1/admin/collections/{id}/products/{product_id}")]
pub async fn remove_collection_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CollectionId>,
) -> Result<HttpResponse> {
    set_member(&app, &request, &staff, id.0, false).await
}

async fn set_member(
    app: &App,
    request: &HttpRequest,
    staff: &Staff,
    id: CollectionId,
    member: bool,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let product: ProductId = request
        .match_info()
        .get("product_id")
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Error::not_found("product"))?;
    let (now, author) = (app.clock.now(), staff.author());
    let (was, is) = if member { (None, Some(product)) } else { (Some(product), None) };
    let action = if member { Action::CollectionProductAdded } else { Action::CollectionProductRemoved };
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            if write::set_member(conn, id, product, member, now).await? {
                let entry = Entry::new(action, id).moved("/products", was, is);
                audit::record(conn, author, entry, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
