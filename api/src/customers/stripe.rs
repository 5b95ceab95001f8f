//! Making a customer known to Stripe. Ours is committed before and is whole without: a failure here leaves nothing at
//! Stripe that nobody knows, and a failure there leaves a customer whose sessions name the e-mail address instead.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::app::App;
use crate::db::Connection;
use crate::db::schema::{customers, orders};
use crate::error::Result;
use crate::ids::{CustomerId, OrderId};
use crate::payments::{NewStripeCustomer, ProviderError};

/// Creates the customer at Stripe, or finds the one that an earlier try made.
///
/// # Errors
/// While Stripe's answer is unknown: the job is tried again.
pub async fn create(app: &App, id: CustomerId) -> Result<()> {
    type Columns = (String, Option<String>, i32);
    let unknown = customers::table.find(id).filter(customers::stripe_customer_id.is_null());
    let unknown = unknown.filter(customers::stripe_refused_at.is_null());
    let row: Option<Columns> = {
        let mut conn = app.connection().await?;
        // Counted before sending: a later sender then knows that it is not the first.
        diesel::update(unknown)
            .set((
                customers::stripe_sends.eq(customers::stripe_sends + 1),
                customers::stripe_asked_at.eq(app.clock.now()),
            ))
            .returning((customers::email, customers::name, customers::stripe_sends))
            .get_result(&mut conn)
            .await
            .optional()?
    };
    let Some((email, name, sends)) = row else { return Ok(()) };
    let our_id = id.to_string();
    let found = if sends > 1 { app.stripe.find_customer(&our_id, &email).await? } else { None };
    let stripe_id = match found {
        Some(found) => found,
        None => {
            let new = NewStripeCustomer { our_id: &our_id, email: &email, name: name.as_deref() };
            match send(app, &new, sends).await {
                Ok(made) => made,
                Err(ProviderError::Rejected { code, .. }) => {
                    tracing::warn!(customer.id = %id, stripe.code = code, "Stripe refuses to create a customer");
                    let mut conn = app.connection().await?;
                    return give_up(&mut conn, id, app.clock.now()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    app.faults.point("after_stripe_customer").await;
    let mut conn = app.connection().await?;
    diesel::update(customers::table.find(id).filter(customers::stripe_customer_id.is_null()))
        .set((customers::stripe_customer_id.eq(stripe_id), customers::updated_at.eq(app.clock.now())))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// One key for ever; a fresh one only where Stripe replays a failure of its own under that, and has no such customer.
async fn send(app: &App, new: &NewStripeCustomer<'_>, sends: i32) -> Result<String, ProviderError> {
    let key = format!("customer:{}", new.our_id);
    match app.stripe.create_customer(&key, new).await {
        Err(ProviderError::Unknown { stored: true, .. }) if sends > 1 => {
            app.stripe.create_customer(&format!("{key}:{sends}"), new).await
        }
        sent => sent,
    }
}

/// Forgets how Stripe knew an order's customer, since it does no more: somebody deleted it there. The next checkout names
/// the e-mail address.
///
/// # Errors
/// Those of the database.
pub async fn forget(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let customer: Option<CustomerId> = orders::table.find(order).select(orders::customer_id).first(conn).await?;
    if let Some(customer) = customer {
        give_up(conn, customer, now).await?;
    }
    Ok(())
}

/// Stripe does not know the customer and is not asked again: its sessions name the e-mail address.
async fn give_up(conn: &mut Connection, id: CustomerId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(customers::table.find(id))
        .set((
            customers::stripe_customer_id.eq(None::<String>),
            customers::stripe_refused_at.eq(now),
            customers::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
