//! Links that are mailed to members of staff and work once: invitations, and resets of passwords.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::members::{self, MemberRow, StaffStatus};
use crate::config::Config;
use crate::customers::account::invalid_token;
use crate::db::schema::{staff_links, staff_members};
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{StaffId, StaffLinkId};
use crate::mail::{self, EmailKind, NewEmail};

text_enum! {
    /// What a link does.
    LinkKind {
        /// Makes the invited a member.
        Invitation => "invitation",
        /// Sets a new password.
        PasswordReset => "password_reset",
    }
}

impl LinkKind {
    /// How long such a link works.
    const fn life(self) -> TimeDelta {
        match self {
            Self::Invitation => TimeDelta::days(7),
            Self::PasswordReset => TimeDelta::hours(1),
        }
    }

    /// Whom it is for.
    const fn status(self) -> StaffStatus {
        match self {
            Self::Invitation => StaffStatus::Invited,
            Self::PasswordReset => StaffStatus::Active,
        }
    }

    const fn email(self) -> EmailKind {
        match self {
            Self::Invitation => EmailKind::StaffInvitation,
            Self::PasswordReset => EmailKind::StaffPasswordReset,
        }
    }
}

/// Where a link leads, in the dashboard. What follows the `#` stays in the browser: no proxy's log has the token.
#[must_use]
pub fn address(config: &Config, kind: LinkKind, token: &str) -> String {
    let page = match kind {
        LinkKind::Invitation => "accept",
        LinkKind::PasswordReset => "reset",
    };
    format!("{}/admin/{page}#token={token}", config.public_url)
}

/// Makes a link.
///
/// # Errors
/// Those of the database.
pub async fn create(conn: &mut Connection, member: StaffId, kind: LinkKind, now: DateTime<Utc>) -> Result<StaffLinkId> {
    let id = StaffLinkId::new();
    diesel::insert_into(staff_links::table)
        .values((
            staff_links::id.eq(id),
            staff_links::staff_id.eq(member),
            staff_links::kind.eq(kind),
            staff_links::created_at.eq(now),
            staff_links::expires_at.eq(now + kind.life()),
        ))
        .execute(conn)
        .await?;
    Ok(id)
}

/// Makes a link, and the mail that it goes by. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn mail(
    conn: &mut Connection,
    (member, recipient): (StaffId, &str),
    kind: LinkKind,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = create(conn, member, kind, now).await?;
    let new = NewEmail { kind: kind.email(), recipient, locale: None, subject_id: id.0, data: json!({}) };
    mail::enqueue(conn, &new, now).await
}

/// Mails a link to a new password, if a member who can log in has this address. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn answer_reset(conn: &mut Connection, email: &str, now: DateTime<Utc>) -> Result<()> {
    let member = members::by_email(conn, email).await?.filter(|member| member.status == StaffStatus::Active);
    match member {
        Some(member) => mail(conn, (member.id, &member.email), LinkKind::PasswordReset, now).await,
        None => Ok(()),
    }
}

/// The member that a link is for, while it works.
///
/// # Errors
/// `invalid_token` when it was used, is over, or is for nobody any more.
pub async fn owner(conn: &mut Connection, id: StaffLinkId, kind: LinkKind, now: DateTime<Utc>) -> Result<MemberRow> {
    let owner = staff_links::table
        .inner_join(staff_members::table.on(staff_members::id.eq(staff_links::staff_id)))
        .filter(staff_links::id.eq(id))
        .filter(staff_links::kind.eq(kind))
        .filter(staff_links::used_at.is_null())
        .filter(staff_links::expires_at.gt(now))
        .filter(staff_members::status.eq(kind.status()))
        .select(MemberRow::as_select());
    owner.first(conn).await.optional()?.ok_or_else(invalid_token)
}

/// Uses a link, once, under the lock of its member. In a transaction.
///
/// # Errors
/// `invalid_token` when it was used, is over, or is for nobody any more.
pub async fn use_up(
    conn: &mut Connection,
    (id, member): (StaffLinkId, StaffId),
    kind: LinkKind,
    now: DateTime<Utc>,
) -> Result<MemberRow> {
    let row = members::row(conn, member, true).await?;
    let unused = staff_links::table
        .find(id)
        .filter(staff_links::kind.eq(kind))
        .filter(staff_links::used_at.is_null())
        .filter(staff_links::expires_at.gt(now));
    let used = diesel::update(unused).set(staff_links::used_at.eq(now)).execute(conn).await?;
    if used == 0 || row.status != kind.status() { Err(invalid_token()) } else { Ok(row) }
}

/// Makes every link of a member void.
///
/// # Errors
/// Those of the database.
pub async fn void(conn: &mut Connection, member: StaffId, now: DateTime<Utc>) -> Result<()> {
    let unused = staff_links::table.filter(staff_links::staff_id.eq(member)).filter(staff_links::used_at.is_null());
    diesel::update(unused).set(staff_links::used_at.eq(now)).execute(conn).await?;
    Ok(())
}
