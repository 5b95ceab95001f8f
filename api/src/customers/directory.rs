//! Customers as staff see them: found, with what they bought, and with what staff note about them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::model::CustomerAddress;
use super::requests::{CustomerPatch, StaffCustomerPatch};
use super::{account, addresses, read};
use crate::catalog::list::{MOST_COUNTED, TotalCount};
use crate::db::schema::customers;
use crate::db::statement::{Bind, Statement, holding};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::pagination::{self, Page};
use crate::ids::{CartId, CustomerId};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

text_enum! {
    /// The order of a list of customers.
    CustomerSort {
        /// The newest first.
        Newest => "-created_at",
        /// The oldest first.
        Oldest => "created_at",
        /// By e-mail address, A to Z.
        Email => "email",
    }
}

/// What a customer bought.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Purchases {
    /// Orders that were paid, whatever became of them.
    pub order_count: i64,
    /// What was paid for them and not given back, by currency.
    pub total_spent: Vec<Money>,
    /// When the newest was placed.
    pub last_order_at: Option<DateTime<Utc>>,
}

/// A customer in a list of staff.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CustomerSummary {
    /// The customer's id.
    pub id: CustomerId,
    /// The verified e-mail address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// What they bought.
    pub purchases: Purchases,
    /// When the e-mail address was verified.
    pub created_at: DateTime<Utc>,
    /// When their data was erased.
    pub erased_at: Option<DateTime<Utc>>,
}

/// A customer as staff see them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffCustomer {
    /// The customer's id.
    pub id: CustomerId,
    /// The verified e-mail address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// The language of e-mails.
    pub locale: Option<Locale>,
    /// The shop's own data, which the customer may change too.
    pub metadata: Metadata,
    /// What staff note; customers never see it.
    pub note: Option<String>,
    /// What they bought; the orders are `GET /v1/admin/order-summaries?customer_id=…`.
    pub purchases: Purchases,
    /// Their address book, oldest first.
    pub addresses: Vec<CustomerAddress>,
    /// Their open cart, if there is one.
    pub open_cart_id: Option<CartId>,
    /// How many devices are logged in.
    pub session_count: i64,
    /// How Stripe knows them.
    #[schema(example = "cus_SqX…")]
    pub stripe_customer_id: Option<String>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When the e-mail address was verified.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When their data was erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// Why.
    pub erase_reason: Option<String>,
}

/// Who is in a customer's row, as `customers_people_idx` holds it.
const PEOPLE: &str = "lower(email || ' ' || COALESCE(name, '') || ' ' || COALESCE(phone, ''))";

/// The shortest word that is looked for inside of [`PEOPLE`]; trigrams find no shorter one.
const SHORTEST: usize = 3;

/// Where a page goes on: after this key and customer, in this order.
#[derive(Debug, Serialize, Deserialize)]
struct After(CustomerSort, String, CustomerId);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: CustomerId,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    phone: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    erased_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

/// ` WHERE …` over a customer: every word of what was searched for; short ones alone begin the e-mail address.
fn condition(search: Option<&str>) -> Statement {
    let mut statement = Statement::default();
    statement.push(" WHERE true");
    let text = search.unwrap_or_default().trim();
    if let Ok(id) = text.parse::<CustomerId>() {
        statement.push(" AND id = ").bind(Bind::Uuid(id.0));
        return statement;
    }
    let words: Vec<&str> = text.split_whitespace().take(8).collect();
    let is_long = words.iter().any(|word| word.chars().count() >= SHORTEST);
    for word in words {
        let found = if is_long { Statement::contains(PEOPLE, word) } else { begins_with(word) };
        statement.push(" AND ").append(found);
    }
    statement
}

/// That the e-mail address begins with a word, as `customers_email_prefix_idx` finds it.
fn begins_with(word: &str) -> Statement {
    let pattern = holding(word).trim_start_matches('%').to_owned();
    let mut statement = Statement::default();
    statement.push("lower(email) LIKE lower(").bind(Bind::Text(pattern)).push(")");
    statement
}

fn not_ours() -> Error {
    let detail = "is not a cursor of this list; send `next_cursor` of the page before, with the same `sort`";
    Error::invalid_query("cursor", "invalid", detail)
}

/// A page of customers.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn page(
    conn: &mut Connection,
    search: Option<&str>,
    sort: CustomerSort,
    (cursor, limit): (Option<&str>, i64),
) -> Result<(Vec<CustomerSummary>, Page)> {
    let after: Option<After> = pagination::decode_key(cursor)?;
    let (key, direction) = match sort {
        CustomerSort::Newest => ("created_at", "DESC"),
        CustomerSort::Oldest => ("created_at", "ASC"),
        CustomerSort::Email => ("lower(email)", "ASC"),
    };
    let mut statement = Statement::default();
    statement.push("SELECT id, email, name, phone, created_at, erased_at, ").push(match sort {
        CustomerSort::Newest | CustomerSort::Oldest => {
            "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        }
        CustomerSort::Email => key,
    });
    statement.push(" AS sort_key FROM customers").append(condition(search));
    if let Some(After(of, after, id)) = after {
        if of != sort || after.contains('\0') {
            return Err(not_ours());
        }
        statement.push(&format!(" AND ({key}, id) {} (", if direction == "ASC" { ">" } else { "<" }));
        statement.bind(match sort {
            CustomerSort::Newest | CustomerSort::Oldest => {
                let time = after.parse::<DateTime<Utc>>().ok().filter(|time| pagination::check_time(time).is_ok());
                Bind::Time(time.ok_or_else(not_ours)?)
            }
            CustomerSort::Email => Bind::Text(after),
        });
        statement.push(", ").bind(Bind::Uuid(id.0)).push(")");
    }
    statement.push(&format!(" ORDER BY {key} {direction}, id {direction} LIMIT ")).bind(Bind::Int(limit + 1));
    let found: Vec<Row> = statement.load(conn).await?;
    let (rows, page) = pagination::paginate(found, limit, |row| After(sort, row.sort_key.clone(), row.id));
    let mut bought = purchases(conn, rows.iter().map(|row| row.id).collect()).await?;
    let summary = |row: Row| CustomerSummary {
        purchases: bought.remove(&row.id).unwrap_or_default(),
        id: row.id,
        email: row.email,
        name: row.name,
        phone: row.phone,
        created_at: row.created_at,
        erased_at: row.erased_at,
    };
    Ok((rows.into_iter().map(summary).collect(), page))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Counts what is found, up to a bound.
///
/// # Errors
/// Those of the database.
pub async fn total_count(conn: &mut Connection, search: Option<&str>) -> Result<TotalCount> {
    let mut statement = Statement::default();
    statement.push("SELECT count(*) AS count FROM (SELECT 1 FROM customers").append(condition(search));
    statement.push(" LIMIT ").bind(Bind::Int(MOST_COUNTED + 1)).push(") AS bounded");
    let counted: Option<Counted> = statement.optional(conn).await?;
    Ok(TotalCount::of(counted.map_or(0, |counted| counted.count)))
}

#[derive(QueryableByName)]
struct Bought {
    #[diesel(sql_type = SqlUuid)]
    customer_id: CustomerId,
    #[diesel(sql_type = Text)]
    currency: Currency,
    #[diesel(sql_type = BigInt)]
    orders: i64,
    #[diesel(sql_type = BigInt)]
    spent: i64,
    #[diesel(sql_type = Timestamptz)]
    last: DateTime<Utc>,
}

/// What these customers bought, in one statement.
async fn purchases(conn: &mut Connection, of: Vec<CustomerId>) -> Result<HashMap<CustomerId, Purchases>> {
    let rows: Vec<Bought> = Statement::constant(
        "SELECT customer_id, currency, count(*) AS orders, max(placed_at) AS last, sum(captured - COALESCE(( \
             SELECT sum(amount) FROM refunds WHERE order_id = orders.id AND status = 'succeeded'), 0))::bigint AS spent \
         FROM orders WHERE customer_id = ANY($1) AND paid_at IS NOT NULL \
         GROUP BY customer_id, currency ORDER BY customer_id, currency",
    )
    .with(Bind::Uuids(of.into_iter().map(|id| id.0).collect()))
    .load(conn)
    .await?;
    let mut found: HashMap<CustomerId, Purchases> = HashMap::new();
    for row in rows {
        let purchases = found.entry(row.customer_id).or_default();
        purchases.order_count += row.orders;
        purchases.total_spent.push(Money::new(row.spent, row.currency));
        purchases.last_order_at = purchases.last_order_at.max(Some(row.last));
    }
    Ok(found)
}

/// A customer as staff see them.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: CustomerId, now: DateTime<Utc>) -> Result<StaffCustomer> {
    type More = (Option<String>, Option<String>, Option<DateTime<Utc>>, Option<String>);
    let row = read::row(conn, id, false).await?;
    let more = (customers::note, customers::stripe_customer_id, customers::erased_at, customers::erase_reason);
    let (note, stripe_customer_id, erased_at, erase_reason): More =
        customers::table.find(id).select(more).first(conn).await?;
    let customer = read::shape(conn, row).await?;
    Ok(StaffCustomer {
        id,
        email: customer.email,
        name: customer.name,
        phone: customer.phone,
        locale: customer.locale,
        metadata: customer.metadata,
        note,
        purchases: purchases(conn, vec![id]).await?.remove(&id).unwrap_or_default(),
        addresses: addresses::list(conn, id).await?,
        open_cart_id: customer.open_cart_id,
        session_count: super::sessions::count(conn, id, now).await?,
        stripe_customer_id,
        version: customer.version,
        created_at: customer.created_at,
        updated_at: customer.updated_at,
        erased_at,
        erase_reason,
    })
}

/// Changes a customer for staff. In a transaction.
///
/// # Errors
/// `not_found`, `precondition_failed`; `wrong_status` for one whose data was erased.
pub async fn update(
    conn: &mut Connection,
    id: CustomerId,
    patch: &StaffCustomerPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<()> {
    super::erase::require_present(conn, id).await?;
    let own = CustomerPatch {
        name: patch.name.clone(),
        phone: patch.phone.clone(),
        locale: patch.locale.clone(),
        metadata: patch.metadata.clone(),
    };
    account::update(conn, id, &own, expected, now).await?;
    if let Some(note) = patch.note.column() {
        diesel::update(customers::table.find(id)).set(customers::note.eq(note)).execute(conn).await?;
    }
    Ok(())
}
