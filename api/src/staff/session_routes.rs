//! Logging in and out of the dashboard over HTTP.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, post, put, web};
use scoped_futures::ScopedFutureExt;

use super::model::StaffSession;
use super::requests::{StaffLogin, StaffPasswordChange};
use super::sessions::{self, Found, LIFE, Opened};
use super::{account, members};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry, Origin};
use crate::customers::account::wrong_password;
use crate::customers::requests::require_unlike;
use crate::customers::session_routes::user_agent;
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};
use crate::http::auth::StaffSessionAuth;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::session_cookie;
use crate::staff::members::StaffStatus;

/// A member in a limit: apart from the customer of the same address.
pub(super) fn account_of(email: &str) -> String {
    format!("staff {email}")
}

/// What a client is told of a session.
async fn shape(conn: &mut Connection, found: Found) -> Result<StaffSession> {
    let staff = members::find(conn, found.member).await?;
    Ok(StaffSession { session_id: found.id, expires_at: found.expires_at, staff, scopes: found.scopes })
}

/// Answers a session that was begun, with its cookie.
pub(super) async fn answer_of(
    app: &App,
    conn: &mut Connection,
    opened: &Opened,
    mut answer: HttpResponseBuilder,
) -> Result<HttpResponse> {
    let found = sessions::find(conn, &opened.token, true, app.clock.now()).await?;
    let found = found.ok_or_else(|| Error::problem(Code::Unauthenticated, "This session was ended meanwhile."))?;
    let cookie = session_cookie::set(&opened.token, LIFE, &app.config.public_url);
    Ok(answer.insert_header((SET_COOKIE, cookie)).json(shape(conn, found).await?))
}

fn invalid_credentials() -> Error {
    Error::problem(Code::InvalidCredentials, "There is no member of staff with this e-mail address and password.")
}

/// Log in
///
/// Sets the session's cookie, which pages of this origin send with each request: HttpOnly, `SameSite=Strict`, and by
/// `https` alone, except on this machine. The session ends after 12 hours without use, and after 30 days. Pages of other
/// origins cannot log anybody in.
#[utoipa::path(
    operation_id = "create_staff_session", tag = "staff", request_body = StaffLogin,
    responses((status = 201, description = "Logged in", body = StaffSession)),
)]
#[post("/v1/admin/session")]
pub async fn create_staff_session(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<StaffLogin>,
) -> Result<HttpResponse> {
    let login = &body.value;
    session_cookie::refuse_other_pages(&request, &app.config.public_url)?;
    app.limits.login(&account_of(&login.email.0), Caller::of(&request)).await?;
    let found = {
        let mut conn = app.connection().await?;
        members::by_email(&mut conn, &login.email.0).await?
    };
    let found = found.filter(|member| member.status == StaffStatus::Active);
    // The same work for somebody unknown. No connection waits meanwhile.
    let hash = found.as_ref().and_then(|member| member.password_hash.as_deref());
    let fits = app.passwords.verify(&login.password, hash).await?;
    let proven = &found.filter(|_| fits).ok_or_else(invalid_credentials)?;
    let (agent, now, origin) = (&user_agent(&request), app.clock.now(), Origin::of(&request));
    let author = &Author { actor: proven.id.to_string(), name: proven.name_or_email().to_owned(), origin };
    let mut conn = app.connection().await?;
    let opened = db::transaction(&mut conn, |conn| {
        async move {
            // Whoever was deactivated meanwhile, or whose password was changed, has no session any more.
            let member = members::row(conn, proven.id, true).await?;
            if member.password_hash != proven.password_hash || member.status != StaffStatus::Active {
                return Err(invalid_credentials());
            }
            let opened = sessions::open(conn, member.id, agent.as_deref(), now).await?;
            let entry = Entry::new(Action::StaffLoggedIn, member.id).set("/session_id", opened.id);
            audit::record(conn, author, entry, now).await?;
            Ok(opened)
        }
        .scope_boxed()
    })
    .await?;
    answer_of(&app, &mut conn, &opened, HttpResponse::Created()).await
}

/// Get one's session
///
/// Who is logged in, what they may do now, and until when.
#[utoipa::path(
    operation_id = "get_staff_session", tag = "staff", security(("staff_session" = [])),
    responses((status = 200, description = "The session", body = StaffSession)),
)]
#[get("/v1/admin/session")]
pub async fn get_staff_session(app: web::Data<App>, session: StaffSessionAuth) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(shape(&mut conn, session.0).await?))
}

/// Log out
///
/// Ends the session that asks, and has the browser forget its cookie.
#[utoipa::path(
    operation_id = "delete_staff_session", tag = "staff", security(("staff_session" = [])),
    responses((status = 204, description = "Logged out")),
)]
#[delete("/v1/admin/session")]
pub async fn delete_staff_session(
    app: web::Data<App>,
    request: HttpRequest,
    session: StaffSessionAuth,
) -> Result<HttpResponse> {
    let (member, id, now, author) =
        (session.0.member, session.0.id, app.clock.now(), &session.author(Origin::of(&request)));
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            sessions::revoke(conn, member, id, now).await?;
            let entry = Entry::new(Action::StaffLoggedOut, member).set("/session_id", id);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await?;
    let cookie = session_cookie::clear(&app.config.public_url);
    Ok(HttpResponse::NoContent().insert_header((SET_COOKIE, cookie)).finish())
}

/// Change one's password
///
/// By the present one. Every other session ends, links to a new password that were mailed before are void, and a mail
/// tells the member.
#[utoipa::path(
    operation_id = "change_staff_password", tag = "staff", security(("staff_session" = [])),
    request_body = StaffPasswordChange,
    responses((status = 204, description = "Changed")),
)]
#[put("/v1/admin/session/password")]
pub async fn change_staff_password(
    app: web::Data<App>,
    request: HttpRequest,
    session: StaffSessionAuth,
    body: Json<StaffPasswordChange>,
) -> Result<HttpResponse> {
    let change = &body.value;
    let row = {
        let mut conn = app.connection().await?;
        members::row(&mut conn, session.0.member, false).await?
    };
    app.limits.password(&account_of(&row.email), Caller::of(&request)).await?;
    require_unlike(&change.password, &row.email)?;
    let proven = row.password_hash.as_deref();
    if !app.passwords.verify(&change.current_password, proven).await? {
        return Err(wrong_password());
    }
    let (hash, now) = (&app.passwords.hash(&change.password).await?, app.clock.now());
    let (whose, author) = ((session.0.member, session.0.id), &session.author(Origin::of(&request)));
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            account::change_password(conn, whose, proven, hash, now).await?;
            audit::record(conn, author, Entry::new(Action::StaffPasswordChanged, whose.0), now).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::NoContent().finish())
}
