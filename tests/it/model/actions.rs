//! What somebody may do in a random day.

use serde_json::Value;

/// One thing that somebody does. Slots, variants and the like are drawn when it is made, so that a seed repeats it.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Begin { variant: usize, quantity: i64 },
    Repeat(usize),
    Again(usize),
    Adjust(usize, i64),
    RefundStatus(usize, &'static str),
    RefundStart(&'static str),
    DecideDispute(usize, &'static str),
    Webhooks(&'static str),
    Advance(i64),
    Fault(Value),
    Jobs,
    Reconcile,
    CatchUp,
    On(usize, Deed),
}

/// What somebody does with an order.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Pay(&'static str),
    PayOdd(i64),
    Look,
    CancelCheckout,
    CancelOrder,
    StaffCancel { restock: bool },
    RefundAmount { permille: i64 },
    RefundLine { quantity: i64, restock: Option<bool>, shipping: bool },
    Ship { one: bool },
    Release,
    Review(&'static str),
    DashboardRefund { permille: i64 },
    Dispute { permille: i64 },
}

impl Deed {
    /// What two people must not do at once with two effects.
    pub(super) const fn moves_money(&self) -> bool {
        matches!(
            self,
            Self::RefundAmount { .. }
                | Self::RefundLine { .. }
                | Self::StaffCancel { .. }
                | Self::CancelOrder
                | Self::Ship { .. }
        )
    }
}
