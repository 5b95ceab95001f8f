//! Where a parcel is: what carriers and staff say becomes what the order says, in whatever order it is heard.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::model::ShipmentStatus;
use super::read::{self, FulfillmentRow};
use crate::alerts::{self, AlertKind};
use crate::db::schema::{fulfillments, shipping_labels};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{FulfillmentId, OrderId};
use crate::labels::model::LabelStatus;
use crate::mail;
use crate::orders;
use crate::orders::fulfillment_status;
use crate::orders::timeline::{self, EventKind};
use crate::shippo::{TrackNews, TrackStatus};

impl ShipmentStatus {
    /// Whether a parcel that is here may be there next. What arrived can only be returned, and what was returned stays.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (
                Self::Pending | Self::LabelPurchased | Self::Failed,
                Self::InTransit | Self::Delivered | Self::Failed | Self::Returned,
            )
            | (Self::InTransit, Self::Delivered | Self::Failed | Self::Returned)
            | (Self::Delivered, Self::Returned) => true,
            (
                Self::Pending
                | Self::LabelPurchased
                | Self::InTransit
                | Self::Delivered
                | Self::Failed
                | Self::Returned
                | Self::Cancelled,
                _,
            ) => false,
        }
    }

    /// Whether nothing but a return can follow, so that it counts whenever it is heard.
    const fn is_final(self) -> bool {
        match self {
            Self::Delivered | Self::Returned => true,
            Self::Pending | Self::LabelPurchased | Self::InTransit | Self::Failed | Self::Cancelled => false,
        }
    }
}

const fn status_of(status: TrackStatus) -> Option<ShipmentStatus> {
    match status {
        TrackStatus::Announced => None,
        TrackStatus::Transit => Some(ShipmentStatus::InTransit),
        TrackStatus::Delivered => Some(ShipmentStatus::Delivered),
        TrackStatus::Returned => Some(ShipmentStatus::Returned),
        TrackStatus::Failure => Some(ShipmentStatus::Failed),
    }
}

/// What news make of a parcel.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: it is known, older than what is known, or contradicts what is final.
    Old,
    /// The same status, with a newer word of the carrier.
    Detail,
    /// Another status.
    Moved(ShipmentStatus),
}

/// News in whatever order, and however often, come to the same in the end: what is final counts always, of the rest the
/// newest.
fn judge(now: ShipmentStatus, tracked_at: Option<DateTime<Utc>>, news: &TrackNews) -> Verdict {
    let is_newer = match (tracked_at, news.at) {
        (None, _) => true,
        (Some(known), Some(at)) => at > known,
        (Some(_), None) => false,
    };
    match status_of(news.status) {
        Some(next) if next == now => {
            if is_newer {
                Verdict::Detail
            } else {
                Verdict::Old
            }
        }
        Some(next) if now.may_become(next) && (is_newer || next.is_final()) => Verdict::Moved(next),
        Some(_) | None => Verdict::Old,
    }
}

/// Takes over what a carrier says of a parcel; answers whether it is of ours.
///
/// # Errors
/// Those of the database.
pub async fn hear(conn: &mut Connection, news: &TrackNews, now: DateTime<Utc>) -> Result<bool> {
    // Shippo may call the carrier of a label otherwise than its rates do; the number of a label is enough.
    let of_label = exists(
        shipping_labels::table
            .filter(shipping_labels::order_id.eq(fulfillments::order_id))
            .filter(shipping_labels::fulfillment_id.eq(fulfillments::id))
            .filter(shipping_labels::status.eq(LabelStatus::Purchased))
            .filter(shipping_labels::tracking_number.eq(&news.number)),
    );
    let ours: Vec<(OrderId, FulfillmentId)> = fulfillments::table
        .filter(fulfillments::tracking_number.eq(&news.number))
        .filter(fulfillments::status.ne(ShipmentStatus::Cancelled))
        .filter(fulfillments::carrier_token.eq(&news.carrier).assume_not_null().or(of_label))
        .select((fulfillments::order_id, fulfillments::id))
        .load(conn)
        .await?;
    for (order, id) in &ours {
        db::transaction(conn, |conn| async move { apply(conn, *order, *id, news, now).await }.scope_boxed()).await?;
    }
    Ok(!ours.is_empty())
}

async fn apply(
    conn: &mut Connection,
    order: OrderId,
    id: FulfillmentId,
    news: &TrackNews,
    now: DateTime<Utc>,
) -> Result<()> {
    orders::read::row(conn, order, true).await?;
    let row = read::row(conn, order, id).await?;
    if row.tracking_number.as_ref() != Some(&news.number) {
        return Ok(());
    }
    diesel::update(fulfillments::table.find(id))
        .set((fulfillments::tracking_checked_at.eq(now), fulfillments::carrier_token.eq(&news.carrier)))
        .execute(conn)
        .await?;
    let verdict = judge(row.status, row.tracked_at, news);
    if verdict == Verdict::Old {
        return Ok(());
    }
    diesel::update(fulfillments::table.find(id))
        .set((fulfillments::tracking_detail.eq(&news.detail), fulfillments::tracked_at.eq(news.at.or(row.tracked_at))))
        .execute(conn)
        .await?;
    match verdict {
        Verdict::Old => Ok(()),
        Verdict::Detail => orders::read::touch(conn, order, now).await,
        Verdict::Moved(next) => {
            let at = news.at.filter(|at| *at <= now).unwrap_or(now);
            move_to(conn, &row, next, (at, news.detail.as_deref()), "carrier", now).await
        }
    }
}

/// Writes where a parcel is from now on, with all that follows; under the order's lock. `said` is when that happened, and
/// what the carrier says.
///
/// # Errors
/// Those of the database.
pub async fn move_to(
    conn: &mut Connection,
    row: &FulfillmentRow,
    next: ShipmentStatus,
    said: (DateTime<Utc>, Option<&str>),
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let (at, detail) = said;
    let delivered_at = if next == ShipmentStatus::Delivered { Some(at) } else { row.delivered_at };
    diesel::update(fulfillments::table.find(row.id))
        .set((
            fulfillments::status.eq(next),
            fulfillments::shipped_at.eq(row.shipped_at.unwrap_or(at)),
            fulfillments::delivered_at.eq(delivered_at),
        ))
        .execute(conn)
        .await?;
    fulfillment_status::derive(conn, row.order_id, now).await?;
    orders::read::touch(conn, row.order_id, now).await?;
    let told = json!({
        "fulfillment_id": row.id, "status": next, "at": at, "detail": detail, "by": actor, "carrier": row.carrier,
        "tracking_number": row.tracking_number, "tracking_url": row.tracking_url,
    });
    timeline::record(conn, row.order_id, EventKind::ParcelMoved, told, now).await?;
    let cause = |status: ShipmentStatus| format!("{}:{status}", row.id);
    if row.status == ShipmentStatus::Failed {
        alerts::settle(conn, AlertKind::DeliveryFailed, &cause(ShipmentStatus::Failed), now).await?;
    }
    let what = match next {
        ShipmentStatus::Failed => "could not be delivered",
        ShipmentStatus::Returned => "goes back",
        ShipmentStatus::InTransit => return mail::orders::shipped(conn, row.order_id, row.id, now).await,
        ShipmentStatus::Delivered => return mail::orders::delivered(conn, row.order_id, row.id, now).await,
        ShipmentStatus::Pending | ShipmentStatus::LabelPurchased | ShipmentStatus::Cancelled => return Ok(()),
    };
    let said = detail.map(|detail| format!(" The carrier says: {detail}")).unwrap_or_default();
    let text = format!("The parcel {} of order {} {what}.{said}", row.id, row.order_id);
    alerts::raise(conn, AlertKind::DeliveryFailed, &cause(next), Some(row.order_id), &text, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every order of four events.
    fn orders() -> Vec<Vec<usize>> {
        let mut all = vec![vec![]];
        for _ in 0..4 {
            all = all
                .into_iter()
                .flat_map(|seen: Vec<usize>| {
                    let next = (0..4).filter(|index| !seen.contains(index)).collect::<Vec<_>>();
                    next.into_iter().map(move |index| [seen.clone(), vec![index]].concat())
                })
                .collect();
        }
        all
    }

    #[test]
    fn news_come_to_the_same_in_any_order_and_twice() {
        use TrackStatus::{Announced, Delivered, Failure, Returned, Transit};
        let stories = [
            ([Announced, Transit, Failure, Delivered], ShipmentStatus::Delivered),
            ([Transit, Failure, Transit, Delivered], ShipmentStatus::Delivered),
            ([Announced, Transit, Failure, Transit], ShipmentStatus::InTransit),
            ([Announced, Transit, Transit, Failure], ShipmentStatus::Failed),
            ([Transit, Delivered, Transit, Returned], ShipmentStatus::Returned),
        ];
        for (story, end) in stories {
            for order in orders() {
                let (mut status, mut tracked_at) = (ShipmentStatus::LabelPurchased, None);
                for index in order.iter().chain(&order) {
                    let at = DateTime::from_timestamp(i64::try_from(*index).unwrap() * 3600, 0);
                    let news = TrackNews {
                        carrier: "ups".into(),
                        number: "1".into(),
                        status: story[*index],
                        at,
                        detail: None,
                    };
                    let verdict = judge(status, tracked_at, &news);
                    if verdict != Verdict::Old {
                        tracked_at = at;
                    }
                    if let Verdict::Moved(next) = verdict {
                        status = next;
                    }
                }
                assert_eq!(status, end, "{story:?} in the order {order:?}");
            }
        }
    }
}
