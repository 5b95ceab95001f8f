//! Checkout Sessions at Stripe: create, read, find, expire, and what one says about the payment.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use stripe_checkout::checkout_session::{ExpireCheckoutSession, ListCheckoutSession, RetrieveCheckoutSession};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use super::currency::from_stripe;
use super::{ProviderError, Stripe};
use crate::money::Money;

/// Sessions a page when one is looked for.
const PAGE: i64 = 100;

/// Where a session stands (PROTOCOL.md 11–14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Can still be paid.
    Open,
    /// Paid, or nothing was to pay.
    Paid,
    /// Complete, the money is on its way.
    Processing,
    /// Complete, but the delayed payment failed.
    Failed,
    /// Can no longer be paid.
    Expired,
    /// Complete and unpaid without its PaymentIntent: must be read to be told apart.
    Undecided,
}

/// What Stripe says about a session.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// `cs_…`
    pub id: String,
    /// The hosted page, while open.
    pub url: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// The total; `None` when it is no amount that we would ask for.
    pub amount: Option<Money>,
    /// Our order id.
    pub client_reference_id: Option<String>,
    /// `pi_…`, once the buyer has tried to pay.
    pub payment_intent_id: Option<String>,
}

/// A session as Stripe sends it in answers and events. What we do not need is not read.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    id: String,
    url: Option<String>,
    status: Option<String>,
    payment_status: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    client_reference_id: Option<String>,
    payment_intent: Option<Intent>,
    #[serde(default)]
    metadata: Option<HashMap<String, String>>,
}

/// A PaymentIntent, which is only read where that was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Intent {
    Id(String),
    Read { id: String, status: String },
}

/// A page of sessions.
#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Session>,
    has_more: bool,
}

/// The answer to a create call.
#[derive(Debug)]
pub struct Create {
    /// The session as it was when it was made.
    pub session: SessionView,
    /// Whether the answer was stored before and says nothing about now.
    pub replayed: bool,
}

impl Stripe {
    /// Sends a frozen create request under its key.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create_session(&self, key: &str, body: &str) -> Result<Create, ProviderError> {
        let mut request = RequestBuilder::new(StripeMethod::Post, "/checkout/sessions");
        request.body = Some(body.to_owned());
        let (session, replayed) = self.read::<Session>(&request, Some(key), None).await?;
        Ok(Create { session: session.view(), replayed })
    }

    /// Reads a session with its PaymentIntent.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_session(&self, id: &str) -> Result<SessionView, ProviderError> {
        let request = RetrieveCheckoutSession::new(id).expand(vec!["payment_intent".to_owned()]).build();
        self.read::<Session>(&request, None, None).await.map(|(session, _)| session.view())
    }

    /// The checkout that a payment is of, by our id in its metadata; `None` for a payment that is not ours.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn checkout_of_payment(&self, intent: &str) -> Result<Option<String>, ProviderError> {
        let request = RequestBuilder::new(StripeMethod::Get, format!("/payment_intents/{intent}"));
        match self.document(&request, None, None).await {
            Ok(answer) => Ok(answer.pointer("/metadata/checkout_id").and_then(|id| id.as_str()).map(str::to_owned)),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Expires an open session. Anything but success must be followed by a read.
    ///
    /// # Errors
    /// [`ProviderError`]; `Rejected` when it is no longer open.
    pub async fn expire_session(&self, id: &str) -> Result<SessionView, ProviderError> {
        let request = ExpireCheckoutSession::new(id).build();
        let key = format!("expire:{id}");
        self.read::<Session>(&request, Some(&key), None).await.map(|(session, _)| session.view())
    }

    /// Looks for the session of an order among those made in a span of time.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn find_session(
        &self,
        order_id: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Option<SessionView>, ProviderError> {
        let margin = TimeDelta::minutes(5);
        let created = RangeQueryTs::Bounds(RangeBoundsTs {
            gte: Some((from - margin).timestamp()),
            lte: Some((to + margin).timestamp()),
            ..RangeBoundsTs::default()
        });
        let mut list =
            ListCheckoutSession::new().created(created).limit(PAGE).expand(vec!["data.payment_intent".to_owned()]);
        loop {
            let (page, _) = self.read::<Page>(&list.build(), None, None).await?;
            let last = page.data.last().map(|session| session.id.clone());
            let of_order = |session: &Session| session.client_reference_id.as_deref() == Some(order_id);
            match (page.data.into_iter().find(of_order), last) {
                (Some(session), _) => return Ok(Some(session.view())),
                (None, Some(last)) if page.has_more => list = list.starting_after(last),
                (None, _) => return Ok(None),
            }
        }
    }
}

impl Session {
    /// Our id of the checkout, which we gave it.
    pub(super) fn checkout_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("checkout_id").map(String::as_str)
    }

    pub(super) fn view(self) -> SessionView {
        SessionView {
            standing: self.standing(),
            id: self.id,
            url: self.url,
            amount: amount(self.amount_total, self.currency.as_deref()),
            client_reference_id: self.client_reference_id,
            payment_intent_id: self.payment_intent.map(|(Intent::Id(id) | Intent::Read { id, .. })| id),
        }
    }

    fn standing(&self) -> Standing {
        let is_paid = matches!(self.payment_status.as_deref(), Some("paid" | "no_payment_required"));
        match (self.status.as_deref(), &self.payment_intent) {
            (Some("open"), _) => Standing::Open,
            (Some("expired"), _) => Standing::Expired,
            (Some("complete"), _) if is_paid => Standing::Paid,
            // Such a payment of a complete session will never come.
            (_, Some(Intent::Read { status, .. })) if status == "requires_payment_method" || status == "canceled" => {
                Standing::Failed
            }
            (_, Some(Intent::Read { .. })) => Standing::Processing,
            (_, Some(Intent::Id(_)) | None) => Standing::Undecided,
        }
    }
}

/// A total of Stripe's as ours.
pub(super) fn amount(total: Option<i64>, currency: Option<&str>) -> Option<Money> {
    from_stripe(total?, currency?.to_ascii_uppercase().parse().ok()?)
}
