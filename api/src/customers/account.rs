//! Accounts: from a registration to a verified customer, and new passwords.
//!
//! An account comes into being only when its link is followed, and its password is chosen there: who registers somebody
//! else's address gains nothing, even if its owner follows the link.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use uuid::Uuid;

use super::account_mail::{self, Asked};
use super::read::{self, CustomerRow, lower};
use super::requests::{CustomerPatch, NewCustomer};
use super::sessions;
use crate::db::schema::{customer_registrations, customers, password_resets};
use crate::db::{Connection, OnConstraint};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::{CustomerId, CustomerSessionId, PasswordResetId, RegistrationId};
use crate::jobs::{Job, queue};
use crate::locale::Locale;
use crate::mail::{self, EmailKind, NewEmail};
use crate::metadata::Metadata;

/// How long a verification link works.
const VERIFICATION: TimeDelta = TimeDelta::hours(24);

/// Writes a registration down, with the request for its mail. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn register(conn: &mut Connection, new: &NewCustomer, now: DateTime<Utc>) -> Result<()> {
    let id = RegistrationId::new();
    let locale = new.locale.as_ref().map(Locale::as_str);
    diesel::insert_into(customer_registrations::table)
        .values((
            customer_registrations::id.eq(id),
            customer_registrations::email.eq(&new.email.0),
            customer_registrations::name.eq(&new.name),
            customer_registrations::phone.eq(&new.phone),
            customer_registrations::locale.eq(locale),
            customer_registrations::created_at.eq(now),
            customer_registrations::expires_at.eq(now + VERIFICATION),
        ))
        .execute(conn)
        .await?;
    account_mail::ask(conn, &Asked::Registration { id, email: &new.email.0, locale }, now).await
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = customer_registrations)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Registration {
    id: RegistrationId,
    email: String,
    name: Option<String>,
    phone: Option<String>,
    locale: Option<String>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

impl Registration {
    /// Refuses a registration whose link does nothing any more.
    fn require_live(&self, now: DateTime<Utc>) -> Result<()> {
        if self.used_at.is_some() {
            return Err(already_verified());
        }
        if self.expires_at <= now { Err(invalid_token()) } else { Ok(()) }
    }
}

/// The error for a token that does nothing any more, or never did.
#[must_use]
pub fn invalid_token() -> Error {
    let detail = "is not valid: it is wrong, was used, or is over; ask for another e-mail";
    Error::problem(Code::InvalidToken, format!("`/token` {detail}."))
        .with_errors(vec![FieldError::new("/token", "invalid", detail)])
}

fn already_verified() -> Error {
    Error::problem(Code::AlreadyVerified, "This e-mail address is verified and has its account. Log in.")
}

/// The address of a registration whose link works.
///
/// # Errors
/// `invalid_token`, `already_verified`.
pub async fn registered_email(conn: &mut Connection, id: RegistrationId, now: DateTime<Utc>) -> Result<String> {
    let found: Option<Registration> =
        customer_registrations::table.find(id).select(Registration::as_select()).first(conn).await.optional()?;
    let registration = found.ok_or_else(invalid_token)?;
    registration.require_live(now)?;
    Ok(registration.email)
}

/// Makes the customer of a registration: with the password that was chosen behind the link, and as somebody whom
/// Stripe shall know. Other registrations of the address are void then. In a transaction.
///
/// # Errors
/// `invalid_token`, `already_verified`.
pub async fn verify(
    conn: &mut Connection,
    id: RegistrationId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<CustomerRow> {
    let registration = lock(conn, id).await?;
    registration.require_live(now)?;
    let customer = insert(conn, &registration, password_hash, now).await?;
    let pending = customer_registrations::table
        .filter(lower(customer_registrations::email).eq(lower(&registration.email)))
        .filter(customer_registrations::used_at.is_null());
    diesel::update(pending).set(customer_registrations::used_at.eq(now)).execute(conn).await?;
    let job = Job::CreateStripeCustomer(customer.id);
    queue::enqueue(conn, job, &customer.id.to_string(), now, now).await?;
    Ok(customer)
}

/// A registration, with all of its address that wait: locked by ascending id, so that two links that are followed at once
/// come one after the other.
async fn lock(conn: &mut Connection, id: RegistrationId) -> Result<Registration> {
    let email: Option<String> =
        customer_registrations::table.find(id).select(customer_registrations::email).first(conn).await.optional()?;
    let email = email.ok_or_else(invalid_token)?;
    let waiting = customer_registrations::used_at.is_null().or(customer_registrations::id.eq(id));
    let locked: Vec<Registration> = customer_registrations::table
        .filter(lower(customer_registrations::email).eq(lower(&email)))
        .filter(waiting)
        .order(customer_registrations::id)
        .select(Registration::as_select())
        .for_no_key_update()
        .load(conn)
        .await?;
    locked.into_iter().find(|registration| registration.id == id).ok_or_else(invalid_token)
}

async fn insert(
    conn: &mut Connection,
    registration: &Registration,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<CustomerRow> {
    diesel::insert_into(customers::table)
        .values((
            customers::id.eq(CustomerId::new()),
            customers::email.eq(&registration.email),
            customers::name.eq(&registration.name),
            customers::phone.eq(&registration.phone),
            customers::locale.eq(&registration.locale),
            customers::password_hash.eq(password_hash),
            customers::stripe_sends.eq(0),
            customers::metadata.eq(json!({})),
            customers::version.eq(1),
            customers::created_at.eq(now),
            customers::updated_at.eq(now),
        ))
        .returning(CustomerRow::as_returning())
        .get_result(conn)
        .await
        .on_constraint("customers_email_key", already_verified)
}

/// Whose password a reset may set.
///
/// # Errors
/// `invalid_token` when it was used or is over.
pub async fn reset_owner(conn: &mut Connection, id: PasswordResetId, now: DateTime<Utc>) -> Result<CustomerRow> {
    let owner = password_resets::table
        .inner_join(customers::table.on(customers::id.eq(password_resets::customer_id)))
        .filter(password_resets::id.eq(id))
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now))
        .select(CustomerRow::as_select());
    owner.first(conn).await.optional()?.ok_or_else(invalid_token)
}

/// Sets a new password by a reset, once, and ends every session of the customer. In a transaction.
///
/// # Errors
/// `invalid_token` when it was used or is over by now.
pub async fn reset_password(
    conn: &mut Connection,
    (id, customer): (PasswordResetId, CustomerId),
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = read::row(conn, customer, true).await?;
    let unused = password_resets::table
        .find(id)
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now));
    if diesel::update(unused).set(password_resets::used_at.eq(now)).execute(conn).await? == 0 {
        return Err(invalid_token());
    }
    set_password(conn, &row, password_hash, now).await?;
    sessions::revoke_all(conn, customer, None, now).await
}

/// Sets a new password for somebody who proved to know the one with the hash `proven`, and ends their other sessions. In
/// a transaction.
///
/// # Errors
/// `validation_failed` when the password was changed meanwhile.
pub async fn change_password(
    conn: &mut Connection,
    (customer, session): (CustomerId, CustomerSessionId),
    proven: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = read::row(conn, customer, true).await?;
    if row.password_hash != proven {
        return Err(wrong_password());
    }
    set_password(conn, &row, password_hash, now).await?;
    sessions::revoke_all(conn, customer, Some(session), now).await
}

/// The error for a present password that is not.
#[must_use]
pub fn wrong_password() -> Error {
    Error::invalid("/current_password", "wrong", "is not the present password")
}

/// Sets a password, and tells the customer, who may not have been the one. Links to a new one that were mailed before are
/// void: who has an old mail must not set another.
async fn set_password(
    conn: &mut Connection,
    customer: &CustomerRow,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(customers::table.find(customer.id))
        .set((
            customers::password_hash.eq(password_hash),
            customers::version.eq(customers::version + 1),
            customers::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let links = password_resets::table
        .filter(password_resets::customer_id.eq(customer.id))
        .filter(password_resets::used_at.is_null());
    diesel::update(links).set(password_resets::used_at.eq(now)).execute(conn).await?;
    let told = NewEmail {
        kind: EmailKind::PasswordChanged,
        recipient: &customer.email,
        locale: customer.locale.as_deref(),
        // Each change is a cause of its own.
        subject_id: Uuid::now_v7(),
        data: json!({}),
    };
    mail::enqueue(conn, &told, now).await
}

/// Applies a patch to a customer. In a transaction.
///
/// # Errors
/// `precondition_failed`.
pub async fn update(
    conn: &mut Connection,
    id: CustomerId,
    patch: &CustomerPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<CustomerRow> {
    let present = read::row(conn, id, true).await?;
    expected.check(present.version)?;
    let metadata = patch.metadata.column();
    Ok(diesel::update(customers::table.find(id))
        .set((
            patch.name.column().map(|name| customers::name.eq(name)),
            patch.phone.column().map(|phone| customers::phone.eq(phone)),
            patch.locale.column().map(|locale| customers::locale.eq(locale.map(Locale::as_str))),
            metadata.map(|data| customers::metadata.eq(data.map_or_else(|| json!({}), Metadata::to_json))),
            customers::version.eq(customers::version + 1),
            customers::updated_at.eq(now),
        ))
        .returning(CustomerRow::as_returning())
        .get_result(conn)
        .await?)
}
