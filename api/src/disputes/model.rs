//! The shape of disputes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ids::DisputeId;
use crate::money::Money;

/// A dispute of an order's payment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Dispute {
    /// The dispute's id.
    pub id: DisputeId,
    /// Stripe's id of it, to answer it there.
    #[schema(example = "du_1SqX…")]
    pub provider_dispute_id: String,
    /// In Stripe's words: `needs_response`, `under_review`, `won`, `lost`, `warning_needs_response`, ….
    #[schema(example = "needs_response")]
    pub status: String,
    /// Why, in Stripe's words.
    #[schema(example = "fraudulent")]
    pub reason: String,
    /// How much is disputed.
    pub amount: Money,
    /// How much was taken and not given back.
    pub withdrawn: Money,
    /// Stripe Tax's reversal of the sale's tax, if staff asked for it after the dispute was lost.
    pub tax_reversal_id: Option<String>,
    /// Until when evidence counts.
    pub evidence_due_at: Option<DateTime<Utc>>,
    /// When it was first heard of.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
