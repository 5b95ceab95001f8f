//! What is sent about staff, and the rules it must keep. What holds a secret cannot be printed.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use validator::Validate;

use super::api_keys::Scope;
use super::members::StaffStatus;
use super::roles::RoleRef;
use crate::address::Email;
use crate::http::patch::Patch;

/// Who logs in.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffLogin {
    /// The member's e-mail address. Case does not matter.
    #[validate(nested)]
    pub email: Email,
    /// The member's password.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128))]
    pub password: String,
}

/// A new password, by the present one.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffPasswordChange {
    /// The present password.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128))]
    pub current_password: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// Whose password is to be reset.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffResetRequest {
    /// The member's e-mail address.
    #[validate(nested)]
    pub email: Email,
}

/// A new password, by the token of the link.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffPasswordReset {
    /// `sr_…`
    #[schema(min_length = 1, max_length = 200, example = "sr_01jd8x…")]
    #[validate(length(min = 1, max = 200))]
    pub token: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// An invitation that is accepted, by the token of the link.
#[derive(Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// `si_…`
    #[schema(min_length = 1, max_length = 200, example = "si_01jd8x…")]
    #[validate(length(min = 1, max = 200))]
    pub token: String,
    /// What they are called; needed unless the invitation said so.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// 8 to 128 characters, and not the e-mail address.
    #[schema(format = "password", min_length = 8, max_length = 128, example = "correct horse battery")]
    #[validate(length(min = 8, max = 128))]
    pub password: String,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewStaffMember {
    /// Where the link goes.
    #[validate(nested)]
    pub email: Email,
    /// What they are called; they may say otherwise when they accept.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// What they may do.
    pub role: RoleRef,
}

/// A change of a member of staff; what is absent stays.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffMemberPatch {
    /// What they are called.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200))]
    pub name: Patch<String>,
    /// What they may do, from their next request on.
    #[serde(default)]
    pub role: Option<RoleRef>,
    /// `deactivated` ends their sessions at once; `active` lets them log in again. Nobody is made `invited` so.
    #[serde(default)]
    pub status: Option<StaffStatus>,
}

/// A role to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewStaffRole {
    /// What people call it; no other role's name.
    #[schema(min_length = 1, max_length = 60, example = "Warehouse")]
    #[validate(length(min = 1, max = 60))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500))]
    pub description: Option<String>,
    /// What its members may do; none that you have not yourself.
    #[schema(min_items = 1, max_items = 100)]
    #[validate(length(min = 1, max = 100))]
    pub scopes: Vec<Scope>,
}

/// A change of a role; what is absent stays, `null` clears `description`.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffRolePatch {
    /// What people call it; no other role's name.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 60)]
    #[validate(length(min = 1, max = 60))]
    pub name: Patch<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500))]
    pub description: Patch<String>,
    /// What its members may do, replaced as a whole; none given or taken that you have not yourself.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    #[validate(length(min = 1, max = 100))]
    pub scopes: Option<Vec<Scope>>,
}

/// An API key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100, example = "Warehouse scanner")]
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// What it may do; none that you have not yourself. `storefront` alone makes a key for a storefront's server, `sf_…`.
    #[schema(min_items = 1, max_items = 100)]
    #[validate(length(min = 1, max = 100))]
    pub scopes: Vec<Scope>,
    /// When it stops working by itself; never when absent.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A change of an API key; what is absent stays, `null` clears `expires_at`.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyPatch {
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    #[validate(length(min = 1, max = 100))]
    pub name: Patch<String>,
    /// When it stops working by itself; in the future.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Patch<DateTime<Utc>>,
}

/// How a key is rotated.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyRotation {
    /// How long the present token works beside the new one: 0 to 720 hours.
    #[schema(minimum = 0, maximum = 720, example = 24)]
    #[validate(range(min = 0, max = 720))]
    pub overlap_hours: i64,
}
