//! The kinds of jobs, and how each is run.

use crate::db::text_enum;
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
        /// Looks whether the webhook endpoint at Stripe is as it should be.
        CheckWebhookEndpoint => "check_webhook_endpoint",
        /// Rolls up what was sold and given back, for the analytics.
        RollUpAnalytics => "roll_up_analytics",
    }
}

/// How jobs of a kind are run.
struct Terms {
    concurrency: usize,
    work: Work,
    max_attempts: i32,
    lease_seconds: i64,
    interval_seconds: Option<i64>,
}

impl Terms {
    /// Written by their cause: tried for nine to twelve hours, as nobody else brings it about.
    const fn caused(concurrency: usize, work: Work) -> Self {
        Self { concurrency, work, max_attempts: 20, lease_seconds: 120, interval_seconds: None }
    }

    /// Run by the clock, one at a time: the next turn comes anyway.
    const fn each(seconds: i64) -> Self {
        let interval_seconds = Some(seconds);
        Self { concurrency: 1, work: Work::Reconciling, max_attempts: 3, lease_seconds: 120, interval_seconds }
    }
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
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
        Self::CheckWebhookEndpoint,
        Self::RollUpAnalytics,
    ];

    const fn terms(self) -> Terms {
        match self {
            Self::ProcessEvent => Terms::caused(8, Work::Settling),
            // Each mostly waits for Stripe, and holds no connection meanwhile.
            Self::AdvanceCheckout => Terms::caused(16, Work::Reconciling),
            Self::SendRefund | Self::RecordTax | Self::ReverseTax | Self::VoidLabel => Terms::caused(2, Work::Settling),
            // Staff wait for it.
            Self::BuyLabel => Terms::caused(4, Work::Foreground),
            // Each mostly waits for the mail server.
            Self::SendEmail => Terms::caused(4, Work::Reconciling),
            // One for each endpoint that a shop may have, so that a slow one holds up nobody else.
            Self::DeliverWebhooks => Terms::caused(crate::webhooks_out::endpoints::MOST, Work::Reconciling),
            Self::AccountMail | Self::CreateStripeCustomer | Self::RegisterTracker => {
                Terms::caused(2, Work::Reconciling)
            }
            Self::MailAlerts | Self::DeleteCoupon | Self::Import => Terms::caused(1, Work::Reconciling),
            Self::Reconcile => Terms::each(30),
            Self::Watch | Self::RollUpAnalytics => Terms::each(60),
            Self::CatchUpEvents => Terms::each(600),
            Self::Prune | Self::ScanStock => Terms::each(3600),
            Self::RefreshRates => Terms::each(6 * 3600),
            Self::CheckWebhookEndpoint => Terms::each(24 * 3600),
            // It reads every order.
            Self::Audit => Terms { lease_seconds: 3600, ..Terms::each(24 * 3600) },
        }
    }

    /// How many of the kind one process runs at a time.
    #[must_use]
    pub const fn concurrency(self) -> usize {
        self.terms().concurrency
    }

    /// What its calls to providers count as.
    #[must_use]
    pub const fn work(self) -> Work {
        self.terms().work
    }

    /// How often it is tried before a person is told.
    #[must_use]
    pub const fn max_attempts(self) -> i32 {
        self.terms().max_attempts
    }

    /// How many seconds a claimed job may take before another worker may claim it.
    #[must_use]
    pub const fn lease_seconds(self) -> i64 {
        self.terms().lease_seconds
    }

    /// Seconds between two runs of a kind that runs by the clock.
    #[must_use]
    pub const fn interval_seconds(self) -> Option<i64> {
        self.terms().interval_seconds
    }
}
