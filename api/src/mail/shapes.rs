//! The shapes of e-mails for staff.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{EmailKind, EmailRow, EmailStatus, Rendered};
use crate::address::Email as Address;
use crate::http::pagination::Page;
use crate::ids::{EmailId, OrderId};
use crate::locale::Locale;

/// A page of e-mails.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EmailQuery {
    /// Only e-mails of this kind.
    pub kind: Option<EmailKind>,
    /// Only e-mails of this status.
    pub status: Option<EmailStatus>,
    /// Only e-mails to this address; case does not matter.
    #[param(max_length = 254)]
    #[validate(length(max = 254))]
    pub recipient: Option<String>,
    /// Only e-mails about this order.
    pub order_id: Option<OrderId>,
    /// How many e-mails a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The language of a preview.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PreviewQuery {
    /// A language tag; English where there is no template in it.
    #[param(value_type = Option<String>, example = "de")]
    pub locale: Option<Locale>,
}

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
    /// The language that it was to be said in; the shop's own when `null`.
    pub locale: Option<String>,
    /// Where it stands.
    pub status: EmailStatus,
    /// The order that it is about.
    pub order_id: Option<OrderId>,
    /// The e-mail that was sent again as this one.
    pub resend_of: Option<EmailId>,
    /// How often the mail server was tried.
    pub attempts: i32,
    /// What the mail server said at the last try that failed.
    #[schema(example = "permanent error (550): no such user")]
    pub last_error: Option<String>,
    /// When it was caused.
    pub created_at: DateTime<Utc>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
}

impl ListedEmail {
    pub(super) fn new(row: EmailRow) -> Self {
        let EmailRow { id, kind, recipient, locale, status, created_at, .. } = row;
        let EmailRow { order_id, resend_of, attempts, last_error, sent_at, .. } = row;
        Self { id, kind, recipient, locale, status, order_id, resend_of, attempts, last_error, created_at, sent_at }
    }
}

/// E-mails, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EmailList {
    /// The e-mails.
    pub data: Vec<ListedEmail>,
    /// Where the list goes on.
    pub page: Page,
}

/// What an e-mail says.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EmailContent {
    /// The subject line.
    #[schema(example = "Your order 1001")]
    pub subject: String,
    /// The body, as plain text.
    pub text: String,
    /// The body, as an HTML document.
    pub html: String,
}

impl EmailContent {
    pub(super) fn new(rendered: Rendered) -> Self {
        let Rendered { subject, text, html } = rendered;
        Self { subject, text, html }
    }
}

/// An e-mail with what it says, as of now; in the place of tokens its links say `hidden`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShownEmail {
    /// The e-mail.
    #[serde(flatten)]
    pub email: ListedEmail,
    /// What it says.
    pub content: EmailContent,
}

/// A kind of e-mail with sample data.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EmailPreview {
    /// The kind.
    pub kind: EmailKind,
    /// The language of the template.
    #[schema(example = "de")]
    pub locale: String,
    /// What it says.
    pub content: EmailContent,
}

/// Where a sample goes.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TestEmail {
    /// The address.
    #[validate(nested)]
    pub recipient: Address,
    /// A language tag; English where there is no template in it.
    #[serde(default)]
    pub locale: Option<Locale>,
}
