//! Everything the sandbox remembers, behind one lock. No network and no waiting in here.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::delivery::Webhooks;
use crate::ecb::Published;
use crate::events::Event;
use crate::idempotency::Idempotency;
use crate::object;
use crate::request_log::RequestLog;
use crate::shippo::{Depot, RatesMode};
use crate::stripe::tax::Books;

/// Objects of one kind, in the order they were made.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Table<T = Value> {
    order: Vec<String>,
    rows: HashMap<String, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { order: Vec::new(), rows: HashMap::new() }
    }
}

impl Table {
    /// Stores an object under its `id`, replacing an older version.
    pub(crate) fn insert(&mut self, object: Value) {
        self.insert_as(object::owned(&object, "id"), object);
    }
}

impl<T> Table<T> {
    /// Stores an object under a name of its own, replacing an older version.
    pub(crate) fn insert_as(&mut self, id: String, object: T) {
        if self.rows.insert(id.clone(), object).is_none() {
            self.order.push(id);
        }
    }

    /// The object with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(id)
    }

    /// The object with this id, to change it.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(id)
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        self.order.retain(|kept| kept != id);
        self.rows.remove(id)
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// All objects, newest first, as Stripe lists them.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.order.iter().rev().filter_map(|id| self.rows.get(id))
    }

    /// All objects, oldest first.
    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &T> {
        self.order.iter().filter_map(|id| self.rows.get(id))
    }
}

/// What a session keeps beside its public object.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct SessionDetails {
    /// Line items as the API shows them.
    pub(crate) lines: Vec<Value>,
    /// Fields the PaymentIntent takes over when the buyer confirms.
    pub(crate) payment_intent_data: Value,
    /// The coupon that counts as redeemed when the session completes.
    pub(crate) coupon: Option<String>,
}

/// How a payment with a certain payment method ends.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Outcome {
    /// The money arrives at once.
    Paid,
    /// The bank refuses, with this decline code.
    Declined(String),
    /// The bank answers later (bank debits), when the control side says so.
    Delayed,
    /// The bank answers by itself after so many seconds.
    Settled {
        /// Whether the money arrives.
        succeeds: bool,
        /// In seconds of the movable clock.
        after: i64,
    },
    /// The money arrives at once, and the buyer's bank complains.
    Disputed {
        /// Stripe's word for the reason.
        reason: String,
        /// Whether it only asks.
        inquiry: bool,
    },
}

/// The state new refunds start in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStart {
    /// The refund is done at once.
    #[default]
    Succeeded,
    /// The refund waits for the control side.
    Pending,
    /// The refund waits for the buyer; only such a refund can be cancelled.
    RequiresAction,
}

impl RefundStart {
    /// Stripe's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
        }
    }
}

/// When and by which request something happens; becomes the `request` of its events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    /// Unix seconds of the movable clock.
    pub(crate) now: i64,
    /// The API request, when one caused it.
    pub(crate) request_id: Option<String>,
    /// That request's idempotency key.
    pub(crate) idempotency_key: Option<String>,
}

impl Cause {
    /// Something a buyer, the clock or the control side does: no API request.
    pub(crate) fn outside(now: i64) -> Self {
        Self { now, ..Self::default() }
    }
}

/// All state. What is skipped does not outlive the process; what an older state file lacks starts empty.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// Checkout sessions.
    pub(crate) sessions: Table,
    /// Open sessions by the time they expire.
    pub(crate) open_sessions: BTreeSet<(i64, String)>,
    /// What sessions keep in private, by session id.
    pub(crate) session_details: HashMap<String, SessionDetails>,
    /// PaymentIntents.
    pub(crate) payment_intents: Table,
    /// What banks will say of payments by themselves: when, of which PaymentIntent, and whether the money arrives.
    pub(crate) bank_answers: BTreeSet<(i64, String, bool)>,
    /// Charges.
    pub(crate) charges: Table,
    /// Refunds.
    pub(crate) refunds: Table,
    /// Disputes.
    pub(crate) disputes: Table,
    /// Radar's early fraud warnings.
    pub(crate) fraud_warnings: Table,
    /// Customers.
    pub(crate) customers: Table,
    /// Coupons.
    pub(crate) coupons: Table,
    /// What coupons show only when it is expanded (`applies_to`, `currency_options`), by coupon.
    pub(crate) coupon_extras: HashMap<String, Value>,
    /// Promotion codes.
    pub(crate) promotion_codes: Table,
    /// Stripe Tax.
    pub(crate) tax: Books,
    /// Shippo.
    pub(crate) shippo: Depot,
    /// Products.
    pub(crate) products: Table,
    /// Prices.
    pub(crate) prices: Table,
    /// Payment methods.
    pub(crate) payment_methods: Table,
    /// What a payment with a payment method ends in; absent means paid.
    pub(crate) behaviours: HashMap<String, Outcome>,
    /// Webhook endpoints that were made by the API.
    pub(crate) webhook_endpoints: Table,
    /// Their secrets.
    pub(crate) endpoint_secrets: HashMap<String, String>,
    /// Events, whether delivered or not.
    pub(crate) events: Table<Event>,
    /// Stored answers by idempotency key.
    pub(crate) idempotency: Idempotency,
    /// Every API request.
    #[serde(skip)]
    pub(crate) log: RequestLog,
    /// Where and how events are delivered.
    #[serde(skip)]
    pub(crate) webhooks: Webhooks,
    /// The state new refunds start in.
    #[serde(skip)]
    pub(crate) refund_start: RefundStart,
    /// What Shippo's carriers answer.
    #[serde(skip)]
    pub(crate) shippo_rates: RatesMode,
    /// What the ECB's feed shows instead of its own rates.
    #[serde(skip)]
    pub(crate) fx: Published,
    /// How often a request or the control side may have changed something.
    #[serde(skip)]
    pub(crate) changes: u64,
    /// The changes and events that were saved last.
    #[serde(skip)]
    pub(crate) saved: (u64, usize),
}

impl Store {
    /// Any object by its id, told apart by the prefix.
    pub(crate) fn find(&self, id: &str) -> Option<&Value> {
        let (prefix, _) = id.split_once('_')?;
        let table = match prefix {
            "cs" => &self.sessions,
            "pi" => &self.payment_intents,
            "ch" => &self.charges,
            "re" => &self.refunds,
            "du" => &self.disputes,
            "issfr" => &self.fraud_warnings,
            "cus" => &self.customers,
            "prod" => &self.products,
            "price" => &self.prices,
            "pm" => &self.payment_methods,
            "we" => &self.webhook_endpoints,
            "promo" => &self.promotion_codes,
            "taxcalc" => &self.tax.calculations,
            "tax" => &self.tax.transactions,
            _ => return None,
        };
        table.get(id)
    }
}
