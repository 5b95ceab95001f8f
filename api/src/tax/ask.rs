//! Asking the tax provider, and what happens when it does not answer.

use std::time::Instant;

use super::model::TaxSource;
use super::question::Question;
use super::settings::{TaxFailurePolicy, TaxSettings};
use super::store::{self, Outcome};
use super::table;
use crate::app::App;
use crate::error::Result;
use crate::ids::{CartId, TaxCalculationId};
use crate::outbound::{ProviderError, budget};

/// Codes of Stripe's for a place that it cannot find.
const PLACE_CODES: [&str; 2] = ["customer_tax_location_invalid", "failed_tax_calculation"];

/// Asks, and keeps what became of it. No connection is held while the provider is waited for.
///
/// # Errors
/// Those of the database; the provider's are an outcome.
pub async fn ask(
    app: &App,
    cart: CartId,
    settings: &TaxSettings,
    question: &Question,
    deadline: Instant,
) -> Result<()> {
    let now = app.clock.now();
    let answer = match budget::spend(app, "stripe_tax", app.config.stripe.tax_calculations_per_day, now).await? {
        Ok(()) => app.stripe.calculate_tax(&format!("tax:{}", TaxCalculationId::new()), question, deadline).await,
        Err(error) => Err(error),
    };
    let (provider_id, outcome) = match answer {
        Ok((id, assessment)) => (Some(id), Outcome::Assessed { source: TaxSource::Stripe, assessment }),
        Err(ProviderError::Rejected { code: Some(code), public_message }) if is_about_the_place(&code) => {
            (None, Outcome::Refused(public_message))
        }
        Err(error) => {
            tracing::error!(error = %error, "Stripe Tax could not be asked");
            let stands_in =
                settings.on_failure == TaxFailurePolicy::Fallback && table::covers(&settings.rates, question);
            let assessment = stands_in.then(|| table::assess(&settings.rates, question));
            let assessed = |assessment| Outcome::Assessed { source: TaxSource::Fallback, assessment };
            (None, assessment.map_or(Outcome::Unavailable, assessed))
        }
    };
    let mut conn = app.connection().await?;
    store::keep(&mut conn, cart, &question.fingerprint(), provider_id.as_deref(), &outcome, app.clock.now()).await
}

fn is_about_the_place(code: &str) -> bool {
    PLACE_CODES.contains(&code) || code.contains("location") || code.starts_with("postal_code")
}
