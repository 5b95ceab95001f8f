//! What a price still needs from providers: asked here, for quotes and checkouts, with no connection held meanwhile.

use std::time::Instant;

use crate::app::App;
use crate::carts::load::Snapshot;
use crate::carts::price;
use crate::carts::tax::{TaxBasis, TaxState};
use crate::error::Result;
use crate::tax::{ask, store};

/// Asks what is open and lays the answers into the snapshot. What was answered before is not asked again.
///
/// # Errors
/// Those of the database; what providers do not answer is a state of the cart.
pub async fn resolve(app: &App, snapshot: &mut Snapshot) -> Result<()> {
    let deadline = Instant::now() + app.config.outbound.quote_budget;
    resolve_tax(app, snapshot, deadline).await
}

async fn resolve_tax(app: &App, snapshot: &mut Snapshot, deadline: Instant) -> Result<()> {
    let question = match price::price(snapshot)?.tax {
        TaxState::Open(question) => question,
        TaxState::Known(_)
        | TaxState::Waiting
        | TaxState::Missing(_)
        | TaxState::Refused { .. }
        | TaxState::Unavailable => return Ok(()),
    };
    let cart = snapshot.cart.id;
    let TaxBasis::Live(live) = &mut snapshot.tax else { return Ok(()) };
    ask::ask(app, cart, &live.settings.value, &question, deadline).await?;
    let mut conn = app.connection().await?;
    live.calculations = store::of_cart(&mut conn, cart, app.clock.now()).await?;
    Ok(())
}
