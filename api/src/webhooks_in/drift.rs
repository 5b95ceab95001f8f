//! Whether the webhook endpoint at Stripe still is as this code needs it: somebody may delete it, disable it or change its
//! events in the dashboard. Asked once a day and when a worker starts; what is found is an alert, which `/readyz` warns of.

use scoped_futures::ScopedFutureExt;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::{self, text_enum};
use crate::error::Result;
use crate::payments::{ProviderError, WebhookEndpoint};

text_enum! {
    /// What is wrong with the endpoint; the cause of the alert.
    Drift {
        /// There is none at our address.
        Missing => "missing",
        /// It is disabled.
        Disabled => "disabled",
        /// It does not get exactly the events that this code handles.
        Events => "events",
        /// Its events come in another version than this code reads.
        Version => "version",
        /// The key may not read endpoints.
        Unreadable => "unreadable",
    }
}

impl Drift {
    const ALL: [Self; 5] = [Self::Missing, Self::Disabled, Self::Events, Self::Version, Self::Unreadable];

    fn detail(self, target: &str) -> String {
        let mend = format!("Run `merx stripe setup --url {target}`.");
        match self {
            Self::Missing => format!("Stripe has no webhook endpoint for {target}. {mend}"),
            Self::Disabled => format!("Stripe's webhook endpoint for {target} is disabled. {mend}"),
            Self::Events => {
                format!("Stripe's webhook endpoint for {target} gets other events than Merx handles. {mend}")
            }
            Self::Version => {
                format!("Stripe's webhook endpoint for {target} sends another API version than Merx reads. {mend}")
            }
            Self::Unreadable => {
                "The Stripe key may not read webhook endpoints: give it the right `Webhook Endpoints: read`, or set \
                 STRIPE_WEBHOOK_URL to `off`."
                    .to_owned()
            }
        }
    }
}

/// What is wrong, when no endpoint does its work.
fn judge(all: &[WebhookEndpoint], target: &str) -> Option<Drift> {
    let ours = || all.iter().filter(|endpoint| endpoint.url == target);
    let of_version = || ours().filter(|endpoint| endpoint.is_of_our_version());
    if of_version().any(WebhookEndpoint::has_our_events) {
        None
    } else if of_version().any(|endpoint| endpoint.status == "enabled") {
        Some(Drift::Events)
    } else if of_version().next().is_some() {
        Some(Drift::Disabled)
    } else if ours().next().is_some() {
        Some(Drift::Version)
    } else {
        Some(Drift::Missing)
    }
}

/// Asks Stripe, raises what is wrong, and ends what is no longer.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn check(app: &App) -> Result<()> {
    let target = app.config.stripe.webhook_url.as_deref();
    let found = match target {
        None => None,
        Some(target) => match app.stripe.webhook_endpoints().await {
            Ok(all) => judge(&all, target),
            Err(ProviderError::Unauthorized(_)) => Some(Drift::Unreadable),
            Err(error) => return Err(error.into()),
        },
    };
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            for drift in Drift::ALL {
                match target.filter(|_| found == Some(drift)) {
                    Some(target) => {
                        let detail = drift.detail(target);
                        alerts::raise(conn, AlertKind::WebhookEndpointDrift, drift.as_str(), None, &detail, now)
                            .await?;
                    }
                    None => alerts::settle(conn, AlertKind::WebhookEndpointDrift, drift.as_str(), now).await?,
                }
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
