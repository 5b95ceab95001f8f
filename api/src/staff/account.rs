//! A member's own account: accepting the invitation, and new passwords.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use uuid::Uuid;

use super::links::{self, LinkKind};
use super::members::{self, MemberRow, StaffStatus};
use super::sessions;
use crate::app::App;
use crate::customers::account::wrong_password;
use crate::db::Connection;
use crate::db::schema::staff_members;
use crate::error::{Error, Result};
use crate::ids::{StaffId, StaffLinkId, StaffSessionId};
use crate::mail::{self, EmailKind, NewEmail};

/// Makes the invited an active member, by the link, once. In a transaction.
///
/// # Errors
/// `invalid_token`; `validation_failed` when nobody said what they are called.
pub async fn accept_invitation(
    conn: &mut Connection,
    link: (StaffLinkId, StaffId),
    name: Option<&str>,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let member = links::use_up(conn, link, LinkKind::Invitation, now).await?;
    let name = name.or(member.name.as_deref());
    let name = name.ok_or_else(|| Error::invalid("/name", "required", "is missing, as the invitation names nobody"))?;
    diesel::update(staff_members::table.find(member.id))
        .set((
            staff_members::name.eq(name),
            staff_members::password_hash.eq(password_hash),
            staff_members::status.eq(StaffStatus::Active),
            staff_members::version.eq(staff_members::version + 1),
            staff_members::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    links::void(conn, member.id, now).await
}

/// Sets a new password by a link, once, and ends every session of the member. In a transaction.
///
/// # Errors
/// `invalid_token`.
pub async fn reset_password(
    conn: &mut Connection,
    link: (StaffLinkId, StaffId),
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let member = links::use_up(conn, link, LinkKind::PasswordReset, now).await?;
    set_password(conn, &member, password_hash, now).await?;
    sessions::end_all(conn, member.id, None, now).await
}

/// Sets a new password for a member who proved to know the one with the hash `proven`, and ends their other sessions. In a
/// transaction.
///
/// # Errors
/// `validation_failed` when the password was changed meanwhile.
pub async fn change_password(
    conn: &mut Connection,
    (member, session): (StaffId, StaffSessionId),
    proven: Option<&str>,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = members::row(conn, member, true).await?;
    if row.password_hash.as_deref() != proven || row.status != StaffStatus::Active {
        return Err(wrong_password());
    }
    set_password(conn, &row, password_hash, now).await?;
    sessions::end_all(conn, member, Some(session), now).await
}

/// Sets a password for who runs the machine, and lets the member log in by it: for development.
///
/// # Errors
/// `not_found`.
pub async fn force_password(app: &App, id: StaffId, password: &str) -> Result<()> {
    let hash = app.passwords.hash(password).await?;
    let mut conn = app.connection().await?;
    diesel::update(staff_members::table.find(id))
        .set((staff_members::password_hash.eq(hash), staff_members::status.eq(StaffStatus::Active)))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Sets a password, and tells the member, who may not have been the one. Links that were mailed before are void.
async fn set_password(conn: &mut Connection, member: &MemberRow, hash: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(staff_members::table.find(member.id))
        .set((
            staff_members::password_hash.eq(hash),
            staff_members::version.eq(staff_members::version + 1),
            staff_members::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    links::void(conn, member.id, now).await?;
    let told = NewEmail {
        kind: EmailKind::StaffPasswordChanged,
        recipient: &member.email,
        locale: None,
        // Each change is a cause of its own.
        subject_id: Uuid::now_v7(),
        data: json!({}),
    };
    mail::enqueue(conn, &told, now).await
}
