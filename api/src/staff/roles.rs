//! Roles: those that are built in, which never change, and those that the shop made, as rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::api_keys::Scope;
use super::grants;
use super::model::StaffRole;
use super::requests::{NewStaffRole, StaffRolePatch};
use crate::db::schema::staff_roles;
use crate::db::{Connection, OnConstraint, text_enum};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::StaffRoleId;

text_enum! {
    /// A role that every shop has.
    BuiltInRole {
        /// May do everything.
        Owner => "owner",
        /// Runs the shop, without its staff, keys and settings.
        Manager => "manager",
        /// Sends goods and keeps stock.
        Fulfilment => "fulfilment",
        /// Helps customers.
        Support => "support",
        /// Reads, and changes nothing.
        Analyst => "analyst",
    }
}

impl BuiltInRole {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Manager, Self::Fulfilment, Self::Support, Self::Analyst];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Manager => "Manager",
            Self::Fulfilment => "Fulfilment",
            Self::Support => "Support",
            Self::Analyst => "Analyst",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Owner => "May do everything.",
            Self::Manager => "Runs the shop; changes neither staff, API keys nor settings.",
            Self::Fulfilment => "Sends goods, buys labels, and keeps stock.",
            Self::Support => "Helps customers with carts, orders, refunds and e-mails.",
            Self::Analyst => "Reads sales, customers and products, and changes nothing.",
        }
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(self) -> Vec<Scope> {
        use Scope::*;
        match self {
            Self::Owner => Scope::ALL.to_vec(),
            Self::Manager => {
                let kept = |scope: &Scope| !matches!(scope, StaffWrite | ApiKeysWrite | SettingsWrite);
                Scope::ALL.into_iter().filter(kept).collect()
            }
            Self::Fulfilment => vec![ProductsRead, InventoryWrite, OrdersRead, FulfillmentsWrite, AlertsRead],
            Self::Support => vec![
                ProductsRead,
                DiscountsRead,
                CartsRead,
                CartsWrite,
                OrdersRead,
                OrdersWrite,
                RefundsWrite,
                EmailsRead,
                EmailsWrite,
                CustomersRead,
                CustomersWrite,
            ],
            Self::Analyst => {
                vec![ProductsRead, DiscountsRead, CartsRead, OrdersRead, SettingsRead, AnalyticsRead, CustomersRead]
            }
        }
    }

    fn shape(self) -> StaffRole {
        StaffRole {
            id: RoleRef::BuiltIn(self),
            name: self.name().to_owned(),
            description: Some(self.description().to_owned()),
            scopes: self.scopes(),
            is_built_in: true,
            version: 1,
            created_at: None,
            updated_at: None,
        }
    }
}

/// Names a role: `owner`, or `role_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum RoleRef {
    /// One that every shop has.
    BuiltIn(BuiltInRole),
    /// One that the shop made.
    Custom(StaffRoleId),
}

impl std::fmt::Display for RoleRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for RoleRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("role_") { text.parse().map(Self::Custom) } else { text.parse().map(Self::BuiltIn) }
    }
}

impl From<RoleRef> for String {
    fn from(role: RoleRef) -> Self {
        role.to_string()
    }
}

impl TryFrom<String> for RoleRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl utoipa::PartialSchema for RoleRef {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^(owner|manager|fulfilment|support|analyst|role_[0-7][0-9a-hjkmnp-tv-z]{25})$"))
            .examples([serde_json::json!("support")])
            .into()
    }
}

impl utoipa::ToSchema for RoleRef {}

/// A role that the shop made.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = staff_roles)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: StaffRoleId,
    name: String,
    description: Option<String>,
    scopes: Vec<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn shape(self) -> StaffRole {
        StaffRole {
            id: RoleRef::Custom(self.id),
            name: self.name,
            description: self.description,
            scopes: Scope::known(&self.scopes),
            is_built_in: false,
            version: self.version,
            created_at: Some(self.created_at),
            updated_at: Some(self.updated_at),
        }
    }
}

/// All roles: the built-in ones, then the shop's own, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<StaffRole>> {
    let rows: Vec<Row> = staff_roles::table
        .order((staff_roles::created_at, staff_roles::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(BuiltInRole::ALL.into_iter().map(BuiltInRole::shape).chain(rows.into_iter().map(Row::shape)).collect())
}

/// One role.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, role: RoleRef) -> Result<StaffRole> {
    match role {
        RoleRef::BuiltIn(role) => Ok(role.shape()),
        RoleRef::Custom(id) => Ok(row(conn, id, false).await?.shape()),
    }
}

async fn row(conn: &mut Connection, id: StaffRoleId, lock: bool) -> Result<Row> {
    let query = staff_roles::table.find(id).select(Row::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("role"))
}

/// The row of a role that may be changed, under a lock.
async fn changeable(conn: &mut Connection, role: RoleRef, expected: &Expected) -> Result<Row> {
    let RoleRef::Custom(id) = role else {
        return Err(Error::problem(
            Code::BuiltInRole,
            format!("`{role}` is built in. Make a role of your own instead."),
        ));
    };
    let row = row(conn, id, true).await?;
    expected.check(row.version)?;
    Ok(row)
}

fn taken() -> Error {
    let error = FieldError::new("/name", "duplicate", "is another role's name");
    Error::problem(Code::Duplicate, "`/name` is another role's name.").with_errors(vec![error])
}

/// Refuses the name of a built-in role.
fn require_free(name: &str) -> Result<()> {
    let is_taken = BuiltInRole::ALL.into_iter().any(|role| role.name().eq_ignore_ascii_case(name));
    if is_taken { Err(taken()) } else { Ok(()) }
}

/// The scopes of staff that were named, each once, in their usual order.
///
/// # Errors
/// `validation_failed` for a storefront's.
pub fn lawful_scopes(named: &[Scope]) -> Result<Vec<Scope>> {
    if let Some(index) = named.iter().position(|scope| *scope == Scope::Storefront) {
        let detail = "is for keys of storefronts alone, not for staff";
        return Err(Error::invalid(format!("/scopes/{index}"), "not_allowed", detail));
    }
    Ok(Scope::ALL.into_iter().filter(|scope| named.contains(scope)).collect())
}

fn texts(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

/// Makes a role, for somebody who holds its scopes.
///
/// # Errors
/// `validation_failed`, `duplicate`, `insufficient_scope`.
pub async fn create(
    conn: &mut Connection,
    held: &[Scope],
    new: &NewStaffRole,
    now: DateTime<Utc>,
) -> Result<StaffRole> {
    let scopes = lawful_scopes(&new.scopes)?;
    grants::require_all(held, &scopes)?;
    require_free(&new.name)?;
    let row = diesel::insert_into(staff_roles::table)
        .values((
            staff_roles::id.eq(StaffRoleId::new()),
            staff_roles::name.eq(&new.name),
            staff_roles::description.eq(&new.description),
            staff_roles::scopes.eq(texts(&scopes)),
            staff_roles::version.eq(1),
            staff_roles::created_at.eq(now),
            staff_roles::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .on_constraint("staff_roles_name_key", taken)?;
    Ok(row.shape())
}

/// Changes a role, for somebody who holds all scopes that are given or taken. In a transaction.
///
/// # Errors
/// `not_found`, `built_in_role`, `precondition_failed`, `validation_failed`, `duplicate`, `insufficient_scope`.
pub async fn update(
    conn: &mut Connection,
    (role, held): (RoleRef, &[Scope]),
    patch: &StaffRolePatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<(StaffRole, StaffRole)> {
    let present = changeable(conn, role, expected).await?;
    let before = present.clone().shape();
    let name = patch.name.required("/name")?;
    name.map_or(Ok(()), |name| require_free(name))?;
    let scopes = patch.scopes.as_deref().map(lawful_scopes).transpose()?;
    if name.is_some() || patch.description.is_given() {
        grants::require_all(held, &Scope::known(&present.scopes))?;
    }
    if let Some(scopes) = &scopes {
        grants::require_all(held, &grants::difference(&Scope::known(&present.scopes), scopes))?;
    }
    let row = diesel::update(staff_roles::table.find(present.id))
        .set((
            name.map(|name| staff_roles::name.eq(name)),
            patch.description.column().map(|description| staff_roles::description.eq(description)),
            scopes.map(|scopes| staff_roles::scopes.eq(texts(&scopes))),
            staff_roles::version.eq(staff_roles::version + 1),
            staff_roles::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .on_constraint("staff_roles_name_key", taken)?;
    Ok((before, row.shape()))
}

/// Deletes a role that nobody has, for somebody who holds all its scopes; answers what it was. In a transaction.
///
/// # Errors
/// `not_found`, `built_in_role`, `precondition_failed`, `insufficient_scope`, `role_in_use`.
pub async fn delete(
    conn: &mut Connection,
    (role, held): (RoleRef, &[Scope]),
    expected: &Expected,
) -> Result<StaffRole> {
    let present = changeable(conn, role, expected).await?;
    grants::require_all(held, &Scope::known(&present.scopes))?;
    diesel::delete(staff_roles::table.find(present.id))
        .execute(conn)
        .await
        .on_constraint("staff_members_role_id_fkey", || {
            Error::problem(Code::RoleInUse, "Members of staff have this role. Give them another one first.")
        })?;
    Ok(present.shape())
}
