//! E-mails for staff: that they were caused and what became of them, never their links.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{After, EmailKind, EmailRow, EmailStatus};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::EmailId;
use crate::staff::api_keys::Scope;

/// An e-mail as staff see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedEmail {
    /// The e-mail's id.
    pub id: EmailId,
    /// What it says.
    pub kind: EmailKind,
    /// Where it goes.
    #[schema(example = "ada@example.com")]
    pub recipient: String,
    /// Where it stands.
    pub status: EmailStatus,
    /// When it was caused.
    pub created_at: DateTime<Utc>,
}

/// E-mails, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EmailList {
    /// The e-mails.
    pub data: Vec<ListedEmail>,
    /// Where the list goes on.
    pub page: Page,
}

fn listed(row: EmailRow) -> ListedEmail {
    let EmailRow { id, kind, recipient, status, created_at, .. } = row;
    ListedEmail { id, kind, recipient, status, created_at }
}

/// List e-mails
///
/// Newest first, without their text. Scope `emails:read`.
#[utoipa::path(
    operation_id = "list_emails", tag = "staff", security(("staff_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of e-mails", body = EmailList)),
)]
#[get("/v1/admin/emails")]
pub async fn list_emails(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::EmailsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = super::list(&mut conn, after, limit + 1).await?.into_iter().map(listed).collect();
    let (data, page) = pagination::paginate(found, limit, |email: &ListedEmail| (email.created_at, email.id));
    let body = EmailList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}
