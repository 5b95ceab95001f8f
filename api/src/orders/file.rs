//! Orders as a CSV file, in pieces: nobody holds the whole of it in memory, nor a connection while a client reads.

use std::sync::Arc;

use actix_web::web::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use futures_util::stream::{self, Stream, StreamExt};

use super::list::{self, After, Filter, OrderSort, Row};
use super::read::OrderRow;
use crate::app::App;
use crate::error::Result;
use crate::http::csv::{self, harmless};
use crate::ids::OrderId;
use crate::money::Money;

/// How many orders are read at a time.
const PIECE: i64 = 500;

const HEADINGS: [&str; 33] = [
    "number",
    "placed_at",
    "paid_at",
    "cancelled_at",
    "status",
    "payment_status",
    "fulfillment_status",
    "dispute_status",
    "email",
    "customer_id",
    "name",
    "company",
    "line1",
    "line2",
    "city",
    "state",
    "postal_code",
    "country",
    "phone",
    "shipping_method",
    "items",
    "item_count",
    "currency",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "total",
    "refunded",
    "discount_codes",
    "tags",
    "payment_intent_id",
    "order_id",
];

/// What a row is made of.
const COLUMNS: &str = "orders.*, array_to_string(orders.tags, ', ') AS all_tags, \
    (SELECT string_agg(quantity || ' x ' || sku, '; ' ORDER BY position) FROM order_line_items \
        WHERE order_id = orders.id) AS items, \
    (SELECT COALESCE(sum(quantity), 0)::bigint FROM order_line_items WHERE order_id = orders.id) AS item_count, \
    (SELECT COALESCE(sum(amount), 0)::bigint FROM refunds WHERE order_id = orders.id AND status = 'succeeded') AS refunded, \
    (SELECT string_agg(code, ', ') FROM jsonb_to_recordset(orders.discounts) AS given (code text)) AS codes";

#[derive(QueryableByName)]
struct FileRow {
    #[diesel(embed)]
    order: OrderRow,
    #[diesel(sql_type = Text)]
    all_tags: String,
    #[diesel(sql_type = Nullable<Text>)]
    items: Option<String>,
    #[diesel(sql_type = BigInt)]
    item_count: i64,
    #[diesel(sql_type = BigInt)]
    refunded: i64,
    #[diesel(sql_type = Nullable<Text>)]
    codes: Option<String>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

impl Row for FileRow {
    fn id(&self) -> OrderId {
        self.order.id
    }

    fn sort_key(&self) -> &str {
        &self.sort_key
    }
}

/// The file, whose first piece is there already, so that whoever may not have it, or asks for nonsense, is answered a
/// problem. A failure later cuts the answer off, which clients see.
///
/// # Errors
/// Those of the database.
pub async fn file(app: Arc<App>, filter: Filter, sort: OrderSort) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
    let filter = Arc::new(filter);
    let (rows, after) = piece(&app, &filter, sort, None).await?;
    let headings = HEADINGS.map(str::to_owned).to_vec();
    let first = Bytes::from(csv::rows(std::iter::once(headings).chain(rows.iter().map(cells)))?);
    let rest = stream::try_unfold(after, move |after| {
        let (app, filter) = (Arc::clone(&app), Arc::clone(&filter));
        async move {
            let Some(after) = after else { return Ok(None) };
            let (rows, after) = piece(&app, &filter, sort, Some(after)).await?;
            Ok(Some((Bytes::from(csv::rows(rows.iter().map(cells))?), after)))
        }
    });
    Ok(stream::once(std::future::ready(Ok(first))).chain(rest))
}

/// To its end even when the client goes away: a query that is cut off would cost its connection.
async fn piece(
    app: &Arc<App>,
    filter: &Arc<Filter>,
    sort: OrderSort,
    after: Option<After>,
) -> Result<(Vec<FileRow>, Option<After>)> {
    let (task_app, filter) = (Arc::clone(app), Arc::clone(filter));
    app.run_to_end(async move {
        let mut conn = task_app.connection().await?;
        list::rows(&mut conn, COLUMNS, &filter, (sort, after.as_ref()), PIECE).await
    })
    .await
}

fn cells(row: &FileRow) -> Vec<String> {
    let order = &row.order;
    let decimal = |amount| Money::new(amount, order.currency).decimal();
    let time =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    let text = |text: &Option<String>| text.as_deref().map(harmless).unwrap_or_default();
    let address = order.shipping_address.as_ref().or(order.billing_address.as_ref());
    let part = |name: &str| address.and_then(|address| address.get(name)?.as_str()).map(harmless).unwrap_or_default();
    let method = order.shipping_rate.as_ref().and_then(|rate| rate.get("name")?.as_str()).map(harmless);
    vec![
        order.number.clone().unwrap_or_default(),
        time(Some(order.placed_at)),
        time(order.paid_at),
        time(order.cancelled_at),
        order.status.to_string(),
        order.payment_status.to_string(),
        order.fulfillment_status.to_string(),
        order.dispute_status.to_string(),
        harmless(&order.email),
        order.customer_id.map(|id| id.to_string()).unwrap_or_default(),
        part("name"),
        part("company"),
        part("line1"),
        part("line2"),
        part("city"),
        part("state"),
        part("postal_code"),
        part("country"),
        part("phone"),
        method.unwrap_or_default(),
        text(&row.items),
        row.item_count.to_string(),
        order.currency.to_string(),
        decimal(order.subtotal),
        decimal(order.discount),
        decimal(order.shipping),
        decimal(order.tax_added + order.tax_included),
        decimal(order.total),
        decimal(row.refunded),
        text(&row.codes),
        harmless(&row.all_tags),
        order.payment_intent_id.clone().unwrap_or_default(),
        order.id.to_string(),
    ]
}
