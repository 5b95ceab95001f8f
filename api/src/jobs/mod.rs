//! Background jobs: rows that are written in the transaction of their cause and run by leased workers.
//!
//! A job runs at least once, so every job is idempotent. Jobs run outside a transaction.

pub mod admin;
pub mod control;
pub mod kinds;
pub mod queue;
pub mod wake;
pub mod watch;
pub mod worker;

use serde_json::{Value, json};

use crate::db::text_enum;
use crate::ids::{
    AccountRequestId, CheckoutId, CustomerId, EmailId, EventId, FulfillmentId, ImportId, OrderId, RefundId,
    ShippingLabelId, WebhookEndpointId,
};
use crate::outbound::Work;

text_enum! {
    /// What a job does.
    JobKind {
        /// Brings a checkout forward: finishes its session, closes it at the hold's end, asks for delayed payments.
        AdvanceCheckout => "advance_checkout",
        /// Processes a stored provider event.
        ProcessEvent => "process_event",
        /// Sends a refund to the provider.
        SendRefund => "send_refund",
        /// Records a sale with the tax provider.
        RecordTax => "record_tax",
        /// Reverses a refund's tax, or that reversal, with the tax provider.
        ReverseTax => "reverse_tax",
        /// Lists the provider's events, for those that never arrived.
        CatchUpEvents => "catch_up_events",
        /// Deletes the coupon of a checkout that is over.
        DeleteCoupon => "delete_coupon",
        /// Finds out what an account request comes to, and writes the mail.
        AccountMail => "account_mail",
        /// Sends an e-mail.
        SendEmail => "send_email",
        /// Mails the shop about alerts.
        MailAlerts => "mail_alerts",
        /// Creates a customer with the payment provider.
        CreateStripeCustomer => "create_stripe_customer",
        /// Sends what is due to a webhook endpoint.
        DeliverWebhooks => "deliver_webhooks",
        /// Imports a slice of an uploaded file.
        Import => "import",
        /// Buys a carrier's label.
        BuyLabel => "buy_label",
        /// Voids a carrier's label.
        VoidLabel => "void_label",
        /// Has a parcel followed that was given its tracking number by hand.
        RegisterTracker => "register_tracker",
        /// Fetches exchange rates and derives prices.
        RefreshRates => "refresh_rates",
        /// Looks for checkouts and refunds that nobody brings forward.
        Reconcile => "reconcile",
        /// Deletes what is kept for a time only.
        Prune => "prune",
        /// Audits the invariants, as `merx check` does.
        Audit => "audit",
        /// Looks whether events and jobs pile up, and who knocks at our door.
        Watch => "watch",
        /// Looks for stock that runs low, and of which nobody told.
        ScanStock => "scan_stock",
    }
}

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

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::ProcessEvent,
        Self::AdvanceCheckout,
        Self::SendRefund,
        Self::RecordTax,
        Self::ReverseTax,
        Self::CatchUpEvents,
        Self::AccountMail,
        Self::SendEmail,
        Self::MailAlerts,
        Self::CreateStripeCustomer,
        Self::DeliverWebhooks,
        Self::DeleteCoupon,
        Self::RefreshRates,
        Self::Reconcile,
        Self::Prune,
        Self::Audit,
        Self::Watch,
        Self::Import,
        Self::BuyLabel,
        Self::VoidLabel,
        Self::RegisterTracker,
        Self::ScanStock,
    ];

    /// How many of the kind one process runs at a time.
    #[must_use]
    pub const fn concurrency(self) -> usize {
        match self {
            Self::ProcessEvent => 8,
            // Each mostly waits for Stripe, and holds no connection meanwhile.
            Self::AdvanceCheckout => 16,
            // Each mostly waits for the mail server.
            Self::SendEmail => 4,
            // One for each endpoint that a shop may have, so that a slow one holds up nobody else.
            Self::DeliverWebhooks => crate::webhooks_out::endpoints::MOST,
            // Staff wait for it.
            Self::BuyLabel => 4,
            Self::SendRefund
            | Self::RecordTax
            | Self::ReverseTax
            | Self::AccountMail
            | Self::CreateStripeCustomer
            | Self::VoidLabel
            | Self::RegisterTracker => 2,
            Self::DeleteCoupon
            | Self::MailAlerts
            | Self::CatchUpEvents
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune
            | Self::Audit
            | Self::Watch
            | Self::ScanStock => 1,
        }
    }

    /// What its calls to providers count as.
    #[must_use]
    pub const fn work(self) -> Work {
        match self {
            Self::BuyLabel => Work::Foreground,
            Self::ProcessEvent | Self::SendRefund | Self::RecordTax | Self::ReverseTax | Self::VoidLabel => {
                Work::Settling
            }
            Self::AdvanceCheckout
            | Self::CatchUpEvents
            | Self::AccountMail
            | Self::SendEmail
            | Self::MailAlerts
            | Self::CreateStripeCustomer
            | Self::DeliverWebhooks
            | Self::DeleteCoupon
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune
            | Self::Audit
            | Self::Watch
            | Self::RegisterTracker
            | Self::ScanStock => Work::Reconciling,
        }
    }

    /// How often it is tried before a person is told.
    #[must_use]
    pub const fn max_attempts(self) -> i32 {
        match self {
            Self::ProcessEvent
            | Self::AdvanceCheckout
            | Self::SendRefund
            | Self::RecordTax
            | Self::ReverseTax
            | Self::AccountMail
            | Self::SendEmail
            | Self::MailAlerts
            | Self::CreateStripeCustomer
            | Self::DeliverWebhooks
            | Self::DeleteCoupon
            | Self::Import
            | Self::BuyLabel
            | Self::VoidLabel
            | Self::RegisterTracker => 20,
            Self::CatchUpEvents
            | Self::RefreshRates
            | Self::Reconcile
            | Self::Prune
            | Self::Audit
            | Self::Watch
            | Self::ScanStock => 3,
        }
    }

    /// How many seconds a claimed job may take before another worker may claim it.
    #[must_use]
    pub const fn lease_seconds(self) -> i64 {
        match self {
            // It reads every order.
            Self::Audit => 3600,
            Self::AdvanceCheckout
            | Self::ProcessEvent
            | Self::SendRefund
            | Self::RecordTax
            | Self::ReverseTax
            | Self::CatchUpEvents
            | Self::AccountMail
            | Self::SendEmail
            | Self::MailAlerts
            | Self::CreateStripeCustomer
            | Self::DeliverWebhooks
            | Self::DeleteCoupon
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune
            | Self::Watch
            | Self::BuyLabel
            | Self::VoidLabel
            | Self::RegisterTracker
            | Self::ScanStock => 120,
        }
    }

    /// Seconds between two runs of a kind that runs by the clock.
    #[must_use]
    pub const fn interval_seconds(self) -> Option<i64> {
        match self {
            Self::Reconcile => Some(30),
            Self::Watch => Some(60),
            Self::CatchUpEvents => Some(600),
            Self::Prune | Self::ScanStock => Some(3600),
            Self::RefreshRates => Some(6 * 3600),
            Self::Audit => Some(24 * 3600),
            Self::AdvanceCheckout
            | Self::ProcessEvent
            | Self::SendRefund
            | Self::RecordTax
            | Self::ReverseTax
            | Self::AccountMail
            | Self::SendEmail
            | Self::MailAlerts
            | Self::CreateStripeCustomer
            | Self::DeliverWebhooks
            | Self::DeleteCoupon
            | Self::Import
            | Self::BuyLabel
            | Self::VoidLabel
            | Self::RegisterTracker => None,
        }
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
            | Self::ScanStock => json!({}),
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
        })
    }
}
