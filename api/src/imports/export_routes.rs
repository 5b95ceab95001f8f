//! The catalogue as a file, over HTTP.

use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use validator::Validate;

use super::export::{Export, Piece};
use crate::app::App;
use crate::catalog::filter::Filter;
use crate::catalog::model::ProductStatus;
use crate::catalog::routes::parts;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::csv;
use crate::http::extract::Query;
use crate::staff::api_keys::Scope;

/// Which products, and for what.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Only products of this status.
    status: Option<ProductStatus>,
    /// In any of these collections, by slug or id, comma-separated.
    #[validate(length(max = 2000))]
    collection: Option<String>,
    /// For a spreadsheet: cells that it would take for formulas begin with an apostrophe, which the import takes off.
    #[serde(default)]
    excel: bool,
}

/// Export products
///
/// Shopify's product CSV, which `POST /v1/admin/imports` takes again: a row for each variant, the oldest product first,
/// drafts and archived ones included. Prices and costs are decimals. Scope `products:read`.
#[utoipa::path(
    operation_id = "export_products", tag = "staff", security(("staff_key" = [])), params(ExportQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/products.csv")]
pub async fn export_products(app: web::Data<App>, staff: Staff, query: Query<ExportQuery>) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let query = query.0;
    let filter =
        Filter { status: query.status, collections: parts(query.collection.as_deref()), ..Filter::everything() };
    let export = {
        let mut conn = app.connection().await?;
        Export::new(&mut conn, filter, app.config.default_currency, query.excel).await?
    };
    let file = file(app.into_inner(), Arc::new(export)).await?;
    Ok(csv::download(&mut HttpResponse::Ok(), "products.csv").streaming(file))
}

/// The file, whose first piece is there already, so that whoever may not have it is answered a problem. A failure later
/// cuts the answer off, which clients see.
async fn file(app: Arc<App>, export: Arc<Export>) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
    let first = piece(&app, &export, None).await?;
    let start = [Bytes::from(export.headings()?), Bytes::from(first.lines)];
    let rest = stream::try_unfold(first.after, move |after| {
        let (app, export) = (Arc::clone(&app), Arc::clone(&export));
        async move {
            let Some(after) = after else { return Ok(None) };
            let piece = piece(&app, &export, Some(after)).await?;
            Ok(Some((Bytes::from(piece.lines), piece.after)))
        }
    });
    Ok(stream::iter(start.map(Ok)).chain(rest))
}

/// To its end even when the client goes away: a query that is cut off would cost its connection.
async fn piece(app: &Arc<App>, export: &Arc<Export>, after: Option<String>) -> Result<Piece> {
    let (task_app, export) = (Arc::clone(app), Arc::clone(export));
    app.run_to_end(async move {
        let mut conn = task_app.connection().await?;
        export.piece(&mut conn, after.as_deref()).await
    })
    .await
}
