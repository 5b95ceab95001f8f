//! API keys for staff.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::TimeDelta;
use scoped_futures::ScopedFutureExt;

use super::api_keys::{self, After, KeyChange, NewKey, Scope};
use super::model::{ApiKeyList, ApiKeyWithToken, ListedApiKey};
use super::requests::{ApiKeyPatch, ApiKeyRotation, NewApiKey};
use super::{grants, roles};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::ApiKeyId;

/// List API keys
///
/// Newest first, revoked ones included, without their tokens. Scope `api_keys:read`.
#[utoipa::path(
    operation_id = "list_api_keys", tag = "staff", security(("staff_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of keys", body = ApiKeyList)),
)]
#[get("/v1/admin/api-keys")]
pub async fn list_api_keys(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let (limit, now) = (query.0.limit.unwrap_or(DEFAULT_LIMIT), app.clock.now());
    let mut conn = app.connection().await?;
    let found = api_keys::page(&mut conn, after, limit).await?;
    let (rows, page) = pagination::paginate(found, limit, |key| (key.created_at, key.id));
    let body = ApiKeyList { data: rows.into_iter().map(|row| ListedApiKey::new(row, now)).collect(), page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// The scopes of a new key: those of staff, or a storefront's alone.
fn scopes_of(new: &NewApiKey) -> Result<Vec<Scope>> {
    if new.scopes == [Scope::Storefront] { Ok(new.scopes.clone()) } else { roles::lawful_scopes(&new.scopes) }
}

/// Make an API key
///
/// Of scopes that you have yourself, or of `storefront` alone, for a storefront's server. The token is shown here once.
/// Scope `api_keys:write`.
#[utoipa::path(
    operation_id = "create_api_key", tag = "staff", security(("staff_key" = [])), request_body = NewApiKey,
    responses((status = 201, description = "Made", body = ApiKeyWithToken)),
)]
#[post("/v1/admin/api-keys")]
pub async fn create_api_key(app: web::Data<App>, staff: Staff, body: Json<NewApiKey>) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysWrite)?;
    let (new, author, now) = (&body.value, staff.author(), app.clock.now());
    let scopes = &scopes_of(new)?;
    grants::require_all(staff.scopes(), scopes)?;
    api_keys::require_future(new.expires_at, now)?;
    let (maker, expires_at) = (staff.key(), new.expires_at);
    let new = &NewKey { name: &new.name, scopes, expires_at, created_by: Some(&author.actor) };
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            api_keys::require_within(conn, maker, expires_at).await?;
            let (row, token) = api_keys::insert(conn, new, now).await?;
            let key = ListedApiKey::new(row, now);
            audit::record(conn, author, Entry::new(Action::ApiKeyCreated, key.id).made(&key), now).await?;
            Ok(ApiKeyWithToken { key, token })
        }
        .scope_boxed()
    })
    .await?;
    let location = format!("/v1/admin/api-keys/{}", body.key.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(body))
}

/// Get an API key
///
/// Without its token. Scope `api_keys:read`.
#[utoipa::path(
    operation_id = "get_api_key", tag = "staff", security(("staff_key" = [])),
    params(("id" = ApiKeyId, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = ListedApiKey), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/api-keys/{id}")]
pub async fn get_api_key(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ApiKeyId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysRead)?;
    let mut conn = app.connection().await?;
    let key = ListedApiKey::new(api_keys::row(&mut conn, id.0, false).await?, app.clock.now());
    etag::respond(&request, HttpResponse::Ok(), key.version, &key)
}

/// Change an API key
///
/// A merge patch: what is absent stays, `null` clears `expires_at`. Its scopes stay what they are, and must be yours as
/// well. Scope `api_keys:write`.
#[utoipa::path(
    operation_id = "update_api_key", tag = "staff", security(("staff_key" = [])), request_body = ApiKeyPatch,
    params(
        ("id" = ApiKeyId, Path, description = "The key's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = ListedApiKey)),
)]
#[patch("/v1/admin/api-keys/{id}")]
pub async fn update_api_key(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ApiKeyId>,
    body: Json<ApiKeyPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysWrite)?;
    let (expected, patch, now) = (&Expected::from_request(&request)?, &body.value, app.clock.now());
    let name = patch.name.required("/name")?.map(String::as_str);
    let (change, which) = (&KeyChange { name, expires_at: &patch.expires_at }, (id.0, staff.scopes()));
    let (author, maker) = (staff.author(), staff.key());
    let mut conn = app.connection().await?;
    let key = db::transaction(&mut conn, |conn| {
        async move {
            if patch.expires_at.is_given() {
                api_keys::require_within(conn, maker, patch.expires_at.value().copied()).await?;
            }
            let before = ListedApiKey::new(api_keys::row(conn, id.0, true).await?, now);
            let key = ListedApiKey::new(api_keys::update(conn, which, change, expected, now).await?, now);
            audit::record(conn, author, Entry::new(Action::ApiKeyUpdated, id.0).changed(&before, &key), now).await?;
            Ok(key)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), key.version, &key)
}

/// Revoke an API key
///
/// It opens nothing from then on; a storefront's may still be believed for ten seconds. Again is no change. Its scopes
/// must be yours as well. Scope `api_keys:write`.
#[utoipa::path(
    operation_id = "revoke_api_key", tag = "staff", security(("staff_key" = [])),
    params(("id" = ApiKeyId, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked")),
)]
#[delete("/v1/admin/api-keys/{id}")]
pub async fn revoke_api_key(app: web::Data<App>, staff: Staff, id: Id<ApiKeyId>) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysWrite)?;
    let (which, now, author) = ((id.0, staff.scopes()), app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            if api_keys::revoke(conn, which, now).await? {
                audit::record(conn, author, Entry::new(Action::ApiKeyRevoked, id.0), now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rotate an API key
///
/// Answers a new token of the same key, shown here once. The present one works for `overlap_hours` more; one that an
/// earlier rotation left is over. Its scopes must be yours as well. Scope `api_keys:write`.
#[utoipa::path(
    operation_id = "rotate_api_key", tag = "staff", security(("staff_key" = [])), request_body = ApiKeyRotation,
    params(("id" = ApiKeyId, Path, description = "The key's id")),
    responses((status = 200, description = "The key with its new token", body = ApiKeyWithToken)),
)]
#[post("/v1/admin/api-keys/{id}/rotate")]
pub async fn rotate_api_key(
    app: web::Data<App>,
    staff: Staff,
    id: Id<ApiKeyId>,
    body: Json<ApiKeyRotation>,
) -> Result<HttpResponse> {
    staff.require(Scope::ApiKeysWrite)?;
    let (overlap, now) = (TimeDelta::hours(body.value.overlap_hours), app.clock.now());
    let (which, author) = ((id.0, staff.scopes()), staff.author());
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let (row, token) = api_keys::rotate(conn, which, overlap, now).await?;
            let entry = Entry::new(Action::ApiKeyRotated, id.0).set("/overlap_hours", overlap.num_hours());
            audit::record(conn, author, entry, now).await?;
            Ok(ApiKeyWithToken { key: ListedApiKey::new(row, now), token })
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(body))
}
