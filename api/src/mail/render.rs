//! The text of an e-mail, with its links.

use super::content::{self, Content, Shop};
use super::format::Format;
use super::{EmailKind, EmailRow, samples};
use crate::app::App;
use crate::db::Connection;
use crate::error::{Error, Result};

/// An e-mail to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// The body, as plain text.
    pub text: String,
    /// The body, as an HTML document.
    pub html: String,
}

/// Whether links open what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// For the recipient.
    Live,
    /// For everybody else: without tokens.
    Hidden,
}

/// Says an e-mail in its recipient's language.
///
/// # Errors
/// Those of the database; a defect when the row's data is not that of its kind, or a template cannot say it.
pub async fn render(app: &App, conn: &mut Connection, email: &EmailRow, links: Links) -> Result<Rendered> {
    let language = language(app, email.kind, email.locale.as_deref());
    let format = Format::of(&language);
    if samples::is_one(email) {
        let mut rendered = say(app, &language, email.kind, &sample(app, email.kind, format))?;
        rendered.subject.insert_str(0, "[Test] ");
        return Ok(rendered);
    }
    let content = content::read(conn, &app.config, email, format, links).await?;
    say(app, &language, email.kind, &content)
}

/// Says a kind of e-mail with sample data. Answers also the language that it is in.
///
/// # Errors
/// When the shop's template cannot say it.
pub fn preview(app: &App, kind: EmailKind, locale: Option<&str>) -> Result<(String, Rendered)> {
    let language = language(app, kind, locale);
    let rendered = say(app, &language, kind, &sample(app, kind, Format::of(&language)))?;
    Ok((language, rendered))
}

/// The wanted language, or else the shop's own.
fn language(app: &App, kind: EmailKind, wanted: Option<&str>) -> String {
    app.templates.language(kind, Some(wanted.unwrap_or(app.config.locale().as_str())))
}

fn sample(app: &App, kind: EmailKind, format: Format) -> Content {
    samples::content(kind, Shop::new(&app.config), format)
}

fn say(app: &App, language: &str, kind: EmailKind, content: &Content) -> Result<Rendered> {
    app.templates
        .say(language, kind, content)
        .map_err(|error| Error::Internal(format!("an e-mail's template: {error}")))
}
