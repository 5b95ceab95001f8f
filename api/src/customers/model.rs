//! The shapes of customers.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::address::Address;
use crate::http::pagination::Page;
use crate::ids::{CartId, CustomerAddressId, CustomerId, CustomerSessionId};
use crate::locale::Locale;
use crate::metadata::Metadata;

/// The most addresses of a customer.
pub const MAX_ADDRESSES: i64 = 50;

/// A customer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Customer {
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
    /// The shop's own data.
    pub metadata: Metadata,
    /// Their open cart, if there is one; `POST /v1/carts/{id}/claim` gives its token.
    pub open_cart_id: Option<CartId>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When the e-mail address was verified.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A session that was begun or renewed. The tokens are told here only.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CustomerSession {
    /// The session's id.
    pub id: CustomerSessionId,
    /// Sent as `Authorization: Bearer cst_…`.
    #[schema(example = "cst_0b1c…")]
    pub access_token: String,
    /// When the access token ends; refresh before.
    pub access_expires_at: DateTime<Utc>,
    /// Renews the session once; each answer gives a new one.
    #[schema(example = "crt_7f2a…")]
    pub refresh_token: String,
    /// When the session ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
    /// Whose it is.
    pub customer: Customer,
}

/// A session in the list of a customer's own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedSession {
    /// The session's id.
    pub id: CustomerSessionId,
    /// The program that began it, by its own word.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was begun or last renewed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// A customer's living sessions, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionList {
    /// The sessions.
    pub data: Vec<ListedSession>,
    /// Where the list goes on.
    pub page: Page,
}

/// An address in a customer's book.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CustomerAddress {
    /// The address's id.
    pub id: CustomerAddressId,
    /// The address.
    pub address: Address,
    /// Whether goods go there unless the customer says otherwise; at most one does.
    pub is_default_shipping: bool,
    /// Whether invoices go there unless the customer says otherwise; at most one does.
    pub is_default_billing: bool,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A customer's addresses, oldest first; at most 50.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AddressList {
    /// The addresses.
    pub data: Vec<CustomerAddress>,
}

/// The answer to a request that may cause an e-mail; the same whether or not it does.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MailPromised {
    /// `verification_sent` for a registration, else `accepted`.
    #[schema(example = "accepted")]
    pub status: String,
}
