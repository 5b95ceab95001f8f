//! What account requests come to. The endpoints only write them down, so that they do the same work, in the same time,
//! for known and unknown addresses; here a job looks who is known, and writes the mail.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::read::{self, lower};
use crate::app::App;
use crate::db::schema::{account_requests, orders, password_resets};
use crate::db::{self, Connection, text_enum};
use crate::error::{Error, Result};
use crate::ids::{AccountRequestId, OrderId, PasswordResetId, RegistrationId};
use crate::jobs::{Job, queue};
use crate::mail::{self, EmailKind, NewEmail};
use crate::staff::links;

/// How long a link to a new password works.
const RESET: TimeDelta = TimeDelta::hours(1);

/// How many mails one mailbox gets in an hour for one kind of request, whoever asks.
const MOST_AN_HOUR: i64 = 10;

text_enum! {
    /// What was asked for.
    RequestKind {
        /// An account.
        Registration => "registration",
        /// A new password.
        PasswordReset => "password_reset",
        /// A link to an order.
        OrderLookup => "order_lookup",
        /// A new password of a member of staff.
        StaffPasswordReset => "staff_password_reset",
    }
}

impl RequestKind {
    /// What it is answered by. Each kind is counted by itself, so that a stranger who asks for one holds up no other.
    const fn answers(self) -> &'static [EmailKind] {
        match self {
            Self::Registration => &[EmailKind::VerifyEmail, EmailKind::AccountExists],
            Self::PasswordReset => &[EmailKind::ResetPassword],
            Self::OrderLookup => &[EmailKind::OrderLink],
            Self::StaffPasswordReset => &[EmailKind::StaffPasswordReset],
        }
    }
}

/// What somebody asks for, and the address that an answer goes to.
pub enum Asked<'a> {
    /// An account.
    Registration {
        /// The registration.
        id: RegistrationId,
        /// Its address.
        email: &'a str,
        /// The language of the mail.
        locale: Option<&'a str>,
    },
    /// A new password.
    PasswordReset {
        /// The account's address.
        email: &'a str,
    },
    /// A link to an order.
    OrderLookup {
        /// The order's address.
        email: &'a str,
        /// The order's number.
        number: &'a str,
    },
    /// A new password of a member of staff.
    StaffPasswordReset {
        /// The member's address.
        email: &'a str,
    },
}

/// Writes a request down, and the job that answers it. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn ask(conn: &mut Connection, asked: &Asked<'_>, now: DateTime<Utc>) -> Result<()> {
    let (kind, email, number, registration, locale) = match asked {
        Asked::Registration { id, email, locale } => (RequestKind::Registration, email, None, Some(*id), *locale),
        Asked::PasswordReset { email } => (RequestKind::PasswordReset, email, None, None, None),
        Asked::OrderLookup { email, number } => (RequestKind::OrderLookup, email, Some(*number), None, None),
        Asked::StaffPasswordReset { email } => (RequestKind::StaffPasswordReset, email, None, None, None),
    };
    let id = AccountRequestId::new();
    diesel::insert_into(account_requests::table)
        .values((
            account_requests::id.eq(id),
            account_requests::kind.eq(kind),
            account_requests::email.eq(*email),
            account_requests::order_number.eq(number),
            account_requests::registration_id.eq(registration),
            account_requests::locale.eq(locale),
            account_requests::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    queue::enqueue(conn, Job::AccountMail(id), &id.to_string(), now, now).await
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = account_requests)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Request {
    id: AccountRequestId,
    kind: RequestKind,
    email: String,
    order_number: Option<String>,
    registration_id: Option<RegistrationId>,
    locale: Option<String>,
}

/// Answers a request by a mail, or by none, and forgets it.
///
/// # Errors
/// Those of the database: the job is tried again.
pub async fn write(app: &App, id: AccountRequestId) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let request: Option<Request> = account_requests::table
                .find(id)
                .select(Request::as_select())
                .for_update()
                .first(conn)
                .await
                .optional()?;
            let Some(request) = request else { return Ok(()) };
            diesel::delete(account_requests::table.find(id)).execute(conn).await?;
            let since = now - TimeDelta::hours(1);
            if mail::count_since(conn, &request.email, request.kind.answers(), since).await? >= MOST_AN_HOUR {
                // Told to nobody: neither who asks nor a stranger's mailbox is any the wiser.
                tracing::warn!("A mailbox got as many account e-mails as it may in an hour");
                return Ok(());
            }
            match request.kind {
                RequestKind::Registration => answer_registration(conn, &request, now).await?,
                RequestKind::PasswordReset => answer_reset(conn, &request, now).await?,
                RequestKind::OrderLookup => answer_lookup(conn, &request, now).await?,
                RequestKind::StaffPasswordReset => links::answer_reset(conn, &request.email, now).await?,
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

async fn answer_registration(conn: &mut Connection, request: &Request, now: DateTime<Utc>) -> Result<()> {
    let registration =
        request.registration_id.ok_or_else(|| Error::Internal("a registration's request without it".to_owned()))?;
    let owner = read::by_email(conn, &request.email).await?;
    let (kind, recipient, locale) = match &owner {
        None => (EmailKind::VerifyEmail, &request.email, request.locale.as_deref()),
        Some(owner) => (EmailKind::AccountExists, &owner.email, owner.locale.as_deref()),
    };
    let new = NewEmail { kind, recipient, locale, subject_id: registration.0, data: json!({}) };
    mail::enqueue(conn, &new, now).await
}

async fn answer_reset(conn: &mut Connection, request: &Request, now: DateTime<Utc>) -> Result<()> {
    let Some(owner) = read::by_email(conn, &request.email).await? else { return Ok(()) };
    let id = PasswordResetId::new();
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::id.eq(id),
            password_resets::customer_id.eq(owner.id),
            password_resets::created_at.eq(now),
            password_resets::expires_at.eq(now + RESET),
        ))
        .execute(conn)
        .await?;
    let new = NewEmail {
        kind: EmailKind::ResetPassword,
        recipient: &owner.email,
        locale: owner.locale.as_deref(),
        subject_id: id.0,
        data: json!({}),
    };
    mail::enqueue(conn, &new, now).await
}

async fn answer_lookup(conn: &mut Connection, request: &Request, now: DateTime<Utc>) -> Result<()> {
    let found: Option<OrderId> = orders::table
        .filter(orders::number.eq(&request.order_number))
        .filter(lower(orders::email).eq(lower(&request.email)))
        .select(orders::id)
        .first(conn)
        .await
        .optional()?;
    match found {
        Some(order) => mail::orders::link(conn, order, request.id, now).await,
        None => Ok(()),
    }
}
