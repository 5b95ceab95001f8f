//! Orders in short, for tables: one statement for a page, whatever the orders hold.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde::Serialize;

use super::list::{self, After, Filter, OrderSort, Row};
use super::model::{DisputeStatus, FulfillmentStatus, OrderStatus, PaymentStatus};
use crate::db::Connection;
use crate::error::Result;
use crate::http::pagination::Page;
use crate::ids::{CustomerId, OrderId};
use crate::money::{Currency, Money};

/// An order in short.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrderSummary {
    /// The order's id.
    pub id: OrderId,
    /// What people call it; given when it is paid.
    #[schema(example = "1001")]
    pub number: Option<String>,
    /// Where it stands as a whole.
    pub status: OrderStatus,
    /// Where the money stands.
    pub payment_status: PaymentStatus,
    /// Where the goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// Whether the payment is disputed.
    pub dispute_status: DisputeStatus,
    /// Whether the amount paid is not the order's, so that staff must decide.
    pub payment_review: bool,
    /// The shopper's e-mail address.
    pub email: String,
    /// Whose it is; `null` when it was bought as a guest.
    pub customer_id: Option<CustomerId>,
    /// Who gets the goods, else who pays.
    pub name: Option<String>,
    /// Where the goods go.
    pub shipping_city: Option<String>,
    /// The country where the goods go, ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    pub shipping_country: Option<String>,
    /// How the goods are sent.
    pub shipping_method: Option<String>,
    /// Units that were bought.
    pub item_count: i64,
    /// Units that are still to be sent.
    pub fulfillable_count: i64,
    /// What it costs.
    pub total: Money,
    /// What was given back.
    pub refunded: Money,
    /// What staff sort it by.
    pub tags: Vec<String>,
    /// Raised by each change.
    pub version: i64,
    /// When the checkout began.
    pub placed_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// What a summary is made of.
const COLUMNS: &str = "orders.id, orders.number, orders.status, orders.payment_status, orders.fulfillment_status, \
    orders.dispute_status, orders.payment_review, orders.email, orders.customer_id, orders.currency, orders.total, \
    orders.tags, orders.version, orders.placed_at, orders.paid_at, orders.cancelled_at, \
    COALESCE(orders.shipping_address ->> 'name', orders.billing_address ->> 'name') AS name, \
    orders.shipping_address ->> 'city' AS shipping_city, orders.shipping_address ->> 'country' AS shipping_country, \
    orders.shipping_rate ->> 'name' AS shipping_method, \
    (SELECT COALESCE(sum(quantity), 0)::bigint FROM order_line_items WHERE order_id = orders.id) AS items, \
    (SELECT COALESCE(sum(quantity - fulfilled_quantity - removed_quantity), 0)::bigint FROM order_line_items \
        WHERE order_id = orders.id AND orders.status IN ('confirmed', 'completed')) AS unsent, \
    (SELECT COALESCE(sum(amount), 0)::bigint FROM refunds WHERE order_id = orders.id AND status = 'succeeded') AS refunded";

#[derive(QueryableByName)]
struct SummaryRow {
    #[diesel(sql_type = SqlUuid)]
    id: OrderId,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Text)]
    status: OrderStatus,
    #[diesel(sql_type = Text)]
    payment_status: PaymentStatus,
    #[diesel(sql_type = Text)]
    fulfillment_status: FulfillmentStatus,
    #[diesel(sql_type = Text)]
    dispute_status: DisputeStatus,
    #[diesel(sql_type = Bool)]
    payment_review: bool,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    customer_id: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    shipping_city: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    shipping_country: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    shipping_method: Option<String>,
    #[diesel(sql_type = BigInt)]
    items: i64,
    #[diesel(sql_type = BigInt)]
    unsent: i64,
    #[diesel(sql_type = Text)]
    currency: Currency,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    refunded: i64,
    #[diesel(sql_type = Array<Text>)]
    tags: Vec<String>,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Timestamptz)]
    placed_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    paid_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    cancelled_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

impl Row for SummaryRow {
    fn id(&self) -> OrderId {
        self.id
    }

    fn sort_key(&self) -> &str {
        &self.sort_key
    }
}

impl From<SummaryRow> for OrderSummary {
    fn from(row: SummaryRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            status: row.status,
            payment_status: row.payment_status,
            fulfillment_status: row.fulfillment_status,
            dispute_status: row.dispute_status,
            payment_review: row.payment_review,
            email: row.email,
            customer_id: row.customer_id,
            name: row.name,
            shipping_city: row.shipping_city,
            shipping_country: row.shipping_country,
            shipping_method: row.shipping_method,
            item_count: row.items,
            fulfillable_count: row.unsent,
            total: Money::new(row.total, row.currency),
            refunded: Money::new(row.refunded, row.currency),
            tags: row.tags,
            version: row.version,
            placed_at: row.placed_at,
            paid_at: row.paid_at,
            cancelled_at: row.cancelled_at,
        }
    }
}

/// A page of orders in short.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn page(
    conn: &mut Connection,
    filter: &Filter,
    order: (OrderSort, Option<&After>),
    limit: i64,
) -> Result<(Vec<OrderSummary>, Page)> {
    let (found, after) = list::rows::<SummaryRow>(conn, COLUMNS, filter, order, limit).await?;
    Ok((found.into_iter().map(OrderSummary::from).collect(), list::page(after.as_ref())))
}
