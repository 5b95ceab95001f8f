//! Customers: accounts, their sessions, addresses and carts. Who has an account is never told to strangers: every
//! request that may or may not concern one is written down, and a job finds out ([`account_mail`]).

pub mod account;
pub mod account_mail;
pub mod account_routes;
pub mod address_routes;
pub mod addresses;
pub mod admin;
pub mod claim;
pub mod directory;
pub mod erase;
pub mod me_routes;
pub mod merge;
pub mod model;
pub mod password;
pub mod read;
pub mod requests;
pub mod session_routes;
pub mod sessions;
pub mod stripe;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{account_requests, customer_registrations, customer_sessions, customers, password_resets};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{AccountRequestId, CustomerId};
use crate::jobs::{Job, queue};

/// How long a request or a new customer may wait for its own job.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// When Stripe is asked again for a customer of which its answer stayed unknown.
const ASKED_AGAIN: TimeDelta = TimeDelta::days(1);

/// How many of a kind one run looks at.
const BATCH: i64 = 200;

/// How long what is over is kept, so that its tokens still get a clear answer.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Queues a job for each request and each new customer that nobody looks after.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let requests: Vec<AccountRequestId> = account_requests::table
        .filter(account_requests::created_at.lt(now - PATIENCE))
        .select(account_requests::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in requests {
        queue::enqueue(conn, Job::AccountMail(id), &id.to_string(), now, now).await?;
    }
    let unknown: Vec<CustomerId> = customers::table
        .filter(customers::stripe_customer_id.is_null())
        .filter(customers::stripe_refused_at.is_null())
        .filter(customers::created_at.lt(now - PATIENCE))
        // Whose job died without knowing the outcome: asked again each day, so that no orphan stays at Stripe.
        .filter(customers::stripe_asked_at.is_null().or(customers::stripe_asked_at.lt(now - ASKED_AGAIN)))
        .select(customers::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in unknown {
        queue::enqueue(conn, Job::CreateStripeCustomer(id), &id.to_string(), now, now).await?;
    }
    Ok(())
}

/// Deletes registrations, resets, sessions and refresh tokens that are over, and requests that no job answered.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let before = now - KEPT;
    diesel::delete(customer_registrations::table.filter(customer_registrations::expires_at.lt(before)))
        .execute(conn)
        .await?;
    diesel::delete(password_resets::table.filter(password_resets::expires_at.lt(before))).execute(conn).await?;
    let over = customer_sessions::expires_at.lt(now).or(customer_sessions::revoked_at.lt(before).assume_not_null());
    diesel::delete(customer_sessions::table.filter(over)).execute(conn).await?;
    diesel::delete(account_requests::table.filter(account_requests::created_at.lt(before))).execute(conn).await?;
    sessions::prune_tokens(conn, now).await
}
