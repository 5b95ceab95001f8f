//! What payments and refunds leave to be rolled up, inside their transaction and under the order's lock. Rows are only
//! inserted, so that no two wait for each other.

use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{OrderId, RefundId};

/// An order that became a sale, with what was given back of it before, for what is written
/// [together](Statement::together) with the payment.
#[must_use]
pub fn sale(order: OrderId) -> Statement {
    Statement::constant(
        "INSERT INTO analytics_pending (order_id, refund_id, sign, taken) SELECT $1, NULL, 1, false \
         UNION ALL SELECT order_id, id, 1, false FROM refunds WHERE order_id = $1 AND status = 'succeeded'",
    )
    .with(Bind::Uuid(order.0))
}

/// A refund that succeeded. One of an order that is no sale counts once it becomes one.
///
/// # Errors
/// Those of the database.
pub async fn refund(conn: &mut Connection, order: OrderId, refund: RefundId) -> Result<()> {
    insert(conn, order, refund, 1).await
}

/// A refund that failed after it had succeeded: it counts no more.
///
/// # Errors
/// Those of the database.
pub async fn refund_undone(conn: &mut Connection, order: OrderId, refund: RefundId) -> Result<()> {
    insert(conn, order, refund, -1).await
}

async fn insert(conn: &mut Connection, order: OrderId, refund: RefundId, sign: i64) -> Result<()> {
    Statement::constant(
        "INSERT INTO analytics_pending (order_id, refund_id, sign, taken) \
         SELECT id, $2, $3, false FROM orders WHERE id = $1 AND bought_before IS NOT NULL",
    )
    .with(Bind::Uuid(order.0))
    .with(Bind::Uuid(refund.0))
    .with(Bind::Int(sign))
    .execute(conn)
    .await?;
    Ok(())
}
