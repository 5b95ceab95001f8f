//! Settings that staff change while the shop runs: one document per kind, with a version. What was never written has its
//! defaults, as version 1.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::db::schema::settings;
use crate::db::statement::Statement;
use crate::db::{Connection, Prepare, text_enum};
use crate::error::{Error, Result};
use crate::http::etag::Expected;

text_enum! {
    /// A kind of settings.
    SettingsKind {
        /// How tax is reckoned.
        Tax => "tax",
        /// How goods are packed and sent.
        Shipping => "shipping",
        /// How prices are derived.
        Currencies => "currencies",
        /// How invoices are issued.
        Invoices => "invoices",
        /// What counts as low.
        Inventory => "inventory",
    }
}

/// The settings of one kind.
pub trait Section: Serialize + DeserializeOwned + Default + Send {
    /// Their kind.
    const KIND: SettingsKind;
}

/// Settings with their version.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The settings.
    pub value: T,
    /// Raised by each change.
    pub version: i64,
}

/// Settings before and after a change.
#[derive(Debug)]
pub struct Changed<T> {
    /// What they were.
    pub before: Versioned<T>,
    /// What they are.
    pub after: Versioned<T>,
}

/// A row of `settings`.
#[derive(Debug, Deserialize, QueryableByName)]
#[diesel(table_name = settings)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Row {
    kind: SettingsKind,
    body: Value,
    version: i64,
}

/// All settings, read at once.
#[derive(Debug)]
pub struct All(HashMap<SettingsKind, (Value, i64)>);

/// Asks for all settings: [`Row`]s.
#[must_use]
pub fn asked() -> Statement {
    Statement::constant("SELECT kind, body, version FROM settings")
}

impl From<Vec<Row>> for All {
    fn from(rows: Vec<Row>) -> Self {
        Self(rows.into_iter().map(|Row { kind, body, version }| (kind, (body, version))).collect())
    }
}

impl All {
    /// Those of one kind.
    ///
    /// # Errors
    /// When the database holds what are none, which is a defect.
    pub fn section<T: Section>(&self) -> Result<Versioned<T>> {
        match self.0.get(&T::KIND) {
            None => Ok(Versioned { value: T::default(), version: 1 }),
            Some((body, version)) => Ok(Versioned { value: parse::<T>(body)?, version: *version }),
        }
    }
}

/// Settings of one kind from their document, if they were ever written, that was read beside something else.
///
/// # Errors
/// When the database holds what are none, which is a defect.
pub fn of_document<T: Section>(body: Option<&Value>) -> Result<T> {
    body.map_or_else(|| Ok(T::default()), parse)
}

fn parse<T: Section>(body: &Value) -> Result<T> {
    T::deserialize(body).map_err(|error| Error::Internal(format!("settings.{}: {error}", T::KIND)))
}

/// Reads the settings of one kind.
///
/// # Errors
/// Those of the database.
pub async fn read<T: Section>(conn: &mut Connection) -> Result<Versioned<T>> {
    All::from(asked().load::<Row>(conn).await?).section()
}

/// Changes settings under their lock, inside the caller's transaction.
///
/// # Errors
/// `precondition_failed`; what `change` answers.
pub async fn change<T: Section>(
    conn: &mut Connection,
    expected: &Expected,
    now: DateTime<Utc>,
    change: impl FnOnce(T) -> Result<T> + Send,
) -> Result<Changed<T>> {
    diesel::insert_into(settings::table)
        .values((
            settings::kind.eq(T::KIND),
            settings::body.eq(json!(T::default())),
            settings::version.eq(1),
            settings::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .prepared()
        .execute(conn)
        .await?;
    let row = settings::table.find(T::KIND);
    let (body, version): (Value, i64) =
        row.select((settings::body, settings::version)).for_no_key_update().first(conn).await?;
    expected.check(version)?;
    let value = change(parse::<T>(&body)?)?;
    diesel::update(row)
        .set((settings::body.eq(json!(value)), settings::version.eq(version + 1), settings::updated_at.eq(now)))
        .prepared()
        .execute(conn)
        .await?;
    let before = Versioned { value: parse::<T>(&body)?, version };
    Ok(Changed { before, after: Versioned { value, version: version + 1 } })
}
