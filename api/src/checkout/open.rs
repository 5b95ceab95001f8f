//! Opening a checkout whose session is there: one statement, as shoppers wait for it.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::model::CheckoutRow;
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::orders::timeline::{self, EventKind};
use crate::payments::SessionView;

/// Not waited for until it is on the disk: a database that crashes before that has the checkout as if its maker had died just
/// before, and who asks again under the same key is given the same session (PROTOCOL.md 9). The frozen body has then done its
/// work: what comes after need not carry it along.
const OPEN: &str = "
    UPDATE checkouts SET status = 'open', session_id = $2, url = $3, request_body = '', updated_at = $4
    WHERE id = $1 AND status = (SELECT 'creating') AND set_config('synchronous_commit', 'off', true) = 'off' RETURNING id";

/// Opens a checkout that is still being made, under a session of the order's total, and writes the `answer` to whoever waits
/// for it, a statement that goes on after its `WHERE`. Answers `false`, and writes nothing, when it is no longer.
///
/// # Errors
/// Those of the database.
pub(super) async fn open(
    conn: &mut Connection,
    checkout: &CheckoutRow,
    session: &SessionView,
    answer: Option<Statement>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let opened = Statement::constant(OPEN)
        .with(Bind::Uuid(checkout.id.0))
        .with(Bind::Text(session.id.clone()))
        .with(Bind::NullableText(session.url.clone()))
        .with(Bind::Time(now));
    let (kind, detail) = (EventKind::CheckoutOpened, json!({"session_id": session.id}));
    let mut entry = timeline::entry(checkout.order_id, kind, &detail, now);
    let mut told = timeline::tell(checkout.order_id, kind, &detail, now)?;
    for follows in [&mut entry, &mut told] {
        follows.push(" WHERE EXISTS (SELECT FROM opened)");
    }
    // The claim is locked after the checkout here, unlike elsewhere: if somebody took the claim over, its token is another one
    // and its row is passed by.
    let all = match answer {
        Some(mut answer) => {
            answer.push(" AND EXISTS (SELECT FROM opened)");
            Statement::together([("opened", opened), ("entry", entry), ("answer", answer)], told)
        }
        None => Statement::together([("opened", opened), ("entry", entry)], told),
    };
    Ok(all.execute(conn).await? > 0)
}
