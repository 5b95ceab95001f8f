//! What a price still needs from providers: asked here, for quotes and checkouts, with no connection held meanwhile.

use std::time::Instant;

use crate::app::App;
use crate::carts::delivery::{self, Delivery};
use crate::carts::load::{Shipping, Snapshot};
use crate::carts::price::{self, PricedCart};
use crate::carts::tax::{TaxBasis, TaxState};
use crate::error::Result;
use crate::shipping::offers;
use crate::tax::{ask, store};

/// Whether providers are to be asked.
#[must_use]
pub const fn is_open(priced: &PricedCart<'_>) -> bool {
    matches!(priced.delivery, Delivery::Open(_)) || matches!(priced.tax, TaxState::Open(_))
}

/// Asks what is open and lays the answers into the snapshot. What was answered before is not asked again.
///
/// # Errors
/// Those of the database; what providers do not answer is a state of the cart.
pub async fn resolve(app: &App, snapshot: &mut Snapshot) -> Result<()> {
    let (now, budget) = (Instant::now(), app.config.outbound.quote_budget);
    // Tax is asked after the carriers, whose price it depends on, and must be left some time.
    resolve_delivery(app, snapshot, now + budget * 7 / 10).await?;
    resolve_tax(app, snapshot, now + budget).await
}

async fn resolve_delivery(app: &App, snapshot: &mut Snapshot, deadline: Instant) -> Result<()> {
    let question = match delivery::ways(snapshot)?.delivery {
        Delivery::Open(question) => question,
        Delivery::NotNeeded
        | Delivery::By(_)
        | Delivery::Missing(_)
        | Delivery::Unavailable(_)
        | Delivery::NotChosen
        | Delivery::Gone => return Ok(()),
    };
    let Shipping::Live { carriers: Some(carriers), .. } = &mut snapshot.shipping else { return Ok(()) };
    offers::ask(app, &carriers.settings.value, &question, deadline).await?;
    let mut conn = app.connection().await?;
    carriers.offers = offers::of_cart(&mut conn, question.cart, app.clock.now()).await?;
    Ok(())
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
