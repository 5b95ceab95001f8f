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
    if matches!(answer, Err(ProviderError::Unavailable(_) | ProviderError::RateLimited { .. })) {
        budget::give_back(app, "stripe_tax", now).await?;
    }
    let (provider_id, outcome) = match answer {
        Ok((id, assessment)) => (Some(id), Outcome::Assessed { source: TaxSource::Stripe, assessment }),
        // Refused, not unreachable: what the shopper sent must never choose the policy.
        Err(ProviderError::Rejected { code, public_message }) => {
            let is_about_ids =
                [code.as_deref().unwrap_or_default(), &public_message].iter().any(|text| text.contains("tax_id"));
            let pointer = is_about_ids.then(|| "/tax_ids".to_owned());
            (None, Outcome::Refused { pointer, message: public_message })
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
