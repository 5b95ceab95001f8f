//! E-mails for staff: what was caused and what became of it, never their links; sending again; samples.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use scoped_futures::ScopedFutureExt;

use super::shapes::{
    EmailContent, EmailList, EmailPreview, EmailQuery, ListedEmail, PreviewQuery, ShownEmail, TestEmail,
};
use super::{After, EmailKind, Links, Wanted, render};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::EmailId;
use crate::locale::Locale;
use crate::staff::api_keys::Scope;

/// List e-mails
///
/// Newest first, without their text, for 90 days. Scope `emails:read`.
#[utoipa::path(
    operation_id = "list_emails", tag = "staff", security(("staff_key" = [])), params(EmailQuery),
    responses((status = 200, description = "A page of e-mails", body = EmailList)),
)]
#[get("/v1/admin/emails")]
pub async fn list_emails(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<EmailQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::EmailsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let EmailQuery { kind, status, recipient, order_id, .. } = &query.0;
    let wanted = Wanted { kind: *kind, status: *status, recipient: recipient.as_deref(), order_id: *order_id };
    let mut conn = app.connection().await?;
    let found = super::list(&mut conn, &wanted, after, limit + 1).await?.into_iter().map(ListedEmail::new).collect();
    let (data, page) = pagination::paginate(found, limit, |email: &ListedEmail| (email.created_at, email.id));
    let body = EmailList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get an e-mail
///
/// With what it says now; its links open nothing. Scope `emails:read`.
#[utoipa::path(
    operation_id = "get_email", tag = "staff", security(("staff_key" = [])),
    params(("id" = EmailId, Path, description = "The e-mail's id")),
    responses((status = 200, description = "The e-mail", body = ShownEmail)),
)]
#[get("/v1/admin/emails/{id}")]
pub async fn get_email(app: web::Data<App>, staff: Staff, id: Id<EmailId>) -> Result<HttpResponse> {
    staff.require(Scope::EmailsRead)?;
    let mut conn = app.connection().await?;
    let row = super::find(&mut conn, id.0).await?;
    let content = EmailContent::new(render(&app, &mut conn, &row, Links::Hidden).await?);
    Ok(HttpResponse::Ok().json(ShownEmail { email: ListedEmail::new(row), content }))
}

/// Send an e-mail again
///
/// One that is still queued is tried at once, and is the answer. Any other goes out as a new e-mail. Its links to orders work
/// from now on; those to verify an address or to reset a password end with the request that asked for them. Scope
/// `emails:write`.
#[utoipa::path(
    operation_id = "resend_email", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = EmailId, Path, description = "The e-mail's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "The e-mail that is sent", body = ListedEmail)),
)]
#[post("/v1/admin/emails/{id}/resend")]
pub async fn resend_email(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<EmailId>,
) -> Result<HttpResponse> {
    staff.require(Scope::EmailsWrite)?;
    let scope = format!("{}:{}:resend", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &[])?;
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), staff.author());
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let email = ListedEmail::new(super::resend(conn, id.0, now).await?);
            audit::record(conn, author, Entry::new(Action::EmailResent, id.0).set("/sent_as", email.id), now).await?;
            Answer::of(201, &email)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/emails"))
}

/// Preview a kind of e-mail
///
/// What the shop's template makes of sample data. Scope `emails:read`.
#[utoipa::path(
    operation_id = "preview_email", tag = "staff", security(("staff_key" = [])),
    params(("kind" = EmailKind, Path, description = "The kind"), PreviewQuery),
    responses((status = 200, description = "The preview", body = EmailPreview)),
)]
#[get("/v1/admin/email-templates/{kind}")]
pub async fn preview_email(
    app: web::Data<App>,
    staff: Staff,
    kind: Id<EmailKind>,
    query: Query<PreviewQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::EmailsRead)?;
    let (locale, rendered) = super::preview(&app, kind.0, query.0.locale.as_ref().map(Locale::as_str))?;
    Ok(HttpResponse::Ok().json(EmailPreview { kind: kind.0, locale, content: EmailContent::new(rendered) }))
}

/// Send a sample of a kind of e-mail
///
/// To see how it arrives. It goes the way of every e-mail. Scope `emails:write`.
#[utoipa::path(
    operation_id = "send_test_email", tag = "staff", security(("staff_key" = [])), request_body = TestEmail,
    params(
        ("kind" = EmailKind, Path, description = "The kind"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "The e-mail that is sent", body = ListedEmail)),
)]
#[post("/v1/admin/email-templates/{kind}/test")]
pub async fn send_test_email(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    kind: Id<EmailKind>,
    body: Json<TestEmail>,
) -> Result<HttpResponse> {
    staff.require(Scope::EmailsWrite)?;
    let scope = format!("{}:{}:test", staff.idempotency_scope(), kind.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (mut conn, now, test) = (app.connection().await?, app.clock.now(), &body.value);
    let author = staff.author();
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let email = ListedEmail::new(super::test(conn, kind.0, test, now).await?);
            let entry = Entry::new(Action::EmailTestSent, email.id).set("/kind", kind.0);
            audit::record(conn, author, entry.set("/recipient", &email.recipient), now).await?;
            Answer::of(201, &email)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/emails"))
}
