//! `merx stripe setup`: the webhook endpoint at Stripe as this code needs it, and whether the account is ready.

use secrecy::ExposeSecret;

use super::drift;
use crate::app::App;
use crate::payments::{ProviderError, WebhookEndpoint};

/// Where Stripe's events come in.
const PATH: &str = "/v1/webhooks/stripe";

/// Makes or mends the endpoint of this service, which clients reach at `url`, and looks at the account. Answers the lines
/// to be printed; a new endpoint's secret is in them, once.
///
/// # Errors
/// One line with the remedy.
pub async fn setup(app: &App, url: &str) -> Result<Vec<String>, String> {
    let target = target(url, app.stripe.is_live())
        .ok_or_else(|| format!("--url `{url}` is not valid: write it like `https://shop.example`."))?;
    let mode = if app.stripe.is_live() { "live" } else { "test" };
    let mut lines = vec![format!("Stripe in {mode} mode, by the key.")];
    // First, as what is said of a new endpoint must not be lost: its secret is told once.
    let tax = tax(app).await.map_err(|error| refused(&error, "Tax Settings and Registrations: read"))?;
    lines.extend(endpoint(app, &target).await.map_err(|error| refused(&error, "Webhook Endpoints: write"))?);
    lines.extend(tax);
    if app.config.stripe.webhook_secrets.is_empty() {
        lines.push("STRIPE_WEBHOOK_SECRETS is not set: no event will be accepted before it is.".to_owned());
    }
    lines.extend(looked_after(app, &target).await);
    Ok(lines)
}

/// The whole address of an endpoint, of a base such as `https://shop.example`; `None` when Stripe would not deliver there.
#[must_use]
pub fn target(url: &str, is_live: bool) -> Option<String> {
    let parsed = reqwest::Url::parse(url).ok()?;
    let is_allowed = parsed.scheme() == "https" || parsed.scheme() == "http" && !is_live;
    if !is_allowed || parsed.query().is_some() || parsed.fragment().is_some() {
        return None;
    }
    let base = url.trim_end_matches('/');
    Some(if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") })
}

fn refused(error: &ProviderError, right: &str) -> String {
    match error {
        ProviderError::Unauthorized(_) => {
            format!("Stripe refuses the key ({error}). A restricted key needs the right `{right}`.")
        }
        ProviderError::Rejected { .. }
        | ProviderError::NotFound(_)
        | ProviderError::RateLimited { .. }
        | ProviderError::Unavailable(_)
        | ProviderError::Unknown { .. } => format!("Stripe did not do it: {error}. Run the command again."),
    }
}

async fn endpoint(app: &App, target: &str) -> Result<Vec<String>, ProviderError> {
    let all = app.stripe.webhook_endpoints().await?;
    let (mut ours, others): (Vec<WebhookEndpoint>, Vec<WebhookEndpoint>) =
        all.into_iter().filter(|endpoint| endpoint.url == target).partition(WebhookEndpoint::is_of_our_version);
    // Of several the one that does its work already stays, as its secret is the one in use.
    ours.sort_by_key(|endpoint| !endpoint.has_our_events());
    let (mut lines, mut ours) = (Vec::new(), ours.into_iter());
    let endpoint = match ours.next() {
        Some(endpoint) if endpoint.has_our_events() => {
            lines.push(format!("{} sends our events to {target} already.", endpoint.id));
            endpoint
        }
        Some(endpoint) => {
            lines.push(format!("{} now sends exactly our events to {target}.", endpoint.id));
            app.stripe.mend_webhook_endpoint(&endpoint.id).await?
        }
        None => {
            let made = app.stripe.create_webhook_endpoint(target).await?;
            lines.push(format!("{} was made: it sends our events to {target}.", made.id));
            made
        }
    };
    match &endpoint.secret {
        Some(secret) => {
            let secret = secret.expose_secret();
            lines.push(format!("Its secret, shown this once; add it to STRIPE_WEBHOOK_SECRETS: {secret}"));
        }
        None => lines.push("Its secret is in Stripe's dashboard (Developers, Webhooks).".to_owned()),
    }
    if endpoint.livemode != app.stripe.is_live() {
        lines.push("It is of the other mode than the key: its events would be ignored.".to_owned());
    }
    for spare in ours {
        lines.push(format!("{} sends there as well, in the same version: delete it at Stripe.", spare.id));
    }
    for other in others {
        let version = other.api_version.as_deref().unwrap_or("the account's own");
        let id = other.id;
        lines.push(format!("{id} sends there as well, in another version ({version}): delete it at Stripe."));
    }
    Ok(lines)
}

/// Ends the warnings that are over, or says that this is not the endpoint that workers look after.
async fn looked_after(app: &App, target: &str) -> Option<String> {
    let watched = app.config.stripe.webhook_url.as_deref()?;
    if watched != target {
        return Some(format!("Workers look after {watched}, not after this one: set STRIPE_WEBHOOK_URL to {target}."));
    }
    let error = drift::check(app).await.err()?;
    Some(format!("Warnings of `/readyz` are not ended yet ({error}); a worker does it within a day."))
}

async fn tax(app: &App) -> Result<Vec<String>, ProviderError> {
    let account = app.stripe.tax_account().await?;
    let mut lines = vec![if account.missing.is_empty() {
        format!("Stripe Tax is {}.", account.status)
    } else {
        format!("Stripe Tax is {}: {} is missing.", account.status, account.missing.join(", "))
    }];
    lines.push(if account.registered_in.is_empty() {
        "Stripe Tax collects nothing: there is no active registration.".to_owned()
    } else {
        format!("Stripe Tax collects in {}.", account.registered_in.join(", "))
    });
    Ok(lines)
}
