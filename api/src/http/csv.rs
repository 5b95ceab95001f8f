//! CSV files as answers: what a spreadsheet would take for a formula is told apart.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::CONTENT_DISPOSITION;

use crate::error::{Error, Result};

/// A text that no spreadsheet takes for a formula.
#[must_use]
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Rows as the bytes of a file.
///
/// # Errors
/// When they cannot be written, which is a defect.
pub fn rows<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>> {
    let failed = |error: csv::Error| Error::Internal(format!("the file could not be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| failed(csv::Error::from(error.into_error())))
}

/// An answer that a browser saves under this name.
pub fn download<'a>(answer: &'a mut HttpResponseBuilder, name: &str) -> &'a mut HttpResponseBuilder {
    answer
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
}
