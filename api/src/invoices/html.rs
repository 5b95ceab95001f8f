//! An invoice as a page to read and to print.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};

use super::sheet::Sheet;
use crate::error::{Error, Result};

const PAGE: &str = include_str!("invoice.html");

/// The page.
///
/// # Errors
/// A defect of the template.
pub fn page(sheet: &Sheet) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .render_str(PAGE, Serde(sheet))
        .map_err(|error| Error::Internal(format!("an invoice could not be rendered: {error}")))
}
