//! What counts as low where a variant says nothing.

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::db::Connection;
use crate::error::Result;
use crate::settings::{self, Section, SettingsKind};

/// How a shop looks after its stock; by default nothing counts as low.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventorySettings {
    /// At or under this many a variant without a threshold of its own counts as low; 0 never.
    pub default_low_stock_threshold: i64,
}

impl Section for InventorySettings {
    const KIND: SettingsKind = SettingsKind::Inventory;
}

/// How a shop looks after its stock, as staff see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InventorySettingsDocument {
    /// At or under this many a tracked variant without a threshold of its own counts as low; 0 is never.
    #[schema(example = 5)]
    pub default_low_stock_threshold: i64,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A change of the inventory settings; what is absent stays.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InventorySettingsPatch {
    /// At or under this many a tracked variant without a threshold of its own counts as low; 0 is never.
    #[serde(default)]
    #[schema(nullable = false)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub default_low_stock_threshold: Option<i64>,
}

impl InventorySettingsPatch {
    /// The settings after the patch.
    #[must_use]
    pub fn apply_to(&self, present: &InventorySettings) -> InventorySettings {
        InventorySettings {
            default_low_stock_threshold: self
                .default_low_stock_threshold
                .unwrap_or(present.default_low_stock_threshold),
        }
    }
}

/// The threshold of variants that have none of their own.
///
/// # Errors
/// Those of the database.
pub(super) async fn default_threshold(conn: &mut Connection) -> Result<i64> {
    Ok(settings::read::<InventorySettings>(conn).await?.value.default_low_stock_threshold)
}
