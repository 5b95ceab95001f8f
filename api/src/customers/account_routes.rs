//! Registration, verification, new passwords and order look-ups over HTTP. The answers are the same for known and
//! unknown addresses.

use actix_web::{HttpRequest, HttpResponse, post, web};
use scoped_futures::ScopedFutureExt;

use super::account::{self, invalid_token};
use super::account_mail::{self, Asked};
use super::model::{CustomerSession, MailPromised};
use super::requests::{EmailVerification, NewCustomer, OrderLookup, PasswordReset, ResetRequest, require_unlike};
use super::session_routes::{answer_of, user_agent};
use super::sessions;
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::ids::{PasswordResetId, RegistrationId};
use crate::tokens::OneTime;

fn promised(status: &str) -> HttpResponse {
    HttpResponse::Accepted().json(MailPromised { status: status.to_owned() })
}

/// Register
///
/// A link goes to the e-mail address. The page behind it asks for a password, and the account comes into being with that
/// (`POST /v1/customers/verify`): only who reads the mailbox chooses it. Where there is an account already, the mail says
/// so instead, and nothing changes. Registering again sends another link.
#[utoipa::path(
    operation_id = "create_customer", tag = "customers", request_body = NewCustomer,
    responses((status = 202, description = "A mail is on its way, whether or not the address is known", body = MailPromised)),
)]
#[post("/v1/customers")]
pub async fn create_customer(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<NewCustomer>,
) -> Result<HttpResponse> {
    let (new, now) = (&body.value, app.clock.now());
    app.limits.account_mail(&new.email.0, Caller::of(&request)).await?;
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| async move { account::register(conn, new, now).await }.scope_boxed()).await?;
    app.wake.ring();
    Ok(promised("verification_sent"))
}

/// Verify an e-mail address
///
/// By the token of the link, once, within 24 hours, with the password that the page behind the link asked for. The
/// customer is logged in, and orders that were paid as a guest under this address become theirs. Other links to the
/// address are void from then on.
#[utoipa::path(
    operation_id = "verify_customer", tag = "customers", request_body = EmailVerification,
    responses((status = 200, description = "Verified and logged in", body = CustomerSession)),
)]
#[post("/v1/customers/verify")]
pub async fn verify_customer(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<EmailVerification>,
) -> Result<HttpResponse> {
    let id = app.config.token_keys.read_once(OneTime::EmailVerification, &body.value.token);
    let id = RegistrationId(id.ok_or_else(invalid_token)?);
    let email = {
        let mut conn = app.connection().await?;
        account::registered_email(&mut conn, id, app.clock.now()).await?
    };
    // Before the hash, as at a reset.
    app.limits.password(&email, Caller::of(&request)).await?;
    require_unlike(&body.value.password, &email)?;
    let (hash, agent) = (&app.passwords.hash(&body.value.password).await?, user_agent(&request));
    let (agent, now) = (agent.as_deref(), app.clock.now());
    let mut conn = app.connection().await?;
    let (opened, row) = db::transaction(&mut conn, |conn| {
        async move {
            let row = account::verify(conn, id, hash, now).await?;
            Ok((sessions::open(conn, &row, agent, now).await?, row))
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(answer_of(&mut conn, opened, row).await?))
}

/// Ask for a new password
///
/// A link goes to the address if it has an account. It works once, for an hour.
#[utoipa::path(
    operation_id = "request_password_reset", tag = "customers", request_body = ResetRequest,
    responses((status = 202, description = "If there is such an account, a mail is on its way", body = MailPromised)),
)]
#[post("/v1/customers/request-password-reset")]
pub async fn request_password_reset(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<ResetRequest>,
) -> Result<HttpResponse> {
    let email = &body.value.email.0;
    app.limits.account_mail(email, Caller::of(&request)).await?;
    let now = app.clock.now();
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move { account_mail::ask(conn, &Asked::PasswordReset { email }, now).await }.scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(promised("accepted"))
}

/// Set a new password
///
/// By the token of the link, once. Every session of the customer ends, and a mail tells them.
#[utoipa::path(
    operation_id = "reset_password", tag = "customers", request_body = PasswordReset,
    responses((status = 204, description = "Set; log in with it")),
)]
#[post("/v1/customers/reset-password")]
pub async fn reset_password(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<PasswordReset>,
) -> Result<HttpResponse> {
    let id = app.config.token_keys.read_once(OneTime::PasswordReset, &body.value.token);
    let id = PasswordResetId(id.ok_or_else(invalid_token)?);
    let owner = {
        let mut conn = app.connection().await?;
        account::reset_owner(&mut conn, id, app.clock.now()).await?
    };
    // Before the hash: one link that is sent many times at once must not have many made.
    app.limits.password(&owner.email, Caller::of(&request)).await?;
    require_unlike(&body.value.password, &owner.email)?;
    let (hash, now) = (&app.passwords.hash(&body.value.password).await?, app.clock.now());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move { account::reset_password(conn, (id, owner.id), hash, now).await }.scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Find an order again
///
/// For who bought as a guest: if the number and the e-mail address fit, a link goes to that address. It opens this order
/// for seven days: its `token` is sent as `X-Order-Token`.
#[utoipa::path(
    operation_id = "create_order_lookup", tag = "orders", request_body = OrderLookup,
    responses((status = 202, description = "If there is such an order, a mail is on its way", body = MailPromised)),
)]
#[post("/v1/order-lookups")]
pub async fn create_order_lookup(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<OrderLookup>,
) -> Result<HttpResponse> {
    let (email, number) = (&body.value.email.0, body.value.number.trim().trim_start_matches('#'));
    app.limits.account_mail(email, Caller::of(&request)).await?;
    let now = app.clock.now();
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move { account_mail::ask(conn, &Asked::OrderLookup { email, number }, now).await }.scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(promised("accepted"))
}
