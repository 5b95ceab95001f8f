//! E-mails: rows that are written in the transaction of their cause. A row says what the mail is about; its text, and the
//! links in it, are made when it is sent or shown ([`render()`]), so that the database holds no token.

pub mod admin;
pub mod mailbox;
mod render;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use render::{Rendered, render};

use crate::db::schema::emails;
use crate::db::{Connection, lower, text_enum};
use crate::error::Result;
use crate::ids::{EmailId, OrderId};

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
    }
}

text_enum! {
    /// Where an e-mail stands.
    EmailStatus {
        /// To be sent.
        Queued => "queued",
        /// Given to the mail server.
        Sent => "sent",
        /// Given up.
        Dead => "dead",
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

/// What the text of [`EmailKind::OrderLink`] is made from.
#[derive(Debug, Serialize, Deserialize)]
pub struct OrderLink {
    /// The order.
    pub order_id: OrderId,
    /// What people call it.
    pub number: String,
    /// Which tokens open it.
    pub token_version: i32,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
}

/// A row of `emails`.
#[derive(Queryable, Selectable)]
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
}

/// Writes an e-mail in the present transaction, unless its cause did so before.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(conn: &mut Connection, new: &NewEmail<'_>, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(emails::table)
        .values((
            emails::id.eq(EmailId::new()),
            emails::kind.eq(new.kind),
            emails::recipient.eq(new.recipient),
            emails::locale.eq(new.locale),
            emails::subject_id.eq(new.subject_id),
            emails::data.eq(&new.data),
            emails::status.eq(EmailStatus::Queued),
            emails::created_at.eq(now),
        ))
        .on_conflict((emails::kind, emails::subject_id, emails::recipient))
        .do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// How many e-mails a mailbox has got since then.
///
/// # Errors
/// Those of the database.
pub async fn count_since(conn: &mut Connection, recipient: &str, since: DateTime<Utc>) -> Result<i64> {
    let of_recipient = emails::table.filter(lower(emails::recipient).eq(lower(recipient)));
    let of_recipient = of_recipient.filter(emails::created_at.gt(since));
    Ok(of_recipient.count().get_result(conn).await?)
}

/// Where a page starts: after this e-mail, newest first.
pub type After = (DateTime<Utc>, EmailId);

/// The newest e-mails, or those after one, up to `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, after: Option<After>, limit: i64) -> Result<Vec<EmailRow>> {
    let mut query = emails::table.select(EmailRow::as_select()).into_boxed();
    if let Some((created_at, id)) = after {
        let same_time = emails::created_at.eq(created_at).and(emails::id.lt(id));
        query = query.filter(emails::created_at.lt(created_at).or(same_time));
    }
    Ok(query.order((emails::created_at.desc(), emails::id.desc())).limit(limit).load(conn).await?)
}
