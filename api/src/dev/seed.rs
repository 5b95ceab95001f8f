//! The demo catalogue, created by the same functions as a shop's own products.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use validator::Validate;

use crate::app::App;
use crate::catalog::requests::NewProduct;
use crate::catalog::write;
use crate::db::schema::{products, variants};
use crate::db::{self};
use crate::error::Result;
use crate::http::extract::decode;
use crate::ids::VariantId;

const CATALOGUE: &str = include_str!("catalogue.json");

/// A product of the file, checked like a request.
#[derive(serde::Deserialize, Validate)]
struct Catalogue {
    #[validate(nested)]
    products: Vec<NewProduct>,
}

/// Fills an empty shop; a shop with products is left alone.
///
/// # Errors
/// Those of the database.
pub async fn seed(app: &App) -> Result<String> {
    let mut conn = app.connection().await?;
    let catalogue: Catalogue = decode(CATALOGUE.as_bytes())?;
    let (now, catalogue) = (app.clock.now(), &catalogue.products);
    db::transaction(&mut conn, |conn| {
        async move {
            let present: i64 = products::table.count().get_result(conn).await?;
            if present > 0 {
                return Ok(format!("The shop has {present} products already."));
            }
            for product in catalogue {
                write::create(conn, product, now).await?;
            }
            Ok(format!("{} products created.", catalogue.len()))
        }
        .scope_boxed()
    })
    .await
}

/// The id of a variant for examples.
pub(super) async fn a_variant(app: &App) -> Option<String> {
    let mut conn = app.connection().await.ok()?;
    let id: VariantId = variants::table
        .filter(variants::requires_shipping)
        .order(variants::id)
        .select(variants::id)
        .first(&mut conn)
        .await
        .ok()?;
    Some(id.to_string())
}
