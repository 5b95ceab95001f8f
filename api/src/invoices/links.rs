//! Links to invoices in e-mails: a browser opens them without any header, until the end that they say themselves. The
//! token is a MAC over the invoice, the order's token version and that end, so nothing of it is kept anywhere; the
//! request log names no query.

use actix_web::http::header::{HeaderValue, REFERRER_POLICY};
use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use validator::Validate;

use super::routes::{InvoiceFormat, as_page, respond};
use super::{read, sheet};
use crate::app::App;
use crate::config::Config;
use crate::db::text_enum;
use crate::error::{Code, Error, Result};
use crate::http::extract::{Id, Query};
use crate::ids::InvoiceId;
use crate::orders;
use crate::tokens::LinkKind;

text_enum! {
    /// The form that a linked invoice is opened in.
    LinkedFormat {
        /// A page to read and to print, with a link to the file.
        Html => "html",
        /// A file to keep.
        Pdf => "pdf",
    }
}

/// What a link to an invoice holds.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// The token of the link, `il_…`.
    #[param(max_length = 100, example = "il_1798104600.mZ3Xw5cY0r8vK2dQ9sT4uB7nA1eF6gH5jL0pR3iO8wE")]
    #[validate(length(max = 100))]
    pub token: String,
    /// `html` when absent.
    pub format: Option<LinkedFormat>,
}

/// Where an invoice is shown to who has its token.
pub(crate) fn url(config: &Config, id: InvoiceId, token: &str) -> String {
    format!("{}/v1/invoices/{id}?token={token}", config.public_url)
}

/// Open the link to an invoice
///
/// As it stands in e-mails about orders and refunds: an invoice or a credit note, for a browser. It works for thirty days
/// from its e-mail; what is over, revoked or not ours is 404.
#[utoipa::path(
    operation_id = "open_invoice_link", tag = "orders",
    params(("id" = InvoiceId, Path, description = "The invoice's id"), LinkQuery),
    responses((status = 200, description = "The document", content((String = "text/html"), (String = "application/pdf")))),
)]
#[get("/v1/invoices/{id}")]
pub async fn open_invoice_link(
    app: web::Data<App>,
    id: Id<InvoiceId>,
    query: Query<LinkQuery>,
) -> Result<HttpResponse> {
    let LinkQuery { token, format } = query.0;
    let mut conn = app.connection().await?;
    let invoice = read::find(&mut conn, id.0).await.map_err(closed)?;
    let version = orders::read::row(&mut conn, invoice.order_id, false).await?.token_version;
    drop(conn);
    if !app.config.token_keys.verify_link(LinkKind::Invoice, id.0.0, version, &token, app.clock.now()) {
        return Err(closed(Error::not_found("invoice")));
    }
    let mut answer = match format.unwrap_or(LinkedFormat::Html) {
        // The token was verified, so it holds nothing that an address must not.
        LinkedFormat::Html => as_page(&sheet::of(&invoice), Some(format!("?token={token}&format=pdf")))?,
        LinkedFormat::Pdf => respond(invoice, Some(InvoiceFormat::Pdf)).await?,
    };
    // The address is the key to it, and is told to nobody.
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

/// The same for every link that opens nothing, with the remedy.
fn closed(error: Error) -> Error {
    if error.code() != Some(Code::NotFound) {
        return error;
    }
    let remedy = "Open the order in the shop, or ask there for a new link to it.";
    Error::problem(Code::NotFound, format!("This link to an invoice is over, or is none of ours. {remedy}"))
}
