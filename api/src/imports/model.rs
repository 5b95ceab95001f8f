//! The shapes of imports.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::db::text_enum;
use crate::http::pagination::Page;
use crate::ids::ImportId;
use crate::money::Currency;

text_enum! {
    /// Where an import stands.
    ImportStatus {
        /// The file is arriving.
        Uploading => "uploading",
        /// The file is here and waits for its turn.
        Queued => "queued",
        /// Products are being imported.
        Running => "running",
        /// Every row has its outcome.
        Done => "done",
        /// The file could not be read to its end; what was reported is imported.
        Failed => "failed",
    }
}

text_enum! {
    /// What became of a row.
    Outcome {
        /// It made something new.
        Created => "created",
        /// It changed something.
        Updated => "updated",
        /// Everything was so already.
        Unchanged => "unchanged",
        /// Nothing of its product was imported.
        Failed => "failed",
    }
}

/// How a file is imported.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Options {
    /// Only report what would happen.
    pub dry_run: bool,
    /// The currency of `Variant Price` and `Cost per item`.
    pub currency: Currency,
    /// Set the stock of variants that are there to the file's quantities.
    pub set_inventory: bool,
    /// With `set_inventory`: when the file's quantities were true; a variant whose stock moved since is refused.
    pub as_of: Option<DateTime<Utc>>,
}

/// How many came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// New.
    pub created: i64,
    /// Changed.
    pub updated: i64,
    /// As they were.
    pub unchanged: i64,
    /// Not imported.
    pub failed: i64,
}

impl Counts {
    /// Counts one.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Failed => self.failed += 1,
        }
    }
}

/// The report's head.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows of the file.
    pub rows: Counts,
    /// Products.
    pub products: Counts,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
}

/// An import of a file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Import {
    /// The import's id.
    pub id: ImportId,
    /// Where it stands.
    pub status: ImportStatus,
    /// The file's name, as it was sent.
    pub file_name: Option<String>,
    /// The file's size.
    pub bytes: i64,
    /// Whether nothing is really changed.
    pub dry_run: bool,
    /// The currency of `Variant Price`.
    pub currency: Currency,
    /// Whether stock is set.
    pub set_inventory: bool,
    /// When the file's quantities were true.
    pub as_of: Option<DateTime<Utc>>,
    /// How many rows came out how, so far.
    pub rows: Counts,
    /// How many products came out how, so far.
    pub products: Counts,
    /// Columns of the file that mean nothing here and were not used.
    pub ignored_columns: Vec<String>,
    /// Why the file could not be read.
    pub error: Option<String>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When the last row had its outcome.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Imports, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ImportList {
    /// The imports.
    pub data: Vec<Import>,
    /// Where the list goes on.
    pub page: Page,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportRow {
    /// The line that it begins on; the header is line 1.
    pub line: i64,
    /// Its product.
    #[schema(example = "trail-shirt")]
    pub handle: Option<String>,
    /// Its variant.
    #[schema(example = "TRAIL-M")]
    pub sku: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, and what to do.
    pub messages: Vec<String>,
}

/// Rows in the order of the file.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ImportRowList {
    /// The rows.
    pub data: Vec<ImportRow>,
    /// Where the list goes on.
    pub page: Page,
}
