//! A year that the demo shop has behind it: orders with all that follows them, carts that came to nothing, customers. Made
//! from the day and a fixed seed, so that the same day makes the same year, and written in bulk in one transaction.

mod after;
mod calendar;
mod goods;
mod orders;
mod people;
mod refunds;
mod rows;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sandbox::PastPayment;
use scoped_futures::ScopedFutureExt;
use secrecy::ExposeSecret;
use uuid::Uuid;

use self::goods::Goods;
use self::orders::{Writer, Year};
use self::people::People;
use crate::alerts::{self, AlertKind};
use crate::analytics::roll_up;
use crate::app::App;
use crate::db::schema::{discount_codes, orders as order_rows};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, pool};
use crate::error::Result;
use crate::inventory::{self, Reason, StockAdjustment};

/// What the year is drawn from.
const SEED: u64 = 2026;

/// The most orders that are made.
pub const MOST_ORDERS: u32 = 100_000;

/// The code that shoppers use, each once.
const CODE: &str = "WELCOME10";

/// How many variants run low in the end.
const RUNNING_LOW: usize = 4;

/// What was made.
#[derive(Debug, Default)]
pub struct Past {
    /// In words.
    pub told: String,
    /// What the sandbox should know of it.
    pub payments: Vec<PastPayment>,
}

/// Gives a shop without orders a year of them; a shop that has some is left alone.
///
/// # Errors
/// Those of the database; nothing was written then.
pub async fn seed(app: &App, orders: u32) -> Result<Past> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let nothing = |told: String| Ok(Past { told, payments: Vec::new() });
    let present: i64 = order_rows::table.count().get_result(&mut conn).await?;
    if present > 0 {
        return nothing(format!("The shop has {present} orders already."));
    }
    let goods = Goods::read(&mut conn).await?;
    if goods.is_empty() || orders == 0 {
        return nothing("Nothing was ordered.".to_owned());
    }
    let password = app.passwords.hash(&crate::tokens::random_secret("pw_")).await?;
    let numbers = numbers(&mut conn, orders).await?;
    let mut random = StdRng::seed_from_u64(SEED);
    let moments = calendar::moments(&mut random, orders, now);
    let people = People::new(&password);
    let code = code(&mut conn).await?;
    let mut writer = Writer::new(random, goods, people, numbers, code, now);
    for (number, moment) in (1..).zip(moments) {
        // Draws of its own, so that what depends on the present hour changes this order alone.
        writer.random = StdRng::seed_from_u64(SEED + number);
        writer.order(moment);
        for _ in 0..2 {
            writer.cart_left(moment);
        }
        if writer.random.random_ratio(1, 4) {
            writer.checkout_left(moment);
        }
    }
    let year = writer.finish(RUNNING_LOW);
    write(&mut conn, &year, now).await?;
    drop(conn);
    analyze(app).await;
    let (carts, customers) = (year.rows.count("carts"), year.rows.count("customers"));
    let told = format!("{orders} orders, {carts} carts and {customers} customers made.");
    Ok(Past { told, payments: year.payments })
}

/// The demo's code of ten percent, with its discount, while it is there.
async fn code(conn: &mut Connection) -> Result<Option<(Uuid, Uuid)>> {
    let found: Option<(Uuid, Uuid)> = discount_codes::table
        .filter(discount_codes::code.eq(CODE))
        .filter(discount_codes::usage_limit.is_null())
        .select((discount_codes::discount_id, discount_codes::id))
        .first(conn)
        .await
        .optional()?;
    Ok(found)
}

/// The next numbers of orders.
async fn numbers(conn: &mut Connection, orders: u32) -> Result<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let drawn: Vec<Number> =
        Statement::constant("SELECT nextval('order_number_seq') AS number FROM generate_series(1, $1)")
            .with(Bind::Int(orders.into()))
            .load(conn)
            .await?;
    Ok(drawn.into_iter().map(|drawn| drawn.number).collect())
}

async fn write(conn: &mut Connection, year: &Year, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            diesel::sql_query("SET LOCAL statement_timeout = '5min'").execute(conn).await?;
            year.rows.write(conn).await?;
            goods::watch(conn, &year.low).await?;
            for (variant, gone) in &year.low {
                let note = Some("Counted; some were missing".to_owned());
                let adjustment = StockAdjustment { delta: -gone, reason: Reason::Correction, note };
                inventory::adjust(conn, *variant, &adjustment, now).await?;
            }
            for (order, dispute) in &year.disputes {
                let detail = format!("The payment of order {order} is disputed. Answer at Stripe in time.");
                alerts::raise(conn, AlertKind::Dispute, dispute, Some(*order), &detail, now).await?;
            }
            roll_up::refill(conn, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Counts the tables that hold something. One that is known to be empty would be read from end to end while it fills.
const ANALYZE: &str = "
    DO $$
    DECLARE filled name;
    BEGIN
        FOR filled IN SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
        LOOP
            EXECUTE format('ANALYZE %I', filled);
        END LOOP;
    END
    $$";

/// Tells the planner of so many rows at once; without it, it finds out by itself after a while. As the owner of the tables:
/// for others each is skipped, with a warning.
async fn analyze(app: &App) {
    let analysed = async {
        let mut owner = pool::connect_once(app.config.migration_database_url.expose_secret()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(diesel::sql_query(ANALYZE).execute(&mut owner).await?)
    };
    if let Err(error) = analysed.await {
        tracing::warn!(error, "The tables could not be analysed");
    }
}
