//! Logging in and out over HTTP.

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::{CustomerSession, SessionList};
use super::read::{self, CustomerRow};
use super::requests::{Login, Refresh};
use super::sessions::{self, After, Opened, Refreshed};
use crate::app::App;
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};
use crate::http::auth::CustomerAuth;
use crate::http::caller::Caller;
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::CustomerSessionId;

/// How much of a program's name is kept.
const LONGEST_USER_AGENT: usize = 300;

/// The program that asks, by its own word.
pub(crate) fn user_agent(request: &HttpRequest) -> Option<String> {
    let agent = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(LONGEST_USER_AGENT).collect())
}

/// What a client is told of a session that was begun or renewed.
pub(super) async fn answer_of(conn: &mut Connection, opened: Opened, row: CustomerRow) -> Result<CustomerSession> {
    Ok(CustomerSession {
        id: opened.id,
        access_token: opened.access_token,
        access_expires_at: opened.access_expires_at,
        refresh_token: opened.refresh_token,
        expires_at: opened.expires_at,
        customer: read::shape(conn, row).await?,
    })
}

fn invalid_credentials() -> Error {
    Error::problem(Code::InvalidCredentials, "There is no account with this e-mail address and password.")
}

/// Log in
///
/// The access token works for an hour; `POST /v1/customer-sessions/refresh` gives the next one, for 30 days after the
/// last. Orders that were paid as a guest under the customer's address since become theirs.
#[utoipa::path(
    operation_id = "create_customer_session", tag = "customers", request_body = Login,
    responses((status = 201, description = "Logged in", body = CustomerSession)),
)]
#[post("/v1/customer-sessions")]
pub async fn create_customer_session(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<Login>,
) -> Result<HttpResponse> {
    let login = &body.value;
    app.limits.login(&login.email.0, Caller::of(&request)).await?;
    let found = {
        let mut conn = app.connection().await?;
        read::by_email(&mut conn, &login.email.0).await?
    };
    // The same work for somebody unknown. No connection waits meanwhile.
    let fits = app.passwords.verify(&login.password, found.as_ref().map(|row| row.password_hash.as_str())).await?;
    let customer = found.filter(|_| fits).ok_or_else(invalid_credentials)?;
    let (agent, now, proven) = (user_agent(&request), app.clock.now(), &customer);
    let agent = agent.as_deref();
    let mut conn = app.connection().await?;
    let (opened, row) = db::transaction(&mut conn, |conn| {
        async move {
            // A password that was changed meanwhile has ended all sessions; it must not begin another.
            let row = read::row(conn, proven.id, true).await?;
            if row.password_hash != proven.password_hash {
                return Err(invalid_credentials());
            }
            Ok((sessions::open(conn, &row, agent, now).await?, row))
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Created().json(answer_of(&mut conn, opened, row).await?))
}

/// Renew a session
///
/// A refresh token works once. Used again within ten seconds it gives new tokens as well, for who lost the answer;
/// later it ends the session, since somebody else has it too. Keep the newest: of several that one token gave, the first to
/// be used makes the others used as well.
#[utoipa::path(
    operation_id = "refresh_customer_session", tag = "customers", request_body = Refresh,
    responses((status = 200, description = "Renewed", body = CustomerSession)),
)]
#[post("/v1/customer-sessions/refresh")]
pub async fn refresh_customer_session(app: web::Data<App>, body: Json<Refresh>) -> Result<HttpResponse> {
    let (token, now) = (&body.value.refresh_token, app.clock.now());
    let mut conn = app.connection().await?;
    let refreshed =
        db::transaction(&mut conn, |conn| async move { sessions::refresh(conn, token, now).await }.scope_boxed());
    match refreshed.await? {
        Refreshed::Renewed(opened) => {
            let row = read::row(&mut conn, opened.customer, false).await?;
            Ok(HttpResponse::Ok().json(answer_of(&mut conn, *opened, row).await?))
        }
        Refreshed::Unknown => {
            Err(Error::problem(Code::InvalidCredentials, "There is no such refresh token. Log in again."))
        }
        Refreshed::Over => Err(Error::problem(Code::SessionRevoked, "This session is over. Log in again.")),
    }
}

/// Log out
///
/// Ends the session that asks.
#[utoipa::path(
    operation_id = "delete_customer_session", tag = "customers",
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 204, description = "Logged out")),
)]
#[delete("/v1/customer-sessions")]
pub async fn delete_customer_session(app: web::Data<App>, customer: CustomerAuth) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    sessions::end(&mut conn, customer.session, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List one's sessions
///
/// Those that are alive, newest first.
#[utoipa::path(
    operation_id = "list_customer_sessions", tag = "customers", params(PageQuery),
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 200, description = "A page of sessions", body = SessionList)),
)]
#[get("/v1/customers/me/sessions")]
pub async fn list_customer_sessions(
    app: web::Data<App>,
    request: HttpRequest,
    customer: CustomerAuth,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let whose = (customer.id, customer.session);
    let found = sessions::list(&mut conn, whose, after, limit, app.clock.now()).await?;
    let (data, page) = pagination::paginate(found, limit, |session| (session.created_at, session.id));
    let body = SessionList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// End one of one's sessions
///
/// Its tokens open nothing from then on.
#[utoipa::path(
    operation_id = "revoke_customer_session", tag = "customers",
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = CustomerSessionId, Path, description = "The session's id")),
    responses((status = 204, description = "Ended")),
)]
#[delete("/v1/customers/me/sessions/{id}")]
pub async fn revoke_customer_session(
    app: web::Data<App>,
    customer: CustomerAuth,
    id: Id<CustomerSessionId>,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    sessions::revoke(&mut conn, customer.id, id.0, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
