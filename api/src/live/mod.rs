//! What happened, for screens that are open just now: rows that are kept for minutes, written in the transaction of their
//! cause, read by one task of each process, and told to each of its streams.
//!
//! A row carries its transaction. Readers go by that, up to the oldest transaction that still runs: so what commits late
//! comes late, and nothing is missed. What is told are ids; whoever hears of them reads the rest by the API.

pub mod feed;
pub mod routes;
pub mod streams;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::alerts::AlertKind;
use crate::db::schema::live_events;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::ids::{AlertId, EventId, OrderId, RefundId, VariantId};
use crate::orders::timeline::EventKind;
use crate::staff::api_keys::Scope;

/// How long rows are kept. A stream that broke off is taken up within half of it, so that clocks may differ.
const KEPT: TimeDelta = TimeDelta::minutes(10);

text_enum! {
    /// What an event on the stream is about.
    LiveTopic {
        /// An order was made, and its stock is held; scope `orders:read`.
        OrderCreated => "order.created",
        /// Something else happened to an order; scope `orders:read`.
        OrderUpdated => "order.updated",
        /// A refund of an order began or moved on; scope `orders:read`.
        RefundUpdated => "refund.updated",
        /// A payment page is open, or was left; scope `orders:read`.
        CheckoutUpdated => "checkout.updated",
        /// An alert was raised; scope `alerts:read`.
        AlertRaised => "alert.raised",
        /// An alert is open no more; scope `alerts:read`.
        AlertClosed => "alert.closed",
        /// A provider's event was given up; scope `inbox:read`.
        WebhookDead => "webhook.dead",
        /// As few units of a variant are on hand as count as low, or again more; scope `products:read`.
        LowStock => "inventory.low_stock",
    }
}

impl LiveTopic {
    /// Every topic.
    pub const ALL: [Self; 8] = [
        Self::OrderCreated,
        Self::OrderUpdated,
        Self::RefundUpdated,
        Self::CheckoutUpdated,
        Self::AlertRaised,
        Self::AlertClosed,
        Self::WebhookDead,
        Self::LowStock,
    ];

    /// What a caller needs to hear of it.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::OrderCreated | Self::OrderUpdated | Self::RefundUpdated | Self::CheckoutUpdated => Scope::OrdersRead,
            Self::AlertRaised | Self::AlertClosed => Scope::AlertsRead,
            Self::WebhookDead => Scope::InboxRead,
            Self::LowStock => Scope::ProductsRead,
        }
    }

    /// The topic of an entry of an order's timeline.
    #[must_use]
    pub fn of_entry(kind: EventKind, detail: &serde_json::Value) -> Self {
        match kind {
            EventKind::Placed => Self::OrderCreated,
            EventKind::CheckoutOpened => Self::CheckoutUpdated,
            EventKind::Cancelled if detail.get("reason").is_some_and(|reason| reason == "hold_expired") => {
                Self::CheckoutUpdated
            }
            EventKind::RefundRequested | EventKind::Refunded | EventKind::RefundFailed | EventKind::RefundImported => {
                Self::RefundUpdated
            }
            EventKind::PaymentProcessing
            | EventKind::Paid
            | EventKind::TaxRecorded
            | EventKind::PaymentFailed
            | EventKind::PaymentReview
            | EventKind::Cancelled
            | EventKind::CancelRequested
            | EventKind::Restocked
            | EventKind::TaxReversed
            | EventKind::TaxReversalUndone
            | EventKind::RestCancelled
            | EventKind::Fulfilled
            | EventKind::TrackingChanged
            | EventKind::ParcelMoved
            | EventKind::FulfillmentCancelled
            | EventKind::LabelPurchased
            | EventKind::LabelFailed
            | EventKind::LabelVoided
            | EventKind::LabelVoidRejected
            | EventKind::Disputed
            | EventKind::FraudWarning
            | EventKind::Claimed
            | EventKind::ReviewDecided
            | EventKind::Erased
            | EventKind::Tagged
            | EventKind::NoteAdded
            | EventKind::NoteDeleted => Self::OrderUpdated,
        }
    }
}

/// What an event is about: ids, never what they name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LiveSubject {
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The kind of the order's new entry in the timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "paid")]
    pub entry: Option<String>,
    /// The refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refund_id: Option<RefundId>,
    /// The alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alert_id: Option<AlertId>,
    /// What the alert is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alert_kind: Option<AlertKind>,
    /// The provider's event in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub inbox_event_id: Option<EventId>,
    /// The variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variant_id: Option<VariantId>,
}

/// The `data` of an event on the stream. The topics `ready` and `reset` have none.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LiveEvent {
    /// What it is about; also the event's name.
    pub topic: LiveTopic,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it is about.
    #[serde(flatten)]
    pub subject: LiveSubject,
}

/// Tells open screens, in the transaction of the cause.
///
/// # Errors
/// Those of the database.
pub async fn tell(conn: &mut Connection, topic: LiveTopic, subject: &LiveSubject, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(live_events::table)
        .values((
            live_events::topic.eq(topic),
            live_events::detail.eq(detail(subject)?),
            live_events::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// What a row keeps of its subject.
///
/// # Errors
/// When it is not JSON, which is a defect.
pub fn detail(subject: &LiveSubject) -> Result<serde_json::Value> {
    serde_json::to_value(subject).map_err(|error| Error::Internal(format!("a live event: {error}")))
}

/// Deletes what is older than it is kept; not what nobody may read yet, as a transaction before it still runs.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    Statement::constant(
        "DELETE FROM live_events \
         WHERE created_at < $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    )
    .with(Bind::Time(now - KEPT))
    .execute(conn)
    .await
}
