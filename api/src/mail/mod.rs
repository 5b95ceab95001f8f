//! E-mails: rows that are written in the transaction of their cause, with the job that sends them. A row says what the
//! mail is about; its text, and the links in it, are made when it is sent or shown ([`render()`]), so that the database
//! holds no token.

pub mod admin;
pub mod alerts;
mod content;
mod format;
pub mod mailbox;
pub mod orders;
mod render;
mod samples;
pub mod send;
mod shapes;
pub mod smtp;
pub mod templates;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use shapes::TestEmail;

pub use render::{Links, Rendered, preview, render};

use crate::db::schema::emails;
use crate::db::{Connection, Prepare, lower, text_enum};
use crate::error::{Error, Result};
use crate::ids::{EmailId, OrderId};
use crate::jobs::{Job, queue};
use crate::locale::Locale;

/// How long e-mails are kept.
const KEPT: TimeDelta = TimeDelta::days(90);

text_enum! {
    /// What an e-mail says.
    EmailKind {
        /// Follow this link and choose a password, and you have an account.
        VerifyEmail => "verify_email",
        /// You have an account already.
        AccountExists => "account_exists",
        /// Follow this link to set a new password.
        ResetPassword => "reset_password",
        /// Your password was changed.
        PasswordChanged => "password_changed",
        /// Here is the order you looked for.
        OrderLink => "order_link",
        /// Your order is paid; this is what you bought.
        OrderConfirmation => "order_confirmation",
        /// Your delayed payment is on its way.
        PaymentPending => "payment_pending",
        /// Your delayed payment failed.
        PaymentFailed => "payment_failed",
        /// Goods of your order were sent.
        OrderShipped => "order_shipped",
        /// Goods of your order arrived.
        OrderDelivered => "order_delivered",
        /// Money was given back.
        OrderRefunded => "order_refunded",
        /// Your order, or what was not sent of it, was cancelled.
        OrderCancelled => "order_cancelled",
        /// To the shop: somebody must look at something.
        Alert => "alert",
        /// Follow this link and choose a password, and you are a member of staff.
        StaffInvitation => "staff_invitation",
        /// Follow this link to set a new password for the dashboard.
        StaffPasswordReset => "staff_password_reset",
        /// Your password for the dashboard was changed.
        StaffPasswordChanged => "staff_password_changed",
    }
}

impl EmailKind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::VerifyEmail,
        Self::AccountExists,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::OrderLink,
        Self::OrderConfirmation,
        Self::PaymentPending,
        Self::PaymentFailed,
        Self::OrderShipped,
        Self::OrderDelivered,
        Self::OrderRefunded,
        Self::OrderCancelled,
        Self::Alert,
        Self::StaffInvitation,
        Self::StaffPasswordReset,
        Self::StaffPasswordChanged,
    ];

    /// Those that anybody can have sent to any mailbox by asking.
    const ASKED_FOR: [Self; 6] = [
        Self::VerifyEmail,
        Self::AccountExists,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::OrderLink,
        Self::StaffPasswordReset,
    ];
}

text_enum! {
    /// Where an e-mail stands.
    EmailStatus {
        /// To be sent.
        Queued => "queued",
        /// Given to the mail server.
        Sent => "sent",
        /// Given up; `last_error` says why.
        Failed => "failed",
    }
}

/// An e-mail to be written.
pub struct NewEmail<'a> {
    /// What it says.
    pub kind: EmailKind,
    /// Where it goes.
    pub recipient: &'a str,
    /// The language to say it in.
    pub locale: Option<&'a str>,
    /// What caused it; the same cause sends one mail of a kind to a recipient.
    pub subject_id: Uuid,
    /// What its text is made from; never a link or a token.
    pub data: Value,
}

/// A row of `emails`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = emails)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct EmailRow {
    /// The e-mail's id.
    pub id: EmailId,
    /// What it says.
    pub kind: EmailKind,
    /// Where it goes.
    pub recipient: String,
    /// The language to say it in.
    pub locale: Option<String>,
    /// What caused it.
    pub subject_id: Uuid,
    /// What its text is made from.
    pub data: Value,
    /// Where it stands.
    pub status: EmailStatus,
    /// When it was caused.
    pub created_at: DateTime<Utc>,
    /// The order that it is about.
    pub order_id: Option<OrderId>,
    /// The e-mail that staff had sent again as this one.
    pub resend_of: Option<EmailId>,
    /// How often the mail server was tried.
    pub attempts: i32,
    /// What it said at the last try that failed.
    pub last_error: Option<String>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Writes an e-mail in the present transaction, with the job that sends it, unless its cause did so before.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(conn: &mut Connection, new: &NewEmail<'_>, now: DateTime<Utc>) -> Result<()> {
    let row = row(new, now);
    let written = diesel::insert_into(emails::table)
        .values(&row)
        .on_conflict((emails::kind, emails::subject_id, emails::recipient))
        .filter_target(emails::resend_of.is_null())
        .do_nothing()
        .prepared()
        .execute(conn)
        .await?;
    if written > 0 { enqueue_job(conn, row.id, now).await } else { Ok(()) }
}

fn row(new: &NewEmail<'_>, now: DateTime<Utc>) -> EmailRow {
    EmailRow {
        id: EmailId::new(),
        kind: new.kind,
        recipient: new.recipient.to_owned(),
        locale: new.locale.map(str::to_owned),
        subject_id: new.subject_id,
        data: new.data.clone(),
        status: EmailStatus::Queued,
        created_at: now,
        order_id: None,
        resend_of: None,
        attempts: 0,
        last_error: None,
        sent_at: None,
    }
}

/// Queues the job that sends an e-mail.
async fn enqueue_job(conn: &mut Connection, id: EmailId, now: DateTime<Utc>) -> Result<()> {
    queue::enqueue(conn, Job::SendEmail(id), &id.to_string(), now, now).await
}

/// Sends an e-mail again: one that is still queued is tried at once, unless it is being tried, any other goes out as a new
/// e-mail. Its links to orders work from now on; those to verify and to reset end with what asked for them. Answers the
/// e-mail that is sent. In a transaction.
///
/// # Errors
/// `not_found`.
pub async fn resend(conn: &mut Connection, id: EmailId, now: DateTime<Utc>) -> Result<EmailRow> {
    let present = emails::table.find(id).select(EmailRow::as_select()).for_update().first(conn).await.optional()?;
    let present: EmailRow = present.ok_or_else(|| Error::not_found("e-mail"))?;
    if present.status == EmailStatus::Queued {
        queue::hurry(conn, Job::SendEmail(id), &id.to_string(), now).await?;
        return Ok(present);
    }
    let row = EmailRow {
        id: EmailId::new(),
        status: EmailStatus::Queued,
        created_at: now,
        resend_of: Some(id),
        attempts: 0,
        last_error: None,
        sent_at: None,
        ..present
    };
    diesel::insert_into(emails::table).values(&row).prepared().execute(conn).await?;
    enqueue_job(conn, row.id, now).await?;
    Ok(row)
}

/// Sends a sample of a kind to an address. In a transaction.
///
/// # Errors
/// Those of the database.
async fn test(conn: &mut Connection, kind: EmailKind, test: &TestEmail, now: DateTime<Utc>) -> Result<EmailRow> {
    let new = NewEmail {
        kind,
        recipient: &test.recipient.0,
        locale: test.locale.as_ref().map(Locale::as_str),
        // Each is a cause of its own.
        subject_id: Uuid::now_v7(),
        data: samples::data(),
    };
    let row = row(&new, now);
    diesel::insert_into(emails::table).values(&row).prepared().execute(conn).await?;
    enqueue_job(conn, row.id, now).await?;
    Ok(row)
}

/// How many e-mails of these kinds a mailbox has got since then.
///
/// # Errors
/// Those of the database.
pub async fn count_since(
    conn: &mut Connection,
    recipient: &str,
    kinds: &[EmailKind],
    since: DateTime<Utc>,
) -> Result<i64> {
    let of_recipient = emails::table
        .filter(lower(emails::recipient).eq(lower(recipient)))
        .filter(emails::created_at.gt(since))
        .filter(emails::kind.eq_any(kinds));
    Ok(of_recipient.count().get_result(conn).await?)
}

/// Where a page starts: after this e-mail, newest first.
pub type After = (DateTime<Utc>, EmailId);

/// Which e-mails are wanted; `None` means any.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// What they say.
    pub kind: Option<EmailKind>,
    /// Where they stand.
    pub status: Option<EmailStatus>,
    /// Where they go.
    pub recipient: Option<&'a str>,
    /// The order that they are about.
    pub order_id: Option<OrderId>,
}

/// The newest e-mails of those that are wanted, or those after one, up to `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    wanted: &Wanted<'_>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<EmailRow>> {
    let mut query = emails::table.select(EmailRow::as_select()).into_boxed();
    if let Some(kind) = wanted.kind {
        query = query.filter(emails::kind.eq(kind));
    }
    if let Some(status) = wanted.status {
        query = query.filter(emails::status.eq(status));
    }
    if let Some(recipient) = wanted.recipient {
        query = query.filter(lower(emails::recipient).eq(lower(recipient)));
    }
    if let Some(order) = wanted.order_id {
        query = query.filter(emails::order_id.eq(order));
    }
    if let Some((created_at, id)) = after {
        let same_time = emails::created_at.eq(created_at).and(emails::id.lt(id));
        query = query.filter(emails::created_at.lt(created_at).or(same_time));
    }
    Ok(query.order((emails::created_at.desc(), emails::id.desc())).limit(limit).load(conn).await?)
}

/// One e-mail.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: EmailId) -> Result<EmailRow> {
    let row = emails::table.find(id).select(EmailRow::as_select()).first(conn).await.optional()?;
    row.ok_or_else(|| Error::not_found("e-mail"))
}

/// Deletes e-mails that were caused more than 90 days ago.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::delete(emails::table.filter(emails::created_at.lt(now - KEPT))).execute(conn).await?)
}
