//! The account at Stripe as `merx stripe setup` needs it: webhook endpoints, and whether Stripe Tax is set up.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::event::EVENT_TYPES;
use super::{ProviderError, Stripe};

/// A webhook endpoint.
#[derive(Debug, Deserialize)]
pub struct WebhookEndpoint {
    /// `we_…`
    pub id: String,
    /// Where events go.
    pub url: String,
    /// In which version events are rendered; `None` is the account's own, which somebody may change.
    pub api_version: Option<String>,
    /// Which events it gets.
    pub enabled_events: Vec<String>,
    /// Whether it gets them.
    pub status: String,
    /// Whether it is of live mode.
    pub livemode: bool,
    /// What events are signed with; in the answer to its making only.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

impl WebhookEndpoint {
    /// Whether its events come in the version that this code reads.
    #[must_use]
    pub fn is_of_our_version(&self) -> bool {
        self.api_version.as_deref() == Some(stripe_client_core::VERSION.as_str())
    }

    /// Whether it gets exactly the events that this code handles.
    #[must_use]
    pub fn has_our_events(&self) -> bool {
        self.status == "enabled"
            && self.enabled_events.len() == EVENT_TYPES.len()
            && EVENT_TYPES.iter().all(|wanted| self.enabled_events.iter().any(|event| event == wanted))
    }
}

/// How Stripe Tax stands.
#[derive(Debug, PartialEq, Eq)]
pub struct TaxAccount {
    /// `active`, or `pending` while something is missing.
    pub status: String,
    /// What is missing, such as `head_office`.
    pub missing: Vec<String>,
    /// Where taxes are collected: `DE`, `US-NY`.
    pub registered_in: Vec<String>,
}

#[derive(Serialize)]
struct NewEndpoint<'a> {
    url: &'a str,
    api_version: &'a str,
    enabled_events: [&'static str; EVENT_TYPES.len()],
    description: &'a str,
}

#[derive(Serialize)]
struct Mended {
    enabled_events: [&'static str; EVENT_TYPES.len()],
    disabled: bool,
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
    has_more: bool,
}

fn unreadable(error: serde_json::Error) -> ProviderError {
    ProviderError::unknown(format!("Stripe's answer could not be read: {error}"))
}

impl Stripe {
    /// The account's webhook endpoints, of the mode of our key; Stripe allows 16.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, ProviderError> {
        let mut request = RequestBuilder::new(StripeMethod::Get, "/webhook_endpoints");
        request.query = Some("limit=100".to_owned());
        let list: List<WebhookEndpoint> =
            serde_json::from_value(self.document(&request, None, None).await?).map_err(unreadable)?;
        Ok(list.data)
    }

    /// Makes an endpoint that gets our events in our version.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create_webhook_endpoint(&self, url: &str) -> Result<WebhookEndpoint, ProviderError> {
        let new = NewEndpoint {
            url,
            api_version: stripe_client_core::VERSION.as_str(),
            enabled_events: EVENT_TYPES,
            description: "Merx",
        };
        let request = RequestBuilder::new(StripeMethod::Post, "/webhook_endpoints").form(&new);
        // Not repeated on its own: a second one would be made. Whoever runs the command again finds the first.
        serde_json::from_value(self.document(&request, None, None).await?).map_err(unreadable)
    }

    /// Has an endpoint get exactly our events.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn mend_webhook_endpoint(&self, id: &str) -> Result<WebhookEndpoint, ProviderError> {
        let mended = Mended { enabled_events: EVENT_TYPES, disabled: false };
        let request = RequestBuilder::new(StripeMethod::Post, format!("/webhook_endpoints/{id}")).form(&mended);
        serde_json::from_value(self.document(&request, None, None).await?).map_err(unreadable)
    }

    /// How Stripe Tax stands, and where the account is registered.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn tax_account(&self) -> Result<TaxAccount, ProviderError> {
        let settings = self.document(&RequestBuilder::new(StripeMethod::Get, "/tax/settings"), None, None).await?;
        let missing = settings.pointer("/status_details/pending/missing_fields").and_then(Value::as_array);
        let missing = missing.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let status = settings.get("status").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        Ok(TaxAccount { status, missing, registered_in: self.tax_registrations().await? })
    }

    async fn tax_registrations(&self) -> Result<Vec<String>, ProviderError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut request = RequestBuilder::new(StripeMethod::Get, "/tax/registrations");
            let next = after.map(|after| format!("&starting_after={after}")).unwrap_or_default();
            request.query = Some(format!("status=active&limit=100{next}"));
            let page: List<Value> =
                serde_json::from_value(self.document(&request, None, None).await?).map_err(unreadable)?;
            found.extend(page.data.iter().filter_map(place));
            after = page.data.last().and_then(|last| last.get("id")?.as_str()).map(str::to_owned);
            if !page.has_more || after.is_none() {
                return Ok(found);
            }
        }
    }
}

/// `DE`, or `US-NY` where a state registers on its own.
fn place(registration: &Value) -> Option<String> {
    let country = registration.get("country")?.as_str()?;
    let options = registration.get("country_options").and_then(|options| options.get(country.to_lowercase()));
    let state = options.and_then(|options| {
        let of_province = options.pointer("/province_standard/province");
        options.get("state").or(of_province).and_then(Value::as_str)
    });
    Some(state.map_or_else(|| country.to_owned(), |state| format!("{country}-{state}")))
}
