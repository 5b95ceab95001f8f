//! Background jobs: rows that are written in the transaction of their cause and run by leased workers.
//!
//! A job runs at least once, so every job is idempotent. Jobs run outside a transaction.

pub mod admin;
pub mod control;
pub mod kinds;
pub mod outcome;
pub mod queue;
mod terms;
pub mod wake;
pub mod watch;
pub mod worker;

pub use terms::JobKind;

use serde_json::{Value, json};

use crate::db::text_enum;
use crate::ids::{
    AccountRequestId, CheckoutId, CustomerId, EmailId, EventId, FulfillmentId, ImportId, OrderId, RefundId,
    ShippingLabelId, WebhookEndpointId,
};

text_enum! {
    /// Where a job stands.
    JobStatus {
        /// To be run, once it is due.
        Queued => "queued",
        /// A worker has it.
        Running => "running",
        /// Done.
        Done => "done",
        /// Gave up; a person was told.
        Dead => "dead",
        /// Died, and given up by staff.
        Discarded => "discarded",
    }
}

/// One piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// See [`JobKind::AdvanceCheckout`].
    AdvanceCheckout(CheckoutId),
    /// See [`JobKind::ProcessEvent`].
    ProcessEvent(EventId),
    /// See [`JobKind::SendRefund`].
    SendRefund(RefundId),
    /// See [`JobKind::RecordTax`].
    RecordTax(OrderId),
    /// See [`JobKind::ReverseTax`].
    ReverseTax(RefundId),
    /// See [`JobKind::CatchUpEvents`].
    CatchUpEvents,
    /// See [`JobKind::DeleteCoupon`].
    DeleteCoupon(CheckoutId),
    /// See [`JobKind::AccountMail`].
    AccountMail(AccountRequestId),
    /// See [`JobKind::SendEmail`].
    SendEmail(EmailId),
    /// See [`JobKind::MailAlerts`].
    MailAlerts,
    /// See [`JobKind::CreateStripeCustomer`].
    CreateStripeCustomer(CustomerId),
    /// See [`JobKind::DeliverWebhooks`].
    DeliverWebhooks(WebhookEndpointId),
    /// See [`JobKind::Import`].
    Import(ImportId),
    /// See [`JobKind::BuyLabel`].
    BuyLabel(ShippingLabelId),
    /// See [`JobKind::VoidLabel`].
    VoidLabel(ShippingLabelId),
    /// See [`JobKind::RegisterTracker`].
    RegisterTracker(FulfillmentId),
    /// See [`JobKind::RefreshRates`].
    RefreshRates,
    /// See [`JobKind::Reconcile`].
    Reconcile,
    /// See [`JobKind::Prune`].
    Prune,
    /// See [`JobKind::Audit`].
    Audit,
    /// See [`JobKind::Watch`].
    Watch,
    /// See [`JobKind::ScanStock`].
    ScanStock,
    /// See [`JobKind::CheckWebhookEndpoint`].
    CheckWebhookEndpoint,
    /// See [`JobKind::RollUpAnalytics`].
    RollUpAnalytics,
}

impl Job {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> JobKind {
        match self {
            Self::AdvanceCheckout(_) => JobKind::AdvanceCheckout,
            Self::ProcessEvent(_) => JobKind::ProcessEvent,
            Self::SendRefund(_) => JobKind::SendRefund,
            Self::RecordTax(_) => JobKind::RecordTax,
            Self::ReverseTax(_) => JobKind::ReverseTax,
            Self::CatchUpEvents => JobKind::CatchUpEvents,
            Self::DeleteCoupon(_) => JobKind::DeleteCoupon,
            Self::AccountMail(_) => JobKind::AccountMail,
            Self::SendEmail(_) => JobKind::SendEmail,
            Self::MailAlerts => JobKind::MailAlerts,
            Self::CreateStripeCustomer(_) => JobKind::CreateStripeCustomer,
            Self::DeliverWebhooks(_) => JobKind::DeliverWebhooks,
            Self::Import(_) => JobKind::Import,
            Self::RefreshRates => JobKind::RefreshRates,
            Self::Reconcile => JobKind::Reconcile,
            Self::Prune => JobKind::Prune,
            Self::Audit => JobKind::Audit,
            Self::Watch => JobKind::Watch,
            Self::BuyLabel(_) => JobKind::BuyLabel,
            Self::VoidLabel(_) => JobKind::VoidLabel,
            Self::RegisterTracker(_) => JobKind::RegisterTracker,
            Self::ScanStock => JobKind::ScanStock,
            Self::CheckWebhookEndpoint => JobKind::CheckWebhookEndpoint,
            Self::RollUpAnalytics => JobKind::RollUpAnalytics,
        }
    }

    /// As the row keeps it.
    #[must_use]
    pub fn payload(self) -> Value {
        match self {
            Self::AdvanceCheckout(id) | Self::DeleteCoupon(id) => json!({"id": id}),
            Self::RecordTax(id) => json!({"id": id}),
            Self::ProcessEvent(id) => json!({"id": id}),
            Self::SendRefund(id) | Self::ReverseTax(id) => json!({"id": id}),
            Self::AccountMail(id) => json!({"id": id}),
            Self::SendEmail(id) => json!({"id": id}),
            Self::CreateStripeCustomer(id) => json!({"id": id}),
            // As the database writes it, which makes these jobs itself.
            Self::DeliverWebhooks(id) => json!({"id": id.0}),
            Self::Import(id) => json!({"id": id}),
            Self::BuyLabel(id) | Self::VoidLabel(id) => json!({"id": id}),
            Self::RegisterTracker(id) => json!({"id": id}),
            Self::MailAlerts
            | Self::CatchUpEvents
            | Self::RefreshRates
            | Self::Reconcile
            | Self::Prune
            | Self::Audit
            | Self::Watch
            | Self::ScanStock
            | Self::CheckWebhookEndpoint
            | Self::RollUpAnalytics => json!({}),
        }
    }

    /// From a row.
    ///
    /// # Errors
    /// When the payload is not one of the kind.
    pub fn read(kind: JobKind, payload: &Value) -> Result<Self, String> {
        let id = || payload.get("id").and_then(Value::as_str).ok_or_else(|| format!("a {kind} job without an id"));
        Ok(match kind {
            JobKind::AdvanceCheckout => Self::AdvanceCheckout(id()?.parse()?),
            JobKind::ProcessEvent => Self::ProcessEvent(id()?.parse()?),
            JobKind::SendRefund => Self::SendRefund(id()?.parse()?),
            JobKind::RecordTax => Self::RecordTax(id()?.parse()?),
            JobKind::ReverseTax => Self::ReverseTax(id()?.parse()?),
            JobKind::CatchUpEvents => Self::CatchUpEvents,
            JobKind::DeleteCoupon => Self::DeleteCoupon(id()?.parse()?),
            JobKind::AccountMail => Self::AccountMail(id()?.parse()?),
            JobKind::SendEmail => Self::SendEmail(id()?.parse()?),
            JobKind::MailAlerts => Self::MailAlerts,
            JobKind::CreateStripeCustomer => Self::CreateStripeCustomer(id()?.parse()?),
            JobKind::DeliverWebhooks => {
                let id: uuid::Uuid = id()?.parse().map_err(|error| format!("a {kind} job: {error}"))?;
                Self::DeliverWebhooks(WebhookEndpointId(id))
            }
            JobKind::Import => Self::Import(id()?.parse()?),
            JobKind::RefreshRates => Self::RefreshRates,
            JobKind::Reconcile => Self::Reconcile,
            JobKind::Prune => Self::Prune,
            JobKind::Audit => Self::Audit,
            JobKind::Watch => Self::Watch,
            JobKind::BuyLabel => Self::BuyLabel(id()?.parse()?),
            JobKind::VoidLabel => Self::VoidLabel(id()?.parse()?),
            JobKind::RegisterTracker => Self::RegisterTracker(id()?.parse()?),
            JobKind::ScanStock => Self::ScanStock,
            JobKind::CheckWebhookEndpoint => Self::CheckWebhookEndpoint,
            JobKind::RollUpAnalytics => Self::RollUpAnalytics,
        })
    }
}
