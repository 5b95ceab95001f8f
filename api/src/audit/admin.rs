//! The audit log for staff: as a list, one entry, and as a file.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use validator::{Validate, ValidationError};

use super::file;
use super::read::{self, AuditEntry, AuditEntryList, Filter};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::AuditEntryId;
use crate::staff::api_keys::Scope;

/// Which entries a page has.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what this key or staff account did; `cli` for the command line.
    #[validate(length(max = 100))]
    pub actor: Option<String>,
    /// Only this action (`product.updated`), or everything done to such things (`product`).
    #[validate(custom(function = "check_action"))]
    pub action: Option<String>,
    /// Only what was done to the thing with this id.
    #[validate(length(max = 200))]
    pub subject_id: Option<String>,
    /// Only what the request with this `X-Request-Id` did.
    #[validate(length(max = 100))]
    pub request_id: Option<String>,
    /// Only what was done then or later.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before.
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which entries the file has.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFileQuery {
    /// Only what this key or staff account did; `cli` for the command line.
    #[validate(length(max = 100))]
    pub actor: Option<String>,
    /// Only this action (`product.updated`), or everything done to such things (`product`).
    #[validate(custom(function = "check_action"))]
    pub action: Option<String>,
    /// Only what was done to the thing with this id.
    #[validate(length(max = 200))]
    pub subject_id: Option<String>,
    /// Only what was done then or later.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before.
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
}

fn check_action(action: &str) -> Result<(), ValidationError> {
    let is_lawful =
        action.len() <= 100 && action.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    if is_lawful {
        return Ok(());
    }
    let message = "must be an action such as `product.updated`, or the part before the point";
    Err(ValidationError::new("pattern").with_message(message.into()))
}

/// List audit entries
///
/// What staff and the command line did, newest first. Scope `audit:read`.
#[utoipa::path(
    operation_id = "list_audit_entries", tag = "staff", security(("staff_key" = [])), params(AuditQuery),
    responses((status = 200, description = "A page of entries", body = AuditEntryList)),
)]
#[get("/v1/admin/audit-entries")]
pub async fn list_audit_entries(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<AuditQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AuditRead)?;
    let AuditQuery { actor, action, subject_id, request_id, since, until, limit, cursor } = query.0;
    let before: Option<i64> = pagination::decode_key(cursor.as_deref())?;
    let filter = Filter { actor, action, subject_id, request_id, since, until };
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = read::list(&mut conn, &filter, before, limit + 1).await?;
    let (data, page) = pagination::paginate(found, limit, |entry| entry.sequence);
    let body = AuditEntryList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get an audit entry
///
/// Scope `audit:read`.
#[utoipa::path(
    operation_id = "get_audit_entry", tag = "staff", security(("staff_key" = [])),
    params(("id" = AuditEntryId, Path, description = "The entry's id")),
    responses((status = 200, description = "The entry", body = AuditEntry)),
)]
#[get("/v1/admin/audit-entries/{id}")]
pub async fn get_audit_entry(app: web::Data<App>, staff: Staff, id: Id<AuditEntryId>) -> Result<HttpResponse> {
    staff.require(Scope::AuditRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(read::find(&mut conn, id.0).await?))
}

/// Export audit entries
///
/// All that are wanted as a CSV file, newest first. Texts that a spreadsheet would take for a formula begin with an
/// apostrophe. Scope `audit:read`.
#[utoipa::path(
    operation_id = "export_audit_entries", tag = "staff", security(("staff_key" = [])), params(AuditFileQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/audit-entries.csv")]
pub async fn export_audit_entries(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AuditFileQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AuditRead)?;
    let AuditFileQuery { actor, action, subject_id, since, until } = query.0;
    let filter = Filter { actor, action, subject_id, request_id: None, since, until };
    let stream = file::stream(app.into_inner(), filter).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""))
        .streaming(stream))
}
