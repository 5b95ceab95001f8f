//! The mailbox of development: every e-mail with its links, for whoever asks. Its routes exist only with
//! `MERX_DEV_MAILBOX=on`, which a live key forbids, and are no part of the API.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, ORIGIN};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::{Value, json};

use super::{EmailRow, Links, Rendered, Wanted, render};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::extract::Id;
use crate::ids::EmailId;

/// How many e-mails are shown.
const SHOWN: i64 = 100;

/// Its pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(show_mailbox).service(get_mailbox).service(show_mail);
}

async fn read(app: &App) -> Result<Vec<(EmailRow, Rendered)>> {
    let mut conn = app.connection().await?;
    let mut mails = Vec::new();
    for row in super::list(&mut conn, &Wanted::default(), None, SHOWN).await? {
        let rendered = render(app, &mut conn, &row, Links::Live).await?;
        mails.push((row, rendered));
    }
    Ok(mails)
}

/// Pages of other origins, which `merx dev` lets call the API, are none of the mailbox's readers.
fn require_same_origin(request: &HttpRequest) -> Result<()> {
    if request.headers().contains_key(ORIGIN) { Err(Error::not_found("page")) } else { Ok(()) }
}

#[get("/dev/mailbox.json")]
async fn get_mailbox(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    require_same_origin(&request)?;
    let shown = |(row, mail): (EmailRow, Rendered)| {
        json!({
            "id": row.id, "kind": row.kind, "recipient": row.recipient, "locale": row.locale, "status": row.status,
            "subject": mail.subject, "text": mail.text, "html": mail.html, "created_at": row.created_at,
        })
    };
    let mails: Vec<Value> = read(&app).await?.into_iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(mails))
}

#[get("/dev/mailbox")]
async fn show_mailbox(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    require_same_origin(&request)?;
    let mails: String = read(&app).await?.iter().map(|(row, mail)| article(row, mail)).collect();
    let mails = if mails.is_empty() { "<p>No e-mails yet.</p>".to_owned() } else { mails };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Mailbox</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:3rem auto;padding:0 1rem}}\
         pre{{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}}article{{border-top:1px solid #8888;padding:1rem 0}}\
         h2{{margin:0;font-size:1.1rem}}</style><h1>Mailbox</h1>{mails}"
    );
    let policy = (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
    Ok(HttpResponse::Ok().content_type(ContentType::html()).insert_header(policy).body(page))
}

/// The HTML of one e-mail, as a mail program shows it.
#[get("/dev/mailbox/{id}")]
async fn show_mail(app: web::Data<App>, request: HttpRequest, id: Id<EmailId>) -> Result<HttpResponse> {
    require_same_origin(&request)?;
    let mut conn = app.connection().await?;
    let row = super::find(&mut conn, id.0).await?;
    let mail = render(&app, &mut conn, &row, Links::Live).await?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src https:; sandbox allow-popups";
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(mail.html))
}

fn article(row: &EmailRow, mail: &Rendered) -> String {
    format!(
        "<article><h2>{subject}</h2><p>To {to}, {at}, {status}, <a href=\"/dev/mailbox/{id}\">as HTML</a></p>\
         <pre>{text}</pre></article>",
        id = row.id,
        subject = escape(&mail.subject),
        to = escape(&row.recipient),
        at = row.created_at.format("%Y-%m-%d %H:%M:%S UTC"),
        status = row.status,
        text = with_links(&mail.text),
    )
}

/// A text as HTML, its addresses as links.
fn with_links(text: &str) -> String {
    let piece = |piece: &str| {
        let word = piece.trim_end();
        let rest = piece.strip_prefix(word).unwrap_or_default();
        if word.starts_with("https://") || word.starts_with("http://") {
            format!("<a href=\"{word}\">{word}</a>{rest}", word = escape(word))
        } else {
            escape(piece)
        }
    };
    text.split_inclusive(char::is_whitespace).map(piece).collect()
}

/// A text as HTML, in elements and attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_links_and_markup_is_text() {
        let html = with_links("See\nhttps://shop.example/?a=1&b=\"><script>\n<b>\n");
        assert_eq!(
            html,
            "See\n<a href=\"https://shop.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;\">\
             https://shop.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;</a>\n&lt;b&gt;\n"
        );
    }
}
