//! What members of staff do by the links in their mails. The answers are the same for known and unknown addresses.

use actix_web::{HttpRequest, HttpResponse, post, web};
use scoped_futures::ScopedFutureExt;

use super::links::{self, LinkKind};
use super::members::MemberRow;
use super::model::StaffSession;
use super::requests::{InvitationAcceptance, StaffPasswordReset, StaffResetRequest};
use super::session_routes::{account_of, answer_of};
use super::{account, sessions};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry, Origin};
use crate::customers::account::invalid_token;
use crate::customers::account_mail::{self, Asked};
use crate::customers::model::MailPromised;
use crate::customers::requests::require_unlike;
use crate::customers::session_routes::user_agent;
use crate::db;
use crate::error::Result;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::session_cookie;
use crate::ids::StaffLinkId;
use crate::tokens::OneTime;

/// The link of a token, and the member that it is for; counted before any hash is made.
async fn follow(
    app: &App,
    request: &HttpRequest,
    (kind, once): (LinkKind, OneTime),
    token: &str,
) -> Result<(StaffLinkId, MemberRow)> {
    let id = StaffLinkId(app.config.token_keys.read_once(once, token).ok_or_else(invalid_token)?);
    let owner = {
        let mut conn = app.connection().await?;
        links::owner(&mut conn, id, kind, app.clock.now()).await?
    };
    app.limits.password(&account_of(&owner.email), Caller::of(request)).await?;
    Ok((id, owner))
}

/// Accept an invitation
///
/// By the token of the link, once, within seven days. The member chooses a password and is logged in: the answer sets the
/// session's cookie.
#[utoipa::path(
    operation_id = "accept_staff_invitation", tag = "staff", request_body = InvitationAcceptance,
    responses((status = 201, description = "Accepted and logged in", body = StaffSession)),
)]
#[post("/v1/admin/staff-invitations/accept")]
pub async fn accept_staff_invitation(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<InvitationAcceptance>,
) -> Result<HttpResponse> {
    session_cookie::refuse_other_pages(&request, &app.config.public_url)?;
    let accepted = &body.value;
    let (id, owner) = follow(&app, &request, (LinkKind::Invitation, OneTime::StaffInvitation), &accepted.token).await?;
    require_unlike(&accepted.password, &owner.email)?;
    let (hash, agent) = (&app.passwords.hash(&accepted.password).await?, &user_agent(&request));
    let (link, name, now) = ((id, owner.id), accepted.name.as_deref(), app.clock.now());
    let called = name.unwrap_or_else(|| owner.name_or_email()).to_owned();
    let author = &Author { actor: owner.id.to_string(), name: called, origin: Origin::of(&request) };
    let mut conn = app.connection().await?;
    let opened = db::transaction(&mut conn, |conn| {
        async move {
            account::accept_invitation(conn, link, name, hash, now).await?;
            let opened = sessions::open(conn, link.1, agent.as_deref(), now).await?;
            audit::record(conn, author, Entry::new(Action::StaffInvitationAccepted, link.1), now).await?;
            Ok(opened)
        }
        .scope_boxed()
    })
    .await?;
    answer_of(&app, &mut conn, &opened, HttpResponse::Created()).await
}

/// Ask for a new password
///
/// A link goes to the address if it is an active member's. It works once, for an hour.
#[utoipa::path(
    operation_id = "request_staff_password_reset", tag = "staff", request_body = StaffResetRequest,
    responses((status = 202, description = "If there is such a member, a mail is on its way", body = MailPromised)),
)]
#[post("/v1/admin/password-resets")]
pub async fn request_staff_password_reset(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<StaffResetRequest>,
) -> Result<HttpResponse> {
    let (email, now) = (&body.value.email.0, app.clock.now());
    app.limits.account_mail(&account_of(email), Caller::of(&request)).await?;
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move { account_mail::ask(conn, &Asked::StaffPasswordReset { email }, now).await }.scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Accepted().json(MailPromised { status: "accepted".to_owned() }))
}

/// Set a new password
///
/// By the token of the link, once. Every session of the member ends, and a mail tells them.
#[utoipa::path(
    operation_id = "reset_staff_password", tag = "staff", request_body = StaffPasswordReset,
    responses((status = 204, description = "Set; log in with it")),
)]
#[post("/v1/admin/password-resets/accept")]
pub async fn reset_staff_password(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<StaffPasswordReset>,
) -> Result<HttpResponse> {
    let reset = &body.value;
    let kind = (LinkKind::PasswordReset, OneTime::StaffPasswordReset);
    let (id, owner) = follow(&app, &request, kind, &reset.token).await?;
    require_unlike(&reset.password, &owner.email)?;
    let (hash, link, now) = (&app.passwords.hash(&reset.password).await?, (id, owner.id), app.clock.now());
    let (actor, name) = (owner.id.to_string(), owner.name_or_email().to_owned());
    let author = &Author { actor, name, origin: Origin::of(&request) };
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            account::reset_password(conn, link, hash, now).await?;
            audit::record(conn, author, Entry::new(Action::StaffPasswordReset, link.1), now).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::NoContent().finish())
}
