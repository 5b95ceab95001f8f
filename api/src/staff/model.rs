//! The shapes of staff, roles, sessions and API keys.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::api_keys::{KeyRow, Scope};
use super::members::StaffStatus;
use super::roles::RoleRef;
use crate::http::pagination::Page;
use crate::ids::{ApiKeyId, StaffId, StaffSessionId};

/// A member of staff.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StaffMember {
    /// The member's id; also how records name who acted.
    pub id: StaffId,
    /// Their e-mail address.
    #[schema(example = "grace@shop.example")]
    pub email: String,
    /// What they are called; `null` until somebody says.
    #[schema(example = "Grace Hopper")]
    pub name: Option<String>,
    /// What they may do.
    pub role: StaffRoleName,
    /// Whether they can log in.
    pub status: StaffStatus,
    /// When a session of theirs was last used, to five minutes.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When they were invited.
    pub created_at: DateTime<Utc>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A role, by name.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StaffRoleName {
    /// The role's id.
    pub id: RoleRef,
    /// What people call it.
    #[schema(example = "Support")]
    pub name: String,
}

/// Members of staff, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffMemberList {
    /// The members.
    pub data: Vec<StaffMember>,
    /// Where the list goes on.
    pub page: Page,
}

/// The session that asks. Its token is in the cookie alone.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffSession {
    /// The session's id.
    pub session_id: StaffSessionId,
    /// When it ends unless it is used before; 30 days after it was begun at the latest.
    pub expires_at: DateTime<Utc>,
    /// Whose it is.
    pub staff: StaffMember,
    /// What they may do now.
    pub scopes: Vec<Scope>,
}

/// A session of a member of staff.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedStaffSession {
    /// The session's id.
    pub id: StaffSessionId,
    /// The program that began it, by its own word.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to five minutes.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends unless it is used before.
    pub expires_at: DateTime<Utc>,
}

/// A member's living sessions, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffSessionList {
    /// The sessions.
    pub data: Vec<ListedStaffSession>,
    /// Where the list goes on.
    pub page: Page,
}

/// A set of scopes with a name.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StaffRole {
    /// The role's id: `owner`, `manager`, `fulfilment`, `support`, `analyst`, or `role_…`.
    pub id: RoleRef,
    /// What people call it.
    #[schema(example = "Warehouse")]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its members may do.
    pub scopes: Vec<Scope>,
    /// Whether every shop has it, so that it cannot be changed.
    pub is_built_in: bool,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When it was made; `null` for a built-in one.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed; `null` for a built-in one.
    pub updated_at: Option<DateTime<Utc>>,
}

/// All roles: the built-in ones, then the shop's own, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffRoleList {
    /// The roles.
    pub data: Vec<StaffRole>,
}

/// An API key, without its token.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ListedApiKey {
    /// The key's id; also how records name who acted.
    pub id: ApiKeyId,
    /// What it is for.
    #[schema(example = "Warehouse scanner")]
    pub name: String,
    /// How its token begins: `sk_` for staff, `sf_` for a storefront.
    #[schema(example = "sk_")]
    pub prefix: String,
    /// The last four characters of its token.
    #[schema(example = "9fQ-")]
    pub last_four: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when the token before the last rotation works as well; `null` if none does.
    pub former_token_until: Option<DateTime<Utc>>,
    /// Who made it: `stf_…`, `key_…`, or `null` from the command line.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

impl ListedApiKey {
    /// A key as it is now.
    #[must_use]
    pub fn new(row: KeyRow, now: DateTime<Utc>) -> Self {
        Self {
            id: row.id,
            prefix: row.prefix().to_owned(),
            name: row.name,
            last_four: row.token_hint,
            scopes: Scope::known(&row.scopes),
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            former_token_until: row.former_token_until.filter(|until| now < *until),
            created_by: row.created_by,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            version: row.version,
        }
    }
}

/// API keys, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiKeyList {
    /// The keys.
    pub data: Vec<ListedApiKey>,
    /// Where the list goes on.
    pub page: Page,
}

/// An API key with its token, which is told here only.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiKeyWithToken {
    /// The key.
    #[serde(flatten)]
    pub key: ListedApiKey,
    /// Sent as `Authorization: Bearer sk_…`; kept nowhere, so keep it now.
    #[schema(example = "sk_pZ3x…")]
    pub token: String,
}
