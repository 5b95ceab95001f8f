//! Webhooks to other systems (Standard Webhooks): events are rows written in the transaction of their cause, with a
//! delivery for each endpoint that wants them; a job per endpoint sends what is due.

pub mod address;
pub mod admin;
pub mod deliver;
pub mod deliveries;
pub mod delivery_admin;
pub mod document;
pub mod endpoints;
pub mod events;
pub mod model;
pub mod outcome;
pub mod payload;
pub mod send;

use crate::db::text_enum;

text_enum! {
    /// What an event tells.
    EventType {
        /// An order is paid and confirmed: it may be sent.
        OrderPaid => "order.paid",
        /// A delayed payment, such as a bank debit, is on its way.
        OrderPaymentPending => "order.payment_pending",
        /// An order is cancelled, paid or not.
        OrderCancelled => "order.cancelled",
        /// Staff recorded a shipment of an order; it may not have left yet, and may still be called off.
        OrderFulfilled => "order.fulfilled",
        /// The carrier has a shipment.
        FulfillmentInTransit => "fulfillment.in_transit",
        /// A shipment arrived.
        FulfillmentDelivered => "fulfillment.delivered",
        /// A shipment could not be delivered; carriers try again.
        FulfillmentFailed => "fulfillment.failed",
        /// A shipment goes back, or is back.
        FulfillmentReturned => "fulfillment.returned",
        /// A shipment was called off before it left: its units are to be sent again.
        FulfillmentCancelled => "fulfillment.cancelled",
        /// The payment of an order is disputed, or its dispute moved on.
        OrderDisputed => "order.disputed",
        /// A refund was asked for, or one made at the payment provider was taken over.
        RefundCreated => "refund.created",
        /// Money was given back.
        RefundSucceeded => "refund.succeeded",
        /// Money could not be given back, perhaps days after it seemed to be.
        RefundFailed => "refund.failed",
        /// Nobody paid in time; the stock is free again.
        CheckoutExpired => "checkout.expired",
        /// As few units of a variant are on hand as count as low.
        InventoryLowStock => "inventory.low_stock",
        /// No unit of a variant is on hand any more.
        InventoryOutOfStock => "inventory.out_of_stock",
        /// A variant is no longer low or out of stock.
        InventoryRestocked => "inventory.restocked",
        /// A person must look at something.
        AlertRaised => "alert.raised",
    }
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 18] = [
        Self::OrderPaid,
        Self::OrderPaymentPending,
        Self::OrderCancelled,
        Self::OrderFulfilled,
        Self::FulfillmentInTransit,
        Self::FulfillmentDelivered,
        Self::FulfillmentFailed,
        Self::FulfillmentReturned,
        Self::FulfillmentCancelled,
        Self::OrderDisputed,
        Self::RefundCreated,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::CheckoutExpired,
        Self::InventoryLowStock,
        Self::InventoryOutOfStock,
        Self::InventoryRestocked,
        Self::AlertRaised,
    ];
}

/// The type of the event that `POST …/test` sends; nobody subscribes to it.
pub const TEST_TYPE: &str = "webhook.test";

text_enum! {
    /// Whether an endpoint is sent anything.
    EndpointStatus {
        /// It is sent what it wants.
        Enabled => "enabled",
        /// It is sent nothing; what waits for it stays.
        Disabled => "disabled",
    }
}

text_enum! {
    /// Why an endpoint is disabled.
    DisabledReason {
        /// Staff disabled it.
        Staff => "staff",
        /// It answered 410.
        Gone => "gone",
        /// Nothing succeeded for three days.
        Failing => "failing",
    }
}

text_enum! {
    /// Where a delivery stands.
    DeliveryStatus {
        /// To be sent, or sent again.
        Pending => "pending",
        /// Answered with 2xx.
        Succeeded => "succeeded",
        /// Given up; it can be replayed.
        Dead => "dead",
    }
}
