//! Variants for staff.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::Variant;
use super::patches::VariantPatch;
use super::read::{self, Audience};
use super::requests::NewVariant;
use super::variants::{self, ChangedVariant};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::http::patch::Patch;
use crate::ids::{ProductId, VariantId};
use crate::staff::api_keys::Scope;

/// Add a variant
///
/// An option value that is new to the product is added to its option. Scope `products:write`.
#[utoipa::path(
    operation_id = "create_variant", tag = "staff", security(("staff_key" = [])), request_body = NewVariant,
    params(
        ("id" = ProductId, Path, description = "The product's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
        ("If-Match" = Option<String>, Header, description = "The product's `ETag` that the change is based on"),
    ),
    responses((status = 201, description = "Created", body = Variant)),
)]
#[post("/v1/admin/products/{id}/variants")]
pub async fn create_variant(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ProductId>,
    body: Json<NewVariant>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let scope = format!("{}:{}", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (expected, now, new) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let (locale, author) = (app.config.locale(), staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let variant = variants::add(conn, id.0, new, expected, locale, now).await?;
            let entry = Entry::new(Action::VariantCreated, variant.id).set("/product_id", id.0).made(&variant);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &variant)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/variants"))
}

/// Get any variant
///
/// With stock and every price. The `ETag` is of its product's version. Scope `products:read`.
#[utoipa::path(
    operation_id = "get_any_variant", tag = "staff", security(("staff_key" = [])),
    params(("id" = VariantId, Path, description = "The variant's id")),
    responses((status = 200, description = "The variant", body = Variant), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/variants/{id}")]
pub async fn get_any_variant(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let mut conn = app.connection().await?;
    let (variant, version) = read::find_variant(&mut conn, id.0, &Audience::Staff).await?;
    etag::respond(&request, HttpResponse::Ok(), version, &variant)
}

/// Change a variant
///
/// A merge patch: what is absent stays, `null` clears; `prices` replaces all prices. `If-Match` takes the product's or
/// the variant's `ETag`. Scope `products:write`.
#[utoipa::path(
    operation_id = "update_variant", tag = "staff", security(("staff_key" = [])), request_body = VariantPatch,
    params(
        ("id" = VariantId, Path, description = "The variant's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Variant)),
)]
#[patch("/v1/admin/variants/{id}")]
pub async fn update_variant(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
    body: Json<VariantPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let changed = change(&app, &request, &staff, id.0, &body.value).await?;
    etag::respond(&request, HttpResponse::Ok(), changed.version, &changed.after)
}

/// Archive a variant
///
/// It leaves the shop, and carts that hold it say so; orders keep their lines. `{"archived": false}` sells it again.
/// Scope `products:write`.
#[utoipa::path(
    operation_id = "delete_variant", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = VariantId, Path, description = "The variant's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Archived")),
)]
#[delete("/v1/admin/variants/{id}")]
pub async fn delete_variant(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let patch = VariantPatch { archived: Patch::Value(true), ..VariantPatch::default() };
    change(&app, &request, &staff, id.0, &patch).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn change(
    app: &App,
    request: &HttpRequest,
    staff: &Staff,
    id: VariantId,
    patch: &VariantPatch,
) -> Result<ChangedVariant> {
    let (expected, now, locale) = (&Expected::from_request(request)?, app.clock.now(), app.config.locale());
    let author = staff.author();
    let action = if request.method() == Method::DELETE { Action::VariantArchived } else { Action::VariantUpdated };
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let changed = variants::update(conn, id, patch, expected, locale, now).await?;
            let entry = Entry::new(action, id).changed(&changed.before, &changed.after);
            audit::record(conn, author, entry, now).await?;
            Ok(changed)
        }
        .scope_boxed()
    })
    .await
}
