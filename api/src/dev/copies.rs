//! A shop made many times as large: each product and each order as often as wanted, by rows alone. What grows so is not
//! audited and has no stock of its own to balance; it is for plans and times of the database.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::error::Result;

/// A table whose rows are copied: what tells copies apart.
struct Copied {
    table: &'static str,
    /// Keys: a copy's begins with its number, so that keys ascend as those of a shop do.
    ids: &'static [&'static str],
    /// Texts that are unique, or nearly: a copy's ends with its number.
    texts: &'static [&'static str],
}

const fn copied(table: &'static str, ids: &'static [&'static str], texts: &'static [&'static str]) -> Copied {
    Copied { table, ids, texts }
}

/// What is kept for hours, days or weeks and then pruned: it grows with what a shop sells meanwhile, and not with its age.
pub const PASSING: [&str; 5] = ["idempotency_keys", "live_events", "jobs", "webhook_attempts", "quotes"];

/// What belongs to products, customers and orders. A copied order is of the variants that its pattern is of.
const TABLES: [Copied; 29] = [
    copied("products", &["id"], &["slug"]),
    copied("product_slugs", &["product_id"], &["slug"]),
    copied("product_media", &["id", "product_id"], &[]),
    copied("product_prices", &["product_id"], &[]),
    copied("product_search", &["product_id"], &[]),
    copied("collection_products", &["product_id"], &[]),
    copied("variants", &["id", "product_id"], &["sku"]),
    copied("variant_prices", &["variant_id"], &[]),
    copied("stock_levels", &["variant_id"], &[]),
    copied("customers", &["id"], &["email", "stripe_customer_id"]),
    copied("carts", &["id", "customer_id"], &["email"]),
    copied("cart_line_items", &["id", "cart_id"], &[]),
    copied("orders", &["id", "cart_id", "customer_id"], &["number", "payment_intent_id", "email"]),
    copied("order_line_items", &["id", "order_id"], &[]),
    copied("checkouts", &["id", "cart_id", "order_id"], &["idempotency_key", "session_id"]),
    copied("reservations", &["order_id"], &[]),
    copied("order_events", &["id", "order_id"], &[]),
    copied("stock_movements", &["id", "order_id"], &[]),
    copied("fulfillments", &["id", "order_id"], &["tracking_number"]),
    copied("fulfillment_line_items", &["fulfillment_id", "line_item_id"], &[]),
    copied("refunds", &["id", "order_id"], &["provider_refund_id", "payment_intent_id"]),
    copied("refund_line_items", &["refund_id", "line_item_id"], &[]),
    copied("emails", &["id", "subject_id", "order_id"], &["recipient"]),
    copied("webhook_events", &["id"], &["event_id"]),
    copied("webhook_attempts", &["id"], &["event_id"]),
    copied("quotes", &["id", "cart_id"], &[]),
    copied("idempotency_keys", &[], &["key"]),
    copied("live_events", &[], &[]),
    copied("jobs", &["id"], &["dedupe_key"]),
];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_time: bool,
}

/// What can be written of a table.
const COLUMNS: &str = "SELECT attname::text AS name, atttypid = 'timestamptz'::regtype AS is_time FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum";

impl Copied {
    async fn copy(&self, conn: &mut Connection, (from, to): (i64, i64)) -> Result<()> {
        let columns: Vec<Column> = diesel::sql_query(COLUMNS).bind::<Text, _>(self.table).load(conn).await?;
        let values = columns.iter().map(|Column { name, is_time }| {
            if self.ids.contains(&name.as_str()) {
                format!("overlay({name}::text placing lpad(to_hex(copy), 8, '0') from 1 for 8)::uuid")
            } else if self.texts.contains(&name.as_str()) {
                format!("{name} || '-' || copy")
            } else if *is_time {
                format!("{name} - copy * interval '1 second'")
            } else {
                name.clone()
            }
        });
        let (table, values) = (self.table, values.collect::<Vec<_>>().join(", "));
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        // What a copy still had to do would be done.
        let finished = if table == "jobs" { " WHERE status = 'done'" } else { "" };
        let copies = format!(
            "INSERT INTO {table} ({}) SELECT {values} FROM generate_series({from}, {to} - 1) AS copy, pattern_{table}{finished}",
            names.join(", ")
        );
        diesel::sql_query(copies).execute(conn).await?;
        Ok(())
    }
}

/// Keeps the rows that there are as the pattern of copies. The connection is the owner's, and good for nothing else
/// afterwards: nothing that it writes is held against what it refers to.
///
/// # Errors
/// Those of the database.
pub async fn keep(conn: &mut Connection) -> Result<()> {
    for setting in ["session_replication_role = replica", "synchronous_commit = off", "statement_timeout = 0"] {
        diesel::sql_query(format!("SET {setting}")).execute(conn).await?;
    }
    for Copied { table, .. } in &TABLES {
        diesel::sql_query(format!("CREATE TABLE pattern_{table} AS TABLE {table}")).execute(conn).await?;
    }
    Ok(())
}

/// Lets a shop that is so many times the pattern grow to so many times, but for some tables, and has the planner know of it.
///
/// # Errors
/// Those of the database.
pub async fn grow(conn: &mut Connection, (from, to): (i64, i64), without: &[&str]) -> Result<()> {
    for table in TABLES.iter().filter(|copied| !without.contains(&copied.table)) {
        table.copy(conn, (from, to)).await?;
    }
    diesel::sql_query("VACUUM ANALYZE").execute(conn).await?;
    Ok(())
}
