//! A customer's address book. Every change locks the customer's row, so that the limit and the defaults hold.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::model::{CustomerAddress, MAX_ADDRESSES};
use super::read;
use super::requests::{AddressPatch, NewAddress};
use crate::db::Connection;
use crate::db::schema::customer_addresses;
use crate::error::{Code, Error, Result};
use crate::ids::{CustomerAddressId, CustomerId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = customer_addresses)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: CustomerAddressId,
    address: Value,
    is_default_shipping: bool,
    is_default_billing: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn shape(row: Row) -> Result<CustomerAddress> {
    let address = serde_json::from_value(row.address)
        .map_err(|error| Error::Internal(format!("customer_addresses.address: {error}")))?;
    Ok(CustomerAddress {
        id: row.id,
        address,
        is_default_shipping: row.is_default_shipping,
        is_default_billing: row.is_default_billing,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A customer's addresses, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, customer: CustomerId) -> Result<Vec<CustomerAddress>> {
    let rows: Vec<Row> = customer_addresses::table
        .filter(customer_addresses::customer_id.eq(customer))
        .order((customer_addresses::created_at, customer_addresses::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(shape).collect()
}

/// Adds an address. In a transaction.
///
/// # Errors
/// `too_many_addresses`.
pub async fn create(
    conn: &mut Connection,
    customer: CustomerId,
    new: &NewAddress,
    now: DateTime<Utc>,
) -> Result<CustomerAddress> {
    read::row(conn, customer, true).await?;
    let mine = customer_addresses::table.filter(customer_addresses::customer_id.eq(customer));
    let count: i64 = mine.count().get_result(conn).await?;
    if count >= MAX_ADDRESSES {
        let detail = format!("A customer keeps at most {MAX_ADDRESSES} addresses. Delete one first.");
        return Err(Error::problem(Code::TooManyAddresses, detail));
    }
    give_way(conn, customer, new.is_default_shipping, new.is_default_billing).await?;
    let row = diesel::insert_into(customer_addresses::table)
        .values((
            customer_addresses::id.eq(CustomerAddressId::new()),
            customer_addresses::customer_id.eq(customer),
            customer_addresses::address.eq(json!(new.address)),
            customer_addresses::is_default_shipping.eq(new.is_default_shipping),
            customer_addresses::is_default_billing.eq(new.is_default_billing),
            customer_addresses::created_at.eq(now),
            customer_addresses::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    shape(row)
}

/// Takes the place of a default from the address that has it.
async fn give_way(conn: &mut Connection, customer: CustomerId, shipping: bool, billing: bool) -> Result<()> {
    let mine = customer_addresses::table.filter(customer_addresses::customer_id.eq(customer));
    if shipping {
        diesel::update(mine.filter(customer_addresses::is_default_shipping))
            .set(customer_addresses::is_default_shipping.eq(false))
            .execute(conn)
            .await?;
    }
    if billing {
        diesel::update(mine.filter(customer_addresses::is_default_billing))
            .set(customer_addresses::is_default_billing.eq(false))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Changes an address. In a transaction.
///
/// # Errors
/// `not_found`, also for somebody else's; `validation_failed` for an address that is cleared.
pub async fn update(
    conn: &mut Connection,
    customer: CustomerId,
    id: CustomerAddressId,
    patch: &AddressPatch,
    now: DateTime<Utc>,
) -> Result<CustomerAddress> {
    read::row(conn, customer, true).await?;
    let address = patch.address.required("/address")?;
    let mine = customer_addresses::table.find(id).filter(customer_addresses::customer_id.eq(customer));
    let there: i64 = mine.count().get_result(conn).await?;
    if there == 0 {
        return Err(Error::not_found("address"));
    }
    let becomes = |default: Option<bool>| default.unwrap_or(false);
    give_way(conn, customer, becomes(patch.is_default_shipping), becomes(patch.is_default_billing)).await?;
    let row = diesel::update(mine)
        .set((
            address.map(|address| customer_addresses::address.eq(json!(address))),
            patch.is_default_shipping.map(|is| customer_addresses::is_default_shipping.eq(is)),
            patch.is_default_billing.map(|is| customer_addresses::is_default_billing.eq(is)),
            customer_addresses::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    shape(row)
}

/// Deletes an address.
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn delete(conn: &mut Connection, customer: CustomerId, id: CustomerAddressId) -> Result<()> {
    let mine = customer_addresses::table.find(id).filter(customer_addresses::customer_id.eq(customer));
    if diesel::delete(mine).execute(conn).await? == 0 { Err(Error::not_found("address")) } else { Ok(()) }
}
