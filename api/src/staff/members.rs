//! Members of staff: inviting, reading and changing them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::api_keys::Scope;
use super::links::{self, LinkKind};
use super::model::{StaffMember, StaffRoleName};
use super::requests::{NewStaffMember, StaffMemberPatch};
use super::roles::{self, BuiltInRole, RoleRef};
use super::{grants, sessions};
use crate::db::schema::{staff_members, staff_roles};
use crate::db::{Connection, OnConstraint, lower, text_enum};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::{StaffId, StaffRoleId};

text_enum! {
    /// Whether a member can log in.
    StaffStatus {
        /// Not yet: the invitation was not accepted.
        Invited => "invited",
        /// Yes.
        Active => "active",
        /// Not any more.
        Deactivated => "deactivated",
    }
}

/// A row of `staff_members`.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = staff_members)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct MemberRow {
    /// The member's id.
    pub id: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
    /// argon2id; none until the invitation is accepted.
    pub password_hash: Option<String>,
    built_in_role: Option<BuiltInRole>,
    role_id: Option<StaffRoleId>,
    /// Whether they can log in.
    pub status: StaffStatus,
    last_seen_at: Option<DateTime<Utc>>,
    /// Raised by each change.
    pub version: i64,
    created_at: DateTime<Utc>,
}

impl MemberRow {
    /// What they may do.
    ///
    /// # Errors
    /// Never while the table's CHECK holds.
    pub fn role(&self) -> Result<RoleRef> {
        role_of(self.built_in_role, self.role_id)
    }

    /// What they are called.
    #[must_use]
    pub fn name_or_email(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }

    fn is_active_owner(&self) -> bool {
        self.built_in_role == Some(BuiltInRole::Owner) && self.status == StaffStatus::Active
    }

    /// Refuses a status that the member cannot come to so.
    fn require_reachable(&self, status: StaffStatus) -> Result<()> {
        let is_lawful = match status {
            StaffStatus::Invited => self.status == StaffStatus::Invited,
            StaffStatus::Active => self.password_hash.is_some(),
            StaffStatus::Deactivated => true,
        };
        if is_lawful {
            return Ok(());
        }
        let detail = "Only an invitation that is accepted makes a member active, and only one that is sent makes them \
                      invited: `POST /v1/admin/staff/{id}/invitation` sends another.";
        Err(Error::problem(Code::WrongStatus, detail))
    }
}

/// The role that a row's two columns name.
///
/// # Errors
/// Never while the table's CHECK holds.
pub fn role_of(built_in: Option<BuiltInRole>, custom: Option<StaffRoleId>) -> Result<RoleRef> {
    let custom = custom.map(RoleRef::Custom);
    built_in
        .map(RoleRef::BuiltIn)
        .or(custom)
        .ok_or_else(|| Error::Internal("a member of staff without a role".to_owned()))
}

/// The two columns that name a role.
const fn columns_of(role: RoleRef) -> (Option<BuiltInRole>, Option<StaffRoleId>) {
    match role {
        RoleRef::BuiltIn(role) => (Some(role), None),
        RoleRef::Custom(id) => (None, Some(id)),
    }
}

fn shape((row, custom): (MemberRow, Option<String>)) -> Result<StaffMember> {
    let role = row.role()?;
    let name = match role {
        RoleRef::BuiltIn(role) => role.name().to_owned(),
        RoleRef::Custom(_) => custom.unwrap_or_default(),
    };
    Ok(StaffMember {
        id: row.id,
        email: row.email,
        name: row.name,
        role: StaffRoleName { id: role, name },
        status: row.status,
        last_seen_at: row.last_seen_at,
        created_at: row.created_at,
        version: row.version,
    })
}

/// Members with the names of their roles. A macro, as Diesel's type for it has no short name.
macro_rules! with_roles {
    () => {
        staff_members::table
            .left_join(staff_roles::table.on(staff_roles::id.nullable().eq(staff_members::role_id)))
            .select((MemberRow::as_select(), staff_roles::name.nullable()))
    };
}

/// One member.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: StaffId) -> Result<StaffMember> {
    let found = with_roles!().filter(staff_members::id.eq(id)).first(conn).await.optional()?;
    shape(found.ok_or_else(missing)?)
}

fn missing() -> Error {
    Error::not_found("member of staff")
}

/// A member's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: StaffId, lock: bool) -> Result<MemberRow> {
    let query = staff_members::table.find(id).select(MemberRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(missing)
}

/// The member with an e-mail address, however it is written.
///
/// # Errors
/// Those of the database.
pub async fn by_email(conn: &mut Connection, email: &str) -> Result<Option<MemberRow>> {
    let found =
        staff_members::table.filter(lower(staff_members::email).eq(lower(email))).select(MemberRow::as_select());
    Ok(found.first(conn).await.optional()?)
}

/// Where a page starts: after this member, newest first.
pub type After = (DateTime<Utc>, StaffId);

/// One page of members, those of a status if one is given, and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    status: Option<StaffStatus>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<StaffMember>> {
    let mut query = with_roles!().into_boxed();
    if let Some(status) = status {
        query = query.filter(staff_members::status.eq(status));
    }
    if let Some((created_at, id)) = after {
        let same_time = staff_members::created_at.eq(created_at).and(staff_members::id.lt(id));
        query = query.filter(staff_members::created_at.lt(created_at).or(same_time));
    }
    let order = (staff_members::created_at.desc(), staff_members::id.desc());
    let found: Vec<(MemberRow, Option<String>)> = query.order(order).limit(limit + 1).load(conn).await?;
    found.into_iter().map(shape).collect()
}

/// The scopes of a role that somebody is given.
async fn scopes_of(conn: &mut Connection, role: RoleRef) -> Result<Vec<Scope>> {
    match roles::find(conn, role).await {
        Err(error) if error.code() == Some(Code::NotFound) => Err(unknown_role()),
        found => Ok(found?.scopes),
    }
}

fn unknown_role() -> Error {
    Error::invalid("/role", "unknown", "is no role of this shop; `GET /v1/admin/roles` lists them")
}

/// Somebody who becomes a member.
pub struct NewMember<'a> {
    /// Their e-mail address.
    pub email: &'a str,
    /// What they are called.
    pub name: Option<&'a str>,
    /// What they may do.
    pub role: RoleRef,
    /// The hash of their password: with one they are active, without they are invited.
    pub password_hash: Option<&'a str>,
}

/// Writes a member down.
///
/// # Errors
/// `duplicate`, `validation_failed` for a role that there is not.
pub async fn insert(conn: &mut Connection, new: &NewMember<'_>, now: DateTime<Utc>) -> Result<StaffId> {
    let id = StaffId::new();
    let (built_in, custom) = columns_of(new.role);
    let status = if new.password_hash.is_some() { StaffStatus::Active } else { StaffStatus::Invited };
    diesel::insert_into(staff_members::table)
        .values((
            staff_members::id.eq(id),
            staff_members::email.eq(new.email),
            staff_members::name.eq(new.name),
            staff_members::password_hash.eq(new.password_hash),
            staff_members::built_in_role.eq(built_in),
            staff_members::role_id.eq(custom),
            staff_members::status.eq(status),
            staff_members::version.eq(1),
            staff_members::created_at.eq(now),
            staff_members::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("staff_members_email_key", || {
            let error = FieldError::new("/email", "duplicate", "is a member's already");
            let detail = "`/email` is a member's already. Change that one, or send the invitation again.";
            Error::problem(Code::Duplicate, detail).with_errors(vec![error])
        })?;
    Ok(id)
}

/// Invites somebody, for a member or key that holds the role's scopes, with the mail that says so. In a transaction.
///
/// # Errors
/// `duplicate`, `validation_failed`, `insufficient_scope`.
pub async fn invite(
    conn: &mut Connection,
    held: &[Scope],
    new: &NewStaffMember,
    now: DateTime<Utc>,
) -> Result<StaffMember> {
    grants::require_all(held, &scopes_of(conn, new.role).await?)?;
    let member = NewMember { email: &new.email.0, name: new.name.as_deref(), role: new.role, password_hash: None };
    let id = insert(conn, &member, now).await?;
    links::mail(conn, (id, &new.email.0), LinkKind::Invitation, now).await?;
    find(conn, id).await
}

/// Sends an invitation again; only the newest link works. Whoever was deactivated before they accepted is invited anew. In
/// a transaction.
///
/// # Errors
/// `not_found`, `insufficient_scope`, `wrong_status` for who has accepted.
pub async fn invite_again(
    conn: &mut Connection,
    (id, held): (StaffId, &[Scope]),
    now: DateTime<Utc>,
) -> Result<StaffMember> {
    let present = row(conn, id, true).await?;
    grants::require_all(held, &scopes_of(conn, present.role()?).await?)?;
    if present.password_hash.is_some() {
        let detail = "This member has accepted an invitation. Who forgot the password asks for another one.";
        return Err(Error::problem(Code::WrongStatus, detail));
    }
    if present.status != StaffStatus::Invited {
        set_status(conn, id, StaffStatus::Invited, now).await?;
    }
    links::void(conn, id, now).await?;
    links::mail(conn, (id, &present.email), LinkKind::Invitation, now).await?;
    find(conn, id).await
}

async fn set_status(conn: &mut Connection, id: StaffId, status: StaffStatus, now: DateTime<Utc>) -> Result<()> {
    diesel::update(staff_members::table.find(id))
        .set((
            staff_members::status.eq(status),
            staff_members::version.eq(staff_members::version + 1),
            staff_members::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Refuses unless somebody who holds these scopes may act for or against a member, which needs all that the member may do.
///
/// # Errors
/// `not_found`, `insufficient_scope`.
pub async fn require_over(conn: &mut Connection, id: StaffId, held: &[Scope]) -> Result<()> {
    let role = row(conn, id, false).await?.role()?;
    grants::require_all(held, &scopes_of(conn, role).await?)
}

/// Changes a member, for somebody who holds all scopes that are given or taken, and all of the member's to call somebody
/// else by another name; answers what they were and are. Whoever is deactivated is out at once. In a transaction.
///
/// # Errors
/// `not_found`, `precondition_failed`, `validation_failed`, `insufficient_scope`, `wrong_status`, `last_owner`.
pub async fn update(
    conn: &mut Connection,
    (id, held, is_own): (StaffId, &[Scope], bool),
    patch: &StaffMemberPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<(StaffMember, StaffMember)> {
    let name = patch.name.required("/name")?;
    // Before the member, so that of two owners who demote each other one finds the other gone.
    let owners = if patch.role.is_some() || patch.status.is_some() { lock_owners(conn).await? } else { Vec::new() };
    let present = row(conn, id, true).await?;
    expected.check(present.version)?;
    let before = find(conn, id).await?;
    let (role, status) = (patch.role.unwrap_or(present.role()?), patch.status.unwrap_or(present.status));
    present.require_reachable(status)?;
    weigh(conn, held, &present, (role, status)).await?;
    if name.is_some() && !is_own {
        require_over(conn, id, held).await?;
    }
    let stays_owner = role == RoleRef::BuiltIn(BuiltInRole::Owner) && status == StaffStatus::Active;
    if present.is_active_owner() && !stays_owner && owners.iter().all(|owner| *owner == id) {
        return Err(Error::problem(
            Code::LastOwner,
            "This is the last active owner. Make another member an owner first.",
        ));
    }
    let (built_in, custom) = columns_of(role);
    diesel::update(staff_members::table.find(id))
        .set((
            name.map(|name| staff_members::name.eq(name)),
            staff_members::built_in_role.eq(built_in),
            staff_members::role_id.eq(custom),
            staff_members::status.eq(status),
            staff_members::version.eq(staff_members::version + 1),
            staff_members::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("staff_members_role_id_fkey", unknown_role)?;
    if status == StaffStatus::Deactivated {
        sessions::end_all(conn, id, None, now).await?;
        links::void(conn, id, now).await?;
    }
    Ok((before, find(conn, id).await?))
}

/// Refuses a change that gives or takes what the actor does not hold.
async fn weigh(
    conn: &mut Connection,
    held: &[Scope],
    present: &MemberRow,
    (role, status): (RoleRef, StaffStatus),
) -> Result<()> {
    let before = present.role()?;
    let is_switched = (status == StaffStatus::Deactivated) != (present.status == StaffStatus::Deactivated);
    if role == before && !is_switched {
        return Ok(());
    }
    let (old, new) = (scopes_of(conn, before).await?, scopes_of(conn, role).await?);
    grants::require_all(held, &grants::difference(&old, &new))?;
    if is_switched {
        grants::require_all(held, &old)?;
        grants::require_all(held, &new)?;
    }
    Ok(())
}

/// Locks the active owners, by ascending id.
async fn lock_owners(conn: &mut Connection) -> Result<Vec<StaffId>> {
    let owners = staff_members::table
        .filter(staff_members::built_in_role.eq(BuiltInRole::Owner))
        .filter(staff_members::status.eq(StaffStatus::Active))
        .order(staff_members::id)
        .select(staff_members::id)
        .for_no_key_update();
    Ok(owners.load(conn).await?)
}
