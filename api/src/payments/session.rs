//! Checkout Sessions at Stripe: create, read, find, expire, and what one says about the payment.

use chrono::{DateTime, TimeDelta, Utc};
use stripe_checkout::checkout_session::{ExpireCheckoutSession, ListCheckoutSession, RetrieveCheckoutSession};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_shared::{CheckoutSession, CheckoutSessionPaymentStatus, CheckoutSessionStatus, PaymentIntentStatus};
use stripe_types::{Expandable, Object, RangeBoundsTs, RangeQueryTs};

use super::client::idempotent;
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
        let call = self.call();
        let session: CheckoutSession = request.customize().request_strategy(idempotent(key)?).send(&call).await?;
        Ok(Create { session: view(&session), replayed: call.was_replayed() })
    }

    /// Reads a session with its PaymentIntent.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_session(&self, id: &str) -> Result<SessionView, ProviderError> {
        let request = RetrieveCheckoutSession::new(id).expand(vec!["payment_intent".to_owned()]);
        request.customize().send(&self.call()).await.map(|session| view(&session))
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
        let request = ExpireCheckoutSession::new(id).customize().request_strategy(idempotent(&format!("expire:{id}"))?);
        request.send(&self.call()).await.map(|session| view(&session))
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
            let page = list.customize().send(&self.call()).await?;
            let found = page.data.iter().find(|session| session.client_reference_id.as_deref() == Some(order_id));
            match (found, page.data.last()) {
                (Some(session), _) => return Ok(Some(view(session))),
                (None, Some(last)) if page.has_more => list = list.starting_after(last.id().as_str()),
                (None, _) => return Ok(None),
            }
        }
    }
}

fn view(session: &CheckoutSession) -> SessionView {
    let intent = session.payment_intent.as_ref();
    SessionView {
        id: session.id.to_string(),
        url: session.url.clone(),
        standing: standing(session, intent),
        amount: amount(session.amount_total, session.currency.as_ref().map(ToString::to_string).as_deref()),
        client_reference_id: session.client_reference_id.clone(),
        payment_intent_id: intent.map(|intent| intent.id().to_string()),
    }
}

fn standing(session: &CheckoutSession, intent: Option<&Expandable<stripe_shared::PaymentIntent>>) -> Standing {
    let is_paid = matches!(
        session.payment_status,
        CheckoutSessionPaymentStatus::Paid | CheckoutSessionPaymentStatus::NoPaymentRequired
    );
    match (&session.status, intent) {
        (Some(CheckoutSessionStatus::Open), _) => Standing::Open,
        (Some(CheckoutSessionStatus::Expired), _) => Standing::Expired,
        (Some(CheckoutSessionStatus::Complete), _) if is_paid => Standing::Paid,
        (_, Some(Expandable::Object(intent))) if is_failed(&intent.status) => Standing::Failed,
        (_, Some(Expandable::Object(_))) => Standing::Processing,
        (_, Some(Expandable::Id(_)) | None) => Standing::Undecided,
    }
}

/// A complete, unpaid session whose PaymentIntent is in one of these states will never be paid.
fn is_failed(status: &PaymentIntentStatus) -> bool {
    matches!(status, PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::Canceled)
}

/// A total of Stripe's as ours.
pub(super) fn amount(total: Option<i64>, currency: Option<&str>) -> Option<Money> {
    from_stripe(total?, currency?.to_ascii_uppercase().parse().ok()?)
}
