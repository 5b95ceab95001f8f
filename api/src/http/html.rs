//! Pages to read and to print, from templates that escape all they are given.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, HtmlEscape, Output, State, Value, escape_formatter};
use serde::Serialize;

use crate::error::{Error, Result};

/// A template's page.
///
/// # Errors
/// A defect of the template.
pub fn page(template: &str, values: &impl Serialize) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write);
    environment
        .render_str(template, Serde(values))
        .map_err(|error| Error::Internal(format!("a page could not be rendered: {error}")))
}

/// Writes a value, escaped where the template is HTML: all but slashes, which need it neither in elements nor in quoted
/// attributes, and whose escape mail programs treat badly in links.
///
/// # Errors
/// When nothing can be written.
pub fn write(out: &mut Output, state: &mut State, value: &Value) -> std::result::Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe() => {
            Ok(out.write_str(&HtmlEscape(text).to_string().replace("&#x2f;", "/"))?)
        }
        Some(_) | None => escape_formatter(out, state, value),
    }
}
