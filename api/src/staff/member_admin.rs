//! Members of staff and their sessions, for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::api_keys::Scope;
use super::members::{self, After, StaffStatus};
use super::model::{StaffMember, StaffMemberList, StaffSessionList};
use super::requests::{NewStaffMember, StaffMemberPatch};
use super::sessions;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::{StaffId, StaffSessionId};

/// Refuses unless it is the caller's own account, or they have the scope.
fn require_self_or(staff: &Staff, id: StaffId, scope: Scope) -> Result<()> {
    if staff.member() == Some(id) { Ok(()) } else { staff.require(scope) }
}

/// Which members.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffQuery {
    /// Only members of this status.
    pub status: Option<StaffStatus>,
    /// How many members a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List members of staff
///
/// Newest first. Scope `staff:read`.
#[utoipa::path(
    operation_id = "list_staff_members", tag = "staff", security(("staff_key" = [])), params(StaffQuery),
    responses((status = 200, description = "A page of members", body = StaffMemberList)),
)]
#[get("/v1/admin/staff")]
pub async fn list_staff_members(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<StaffQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::StaffRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = members::list(&mut conn, query.0.status, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |member| (member.created_at, member.id));
    let body = StaffMemberList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Invite a member of staff
///
/// A link goes to the address; whoever follows it within seven days chooses a password and is a member. The role may hold
/// only scopes that you have yourself. Scope `staff:write`.
#[utoipa::path(
    operation_id = "create_staff_member", tag = "staff", security(("staff_key" = [])), request_body = NewStaffMember,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Invited", body = StaffMember)),
)]
#[post("/v1/admin/staff")]
pub async fn create_staff_member(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewStaffMember>,
) -> Result<HttpResponse> {
    staff.require(Scope::StaffWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (new, held, author, now) = (&body.value, staff.scopes(), staff.author(), app.clock.now());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let member = members::invite(conn, held, new, now).await?;
            audit::record(conn, author, Entry::new(Action::StaffInvited, member.id).made(&member), now).await?;
            Answer::of(201, &member)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/staff"))
}

/// Get a member of staff
///
/// Scope `staff:read`, except for oneself.
#[utoipa::path(
    operation_id = "get_staff_member", tag = "staff", security(("staff_key" = [])),
    params(("id" = StaffId, Path, description = "The member's id")),
    responses((status = 200, description = "The member", body = StaffMember), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/staff/{id}")]
pub async fn get_staff_member(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<StaffId>,
) -> Result<HttpResponse> {
    require_self_or(&staff, id.0, Scope::StaffRead)?;
    let mut conn = app.connection().await?;
    let member = members::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), member.version, &member)
}

/// Change a member of staff
///
/// A merge patch: what is absent stays. Another role holds from the member's next request on; `deactivated` ends their
/// sessions at once. The scopes that are given or taken must be yours as well, and the last active owner stays one. Scope
/// `staff:write`, except for one's own name.
#[utoipa::path(
    operation_id = "update_staff_member", tag = "staff", security(("staff_key" = [])), request_body = StaffMemberPatch,
    params(
        ("id" = StaffId, Path, description = "The member's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = StaffMember)),
)]
#[patch("/v1/admin/staff/{id}")]
pub async fn update_staff_member(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<StaffId>,
    body: Json<StaffMemberPatch>,
) -> Result<HttpResponse> {
    let (patch, now) = (&body.value, app.clock.now());
    if patch.role.is_some() || patch.status.is_some() {
        staff.require(Scope::StaffWrite)?;
    }
    require_self_or(&staff, id.0, Scope::StaffWrite)?;
    let is_own = staff.member() == Some(id.0);
    let (expected, whose) = (&Expected::from_request(&request)?, (id.0, staff.scopes(), is_own));
    let author = staff.author();
    let mut conn = app.connection().await?;
    let member = db::transaction(&mut conn, |conn| {
        async move {
            let (before, member) = members::update(conn, whose, patch, expected, now).await?;
            audit::record(conn, author, Entry::new(Action::StaffUpdated, id.0).changed(&before, &member), now).await?;
            Ok(member)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), member.version, &member)
}

/// Send an invitation again
///
/// For who has not accepted yet, or was deactivated before they did. Only the newest link works. Scope `staff:write`.
#[utoipa::path(
    operation_id = "send_staff_invitation", tag = "staff", security(("staff_key" = [])),
    params(("id" = StaffId, Path, description = "The member's id")),
    responses((status = 200, description = "A mail is on its way", body = StaffMember)),
)]
#[post("/v1/admin/staff/{id}/invitation")]
pub async fn send_staff_invitation(app: web::Data<App>, staff: Staff, id: Id<StaffId>) -> Result<HttpResponse> {
    staff.require(Scope::StaffWrite)?;
    let (whose, author, now) = ((id.0, staff.scopes()), staff.author(), app.clock.now());
    let mut conn = app.connection().await?;
    let member = db::transaction(&mut conn, |conn| {
        async move {
            let member = members::invite_again(conn, whose, now).await?;
            audit::record(conn, author, Entry::new(Action::StaffInvitationSent, id.0), now).await?;
            Ok(member)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(member))
}

/// List a member's sessions
///
/// Those that are alive, newest first. Scope `staff:read`, except for one's own.
#[utoipa::path(
    operation_id = "list_staff_sessions", tag = "staff", security(("staff_key" = [])),
    params(("id" = StaffId, Path, description = "The member's id"), PageQuery),
    responses((status = 200, description = "A page of sessions", body = StaffSessionList)),
)]
#[get("/v1/admin/staff/{id}/sessions")]
pub async fn list_staff_sessions(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<StaffId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    require_self_or(&staff, id.0, Scope::StaffRead)?;
    let after: Option<sessions::After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = sessions::list(&mut conn, (id.0, staff.session()), after, limit, app.clock.now()).await?;
    let (data, page) = pagination::paginate(found, limit, |session| (session.created_at, session.id));
    let body = StaffSessionList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// End a member's session
///
/// Its cookie opens nothing from then on. Scope `staff:write` and all that the member may do, except for one's own.
#[utoipa::path(
    operation_id = "revoke_staff_session", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = StaffId, Path, description = "The member's id"),
        ("session_id" = StaffSessionId, Path, description = "The session's id"),
    ),
    responses((status = 204, description = "Ended")),
)]
#[delete("/v1/admin/staff/{id}/sessions/{session_id}")]
pub async fn revoke_staff_session(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<StaffId>,
) -> Result<HttpResponse> {
    require_self_or(&staff, id.0, Scope::StaffWrite)?;
    let session = request.match_info().get("session_id").and_then(|text| text.parse().ok());
    let session: StaffSessionId = session.ok_or_else(|| Error::not_found("session"))?;
    let (author, held, now) = (staff.author(), staff.scopes(), app.clock.now());
    let is_own = staff.member() == Some(id.0);
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            if !is_own {
                members::require_over(conn, id.0, held).await?;
            }
            sessions::revoke(conn, id.0, session, now).await?;
            let entry = Entry::new(Action::StaffSessionRevoked, id.0).set("/session_id", session);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
