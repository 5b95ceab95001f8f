//! Background jobs: rows that are written in the transaction of their cause and run by leased workers.
//!
//! A job runs at least once, so every job is idempotent. Jobs run outside a transaction.

pub mod queue;
pub mod wake;
pub mod worker;

use serde_json::{Value, json};

use crate::db::text_enum;
use crate::ids::{AccountRequestId, CheckoutId, CustomerId, EventId, ImportId, OrderId, RefundId};
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
        /// Creates a customer with the payment provider.
        CreateStripeCustomer => "create_stripe_customer",
        /// Imports a slice of an uploaded file.
        Import => "import",
        /// Fetches exchange rates and derives prices.
        RefreshRates => "refresh_rates",
        /// Looks for checkouts and refunds that nobody brings forward.
        Reconcile => "reconcile",
        /// Deletes what is kept for a time only.
        Prune => "prune",
        /// Audits the invariants, as `merx check` does.
        Audit => "audit",
    }
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::ProcessEvent,
        Self::AdvanceCheckout,
        Self::SendRefund,
        Self::RecordTax,
        Self::ReverseTax,
        Self::CatchUpEvents,
        Self::AccountMail,
        Self::CreateStripeCustomer,
        Self::DeleteCoupon,
        Self::RefreshRates,
        Self::Reconcile,
        Self::Prune,
        Self::Audit,
        Self::Import,
    ];

    /// How many of the kind one process runs at a time.
    #[must_use]
    pub const fn concurrency(self) -> usize {
        match self {
            Self::ProcessEvent => 8,
            // Each mostly waits for Stripe, and holds no connection meanwhile.
            Self::AdvanceCheckout => 16,
            Self::SendRefund | Self::RecordTax | Self::ReverseTax | Self::AccountMail | Self::CreateStripeCustomer => 2,
            Self::DeleteCoupon
            | Self::CatchUpEvents
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune
            | Self::Audit => 1,
        }
    }

    /// What its calls to providers count as.
    #[must_use]
    pub const fn work(self) -> Work {
        match self {
            Self::ProcessEvent | Self::SendRefund | Self::RecordTax | Self::ReverseTax => Work::Settling,
            Self::AdvanceCheckout
            | Self::CatchUpEvents
            | Self::AccountMail
            | Self::CreateStripeCustomer
            | Self::DeleteCoupon
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune
            | Self::Audit => Work::Reconciling,
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
            | Self::CreateStripeCustomer
            | Self::DeleteCoupon
            | Self::Import => 20,
            Self::CatchUpEvents | Self::RefreshRates | Self::Reconcile | Self::Prune | Self::Audit => 3,
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
            | Self::CreateStripeCustomer
            | Self::DeleteCoupon
            | Self::RefreshRates
            | Self::Import
            | Self::Reconcile
            | Self::Prune => 120,
        }
    }

    /// Seconds between two runs of a kind that runs by the clock.
    #[must_use]
    pub const fn interval_seconds(self) -> Option<i64> {
        match self {
            Self::Reconcile => Some(30),
            Self::CatchUpEvents => Some(600),
            Self::Prune => Some(3600),
            Self::RefreshRates => Some(6 * 3600),
            Self::Audit => Some(24 * 3600),
            Self::AdvanceCheckout
            | Self::ProcessEvent
            | Self::SendRefund
            | Self::RecordTax
            | Self::ReverseTax
            | Self::AccountMail
            | Self::CreateStripeCustomer
            | Self::DeleteCoupon
            | Self::Import => None,
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
    /// See [`JobKind::CreateStripeCustomer`].
    CreateStripeCustomer(CustomerId),
    /// See [`JobKind::Import`].
    Import(ImportId),
    /// See [`JobKind::RefreshRates`].
    RefreshRates,
    /// See [`JobKind::Reconcile`].
    Reconcile,
    /// See [`JobKind::Prune`].
    Prune,
    /// See [`JobKind::Audit`].
    Audit,
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
            Self::CreateStripeCustomer(_) => JobKind::CreateStripeCustomer,
            Self::Import(_) => JobKind::Import,
            Self::RefreshRates => JobKind::RefreshRates,
            Self::Reconcile => JobKind::Reconcile,
            Self::Prune => JobKind::Prune,
            Self::Audit => JobKind::Audit,
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
            Self::CreateStripeCustomer(id) => json!({"id": id}),
            Self::Import(id) => json!({"id": id}),
            Self::CatchUpEvents | Self::RefreshRates | Self::Reconcile | Self::Prune | Self::Audit => json!({}),
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
            JobKind::CreateStripeCustomer => Self::CreateStripeCustomer(id()?.parse()?),
            JobKind::Import => Self::Import(id()?.parse()?),
            JobKind::RefreshRates => Self::RefreshRates,
            JobKind::Reconcile => Self::Reconcile,
            JobKind::Prune => Self::Prune,
            JobKind::Audit => Self::Audit,
        })
    }
}
