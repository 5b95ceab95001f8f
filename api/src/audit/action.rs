//! What can be done: what it is done to, a point, and the verb.

use crate::db::text_enum;

text_enum! {
    /// What was done. The part before the point says to what.
    Action {
        /// A product was created.
        ProductCreated => "product.created",
        /// A product was changed.
        ProductUpdated => "product.updated",
        /// A product was archived.
        ProductArchived => "product.archived",
        /// A variant was added.
        VariantCreated => "variant.created",
        /// A variant was changed.
        VariantUpdated => "variant.updated",
        /// A variant was archived.
        VariantArchived => "variant.archived",
        /// A variant's stock was adjusted.
        StockAdjusted => "variant.stock_adjusted",
        /// A collection was created.
        CollectionCreated => "collection.created",
        /// A collection was changed.
        CollectionUpdated => "collection.updated",
        /// A collection was deleted.
        CollectionDeleted => "collection.deleted",
        /// A product was put into a collection.
        CollectionProductAdded => "collection.product_added",
        /// A product was taken out of a collection.
        CollectionProductRemoved => "collection.product_removed",
        /// An import of products was begun.
        ImportCreated => "import.created",
        /// A shipping zone was created.
        ShippingZoneCreated => "shipping_zone.created",
        /// A shipping zone was changed.
        ShippingZoneUpdated => "shipping_zone.updated",
        /// A shipping zone was deleted.
        ShippingZoneDeleted => "shipping_zone.deleted",
        /// The shipping settings were changed.
        ShippingSettingsUpdated => "shipping_settings.updated",
        /// The currency settings were changed.
        CurrencySettingsUpdated => "currency_settings.updated",
        /// The tax settings were changed.
        TaxSettingsUpdated => "tax_settings.updated",
        /// The invoice settings were changed.
        InvoiceSettingsUpdated => "invoice_settings.updated",
        /// A currency's rate was set.
        ExchangeRateSet => "exchange_rate.set",
        /// A cart's tax exemption was set.
        TaxExemptionSet => "cart.tax_exemption_set",
        /// A discount was created.
        DiscountCreated => "discount.created",
        /// A discount was changed.
        DiscountUpdated => "discount.updated",
        /// A discount was deleted.
        DiscountDeleted => "discount.deleted",
        /// Codes were made for a discount.
        DiscountCodesCreated => "discount.codes_created",
        /// A discount's code was deleted.
        DiscountCodeDeleted => "discount.code_deleted",
        /// Cancelling an order that is not paid was asked for; its timeline tells what came of it.
        OrderCancelRequested => "order.cancel_requested",
        /// A paid order was cancelled.
        OrderCancelled => "order.cancelled",
        /// What was not sent yet of an order was cancelled.
        OrderRestCancelled => "order.rest_cancelled",
        /// An odd payment was decided about.
        OrderReviewDecided => "order.payment_review_decided",
        /// A refund was asked for.
        RefundCreated => "refund.created",
        /// Reversing a lost dispute's tax was asked for.
        DisputeTaxReversalRequested => "dispute.tax_reversal_requested",
        /// Closing a checkout and freeing its stock was asked for; the order's timeline tells what came of it.
        CheckoutReleaseRequested => "checkout.release_requested",
        /// A shipment was recorded.
        FulfillmentCreated => "fulfillment.created",
        /// A shipment was changed.
        FulfillmentUpdated => "fulfillment.updated",
        /// A shipment was called off.
        FulfillmentCancelled => "fulfillment.cancelled",
        /// A label was asked for.
        LabelCreated => "label.created",
        /// Voiding a label was asked for.
        LabelVoidRequested => "label.void_requested",
        /// An invoice was issued.
        InvoiceIssued => "invoice.issued",
        /// An e-mail was sent again.
        EmailResent => "email.resent",
        /// A sample of a kind of e-mail was sent.
        EmailTestSent => "email.test_sent",
        /// An alert was acknowledged.
        AlertAcknowledged => "alert.acknowledged",
        /// A provider's event is processed again.
        EventRetried => "inbox_event.retried",
        /// A provider's event was given up.
        EventDiscarded => "inbox_event.discarded",
        /// The personal data in a provider's event was read.
        EventDisclosed => "inbox_event.disclosed",
        /// A job is run again.
        JobRetried => "job.retried",
        /// A job was given up.
        JobDiscarded => "job.discarded",
        /// A kind of jobs was paused.
        JobKindPaused => "job_kind.paused",
        /// A kind of jobs was resumed.
        JobKindResumed => "job_kind.resumed",
        /// A webhook endpoint was created.
        WebhookEndpointCreated => "webhook_endpoint.created",
        /// A webhook endpoint was changed.
        WebhookEndpointUpdated => "webhook_endpoint.updated",
        /// A webhook endpoint was deleted.
        WebhookEndpointDeleted => "webhook_endpoint.deleted",
        /// A webhook endpoint was given a new secret.
        WebhookSecretRotated => "webhook_endpoint.secret_rotated",
        /// A webhook endpoint is sent events once more.
        WebhookEndpointReplayed => "webhook_endpoint.replayed",
        /// A delivery is sent once more.
        WebhookDeliveryReplayed => "webhook_delivery.replayed",
        /// An API key was made.
        ApiKeyCreated => "api_key.created",
        /// An API key was revoked.
        ApiKeyRevoked => "api_key.revoked",
        /// What `merx check` found was mended.
        DatabaseRepaired => "database.repaired",
    }
}
