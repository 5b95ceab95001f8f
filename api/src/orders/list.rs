//! Lists of orders for staff: filters, one search box, sorts, keyset pages. One statement finds the rows; [`super::read`]
//! adds what belongs to whole orders.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};

use super::model::{DisputeStatus, FulfillmentStatus, Order, OrderStatus, PaymentStatus};
use super::read::{self, OrderRow};
use super::search;
use crate::catalog::list::{MOST_COUNTED, TotalCount};
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::http::pagination::{self, Page};
use crate::ids::{CustomerId, OrderId};
use crate::money::Currency;

text_enum! {
    /// The order of a list of orders.
    OrderSort {
        /// The newest first.
        Newest => "-placed_at",
        /// The oldest first.
        Oldest => "placed_at",
        /// The dearest first; with `currency` only.
        Dearest => "-total",
        /// The cheapest first; with `currency` only.
        Cheapest => "total",
        /// The highest number first; orders without a number last.
        NumberDown => "-number",
        /// The lowest number first; orders without a number before it.
        NumberUp => "number",
    }
}

text_enum! {
    /// What an order needs a person for.
    OrderNeed {
        /// Paid, not given back, and something of it is still to be sent.
        Fulfillment => "fulfillment",
        /// Another amount was paid than it costs.
        Review => "review",
        /// The customer disputes the payment, and it is not decided.
        Dispute => "dispute",
    }
}

/// That an order is paid, not given back, and something of it is still to be sent.
pub const TO_FULFILL: &str = "orders.status = 'confirmed' AND orders.payment_status <> 'refunded' AND EXISTS ( \
    SELECT FROM order_line_items AS line WHERE line.order_id = orders.id \
        AND line.quantity > line.fulfilled_quantity + line.removed_quantity)";

/// That a dispute of an order is not decided.
pub const DISPUTED: &str = "orders.dispute_status IN ('warning', 'open')";

/// Which orders a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this status.
    pub status: Option<OrderStatus>,
    /// Only of this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// Only of this fulfillment status.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// Only of this dispute status.
    pub dispute_status: Option<DisputeStatus>,
    /// Only what needs a person for this.
    pub needs: Option<OrderNeed>,
    /// Only in this currency.
    pub currency: Option<Currency>,
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only of this e-mail address, however it is written.
    pub email: Option<String>,
    /// Only with this discount code, in capitals.
    pub discount_code: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only placed then or later.
    pub placed_from: Option<DateTime<Utc>>,
    /// Only placed before.
    pub placed_to: Option<DateTime<Utc>>,
    /// Only of at least this total.
    pub min_total: Option<i64>,
    /// Only of at most this total.
    pub max_total: Option<i64>,
    /// What was searched for.
    pub search: Option<String>,
}

impl Filter {
    /// `WHERE …` over an order.
    fn condition(&self) -> Statement {
        let mut statement = Statement::default();
        statement.push(" WHERE true");
        let texts = [
            (" AND orders.status = ", self.status.map(OrderStatus::as_str)),
            (" AND orders.payment_status = ", self.payment_status.map(PaymentStatus::as_str)),
            (" AND orders.fulfillment_status = ", self.fulfillment_status.map(FulfillmentStatus::as_str)),
            (" AND orders.dispute_status = ", self.dispute_status.map(DisputeStatus::as_str)),
        ];
        for (text, value) in texts {
            if let Some(value) = value {
                statement.push(text).bind(Bind::Text(value.to_owned()));
            }
        }
        match self.needs {
            Some(OrderNeed::Fulfillment) => statement.push(" AND ").push(TO_FULFILL),
            Some(OrderNeed::Review) => statement.push(" AND orders.payment_review"),
            Some(OrderNeed::Dispute) => statement.push(" AND ").push(DISPUTED),
            None => &mut statement,
        };
        statement.append(self.of_whom()).append(self.of_what());
        if let Some(text) = &self.search {
            statement.append(search::condition(text));
        }
        statement
    }

    fn of_whom(&self) -> Statement {
        let mut statement = Statement::default();
        if let Some(customer) = self.customer {
            statement.push(" AND orders.customer_id = ").bind(Bind::Uuid(customer.0));
        }
        if let Some(email) = &self.email {
            statement.push(" AND lower(orders.email) = lower(").bind(Bind::Text(email.clone())).push(")");
        }
        if let Some(code) = &self.discount_code {
            let wanted = Bind::json(&serde_json::json!([{"code": code}]));
            statement.push(" AND orders.discounts <> '[]' AND orders.discounts @> ").bind(wanted);
        }
        if let Some(tag) = &self.tag {
            statement.push(" AND orders.tags <> '{}' AND orders.tags @> ").bind(Bind::Texts(vec![tag.clone()]));
        }
        statement
    }

    fn of_what(&self) -> Statement {
        let mut statement = Statement::default();
        if let Some(currency) = self.currency {
            statement.push(" AND orders.currency = ").bind(Bind::Text(currency.to_string()));
        }
        let times = [(" AND orders.placed_at >= ", self.placed_from), (" AND orders.placed_at < ", self.placed_to)];
        for (text, time) in times {
            if let Some(time) = time {
                statement.push(text).bind(Bind::Time(time));
            }
        }
        let totals = [(" AND orders.total >= ", self.min_total), (" AND orders.total <= ", self.max_total)];
        for (text, total) in totals {
            if let Some(total) = total {
                statement.push(text).bind(Bind::Int(total));
            }
        }
        statement
    }
}

/// Where a page goes on: after this key and order, in this sort.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct After(OrderSort, String, OrderId);

impl After {
    /// Reads a cursor of a list in this sort.
    ///
    /// # Errors
    /// `invalid_query` for a cursor of another list.
    pub fn decode(cursor: Option<&str>, sort: OrderSort) -> Result<Option<Self>> {
        let after: Option<Self> = pagination::decode_key(cursor)?;
        match after {
            Some(Self(of, key, _)) if of != sort || key.contains('\0') => Err(not_ours()),
            after => Ok(after),
        }
    }
}

fn not_ours() -> Error {
    let detail = "is not a cursor of this list; send `next_cursor` of the page before, with the same `sort`";
    Error::invalid_query("cursor", "invalid", detail)
}

/// A row of a list, with what it is sorted by.
pub trait Row: QueryableByName<Pg> + Send + 'static {
    /// The order.
    fn id(&self) -> OrderId;
    /// What it is sorted by, as text.
    fn sort_key(&self) -> &str;
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(embed)]
    order: OrderRow,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

impl Row for Found {
    fn id(&self) -> OrderId {
        self.order.id
    }

    fn sort_key(&self) -> &str {
        &self.sort_key
    }
}

/// Some rows in order, up to `limit`, and where the list goes on.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn rows<R: Row>(
    conn: &mut Connection,
    columns: &str,
    filter: &Filter,
    (sort, after): (OrderSort, Option<&After>),
    limit: i64,
) -> Result<(Vec<R>, Option<After>)> {
    let (key, direction) = match sort {
        OrderSort::Newest => ("orders.placed_at", "DESC"),
        OrderSort::Oldest => ("orders.placed_at", "ASC"),
        OrderSort::Dearest => ("orders.total", "DESC"),
        OrderSort::Cheapest => ("orders.total", "ASC"),
        OrderSort::NumberDown => ("(COALESCE(lpad(orders.number, 20, '0'), '') COLLATE \"C\")", "DESC"),
        OrderSort::NumberUp => ("(COALESCE(lpad(orders.number, 20, '0'), '') COLLATE \"C\")", "ASC"),
    };
    let mut statement = Statement::default();
    statement.push("SELECT ").push(columns).push(", ");
    // Times keep their microseconds whatever the session's settings are.
    statement.push(match sort {
        OrderSort::Newest | OrderSort::Oldest => {
            "to_char(orders.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        }
        OrderSort::Dearest | OrderSort::Cheapest | OrderSort::NumberDown | OrderSort::NumberUp => key,
    });
    statement.push("::text AS sort_key FROM orders").append(filter.condition());
    if let Some(After(_, after, id)) = after {
        statement.push(&format!(" AND ({key}, orders.id) {} (", if direction == "ASC" { ">" } else { "<" }));
        statement.bind(bound(sort, after)?).push(", ").bind(Bind::Uuid(id.0)).push(")");
    }
    statement.push(&format!(" ORDER BY {key} {direction}, orders.id {direction} LIMIT ")).bind(Bind::Int(limit + 1));
    let mut found: Vec<R> = statement.load(conn).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|last| After(sort, last.sort_key().to_owned(), last.id()));
    Ok((found, last))
}

/// A cursor's key as the type of what is sorted by.
fn bound(sort: OrderSort, key: &str) -> Result<Bind> {
    match sort {
        OrderSort::Newest | OrderSort::Oldest => {
            let time = key.parse::<DateTime<Utc>>().ok().filter(|time| pagination::check_time(time).is_ok());
            time.map(Bind::Time).ok_or_else(not_ours)
        }
        OrderSort::Dearest | OrderSort::Cheapest => key.parse().ok().map(Bind::Int).ok_or_else(not_ours),
        OrderSort::NumberDown | OrderSort::NumberUp => Ok(Bind::Text(key.to_owned())),
    }
}

/// The page that its rows and their end make.
#[must_use]
pub fn page(after: Option<&After>) -> Page {
    Page { next_cursor: after.map(pagination::encode), has_more: after.is_some() }
}

/// A page of whole orders.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn orders(
    conn: &mut Connection,
    filter: &Filter,
    order: (OrderSort, Option<&After>),
    limit: i64,
) -> Result<(Vec<Order>, Page)> {
    let (found, after) = rows::<Found>(conn, "orders.*", filter, order, limit).await?;
    let rows = found.into_iter().map(|found| found.order).collect();
    Ok((read::assemble(conn, rows, true).await?, page(after.as_ref())))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Counts what a filter holds, up to a bound.
///
/// # Errors
/// Those of the database.
pub async fn total_count(conn: &mut Connection, filter: &Filter) -> Result<TotalCount> {
    let mut statement = Statement::default();
    statement.push("SELECT count(*) AS count FROM (SELECT 1 FROM orders").append(filter.condition());
    statement.push(" LIMIT ").bind(Bind::Int(MOST_COUNTED + 1)).push(") AS bounded");
    let counted: Option<Counted> = statement.optional(conn).await?;
    Ok(TotalCount::of(counted.map_or(0, |counted| counted.count)))
}
