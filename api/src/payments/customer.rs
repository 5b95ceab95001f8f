//! Customers at Stripe: create, and find by our own id in the metadata.

use serde::Serialize;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{ProviderError, Stripe};

/// The most pages that are looked through for one e-mail address.
const MOST_PAGES: usize = 10;

/// A customer to be created.
#[derive(Debug)]
pub struct NewStripeCustomer<'a> {
    /// Our customer id, in the metadata.
    pub our_id: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// What they are called.
    pub name: Option<&'a str>,
}

#[derive(Serialize)]
struct Form<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    customer_id: &'a str,
}

#[derive(Serialize)]
struct Search<'a> {
    email: &'a str,
    limit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

impl Stripe {
    /// Creates a customer and answers its id, `cus_…`.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create_customer(&self, key: &str, new: &NewStripeCustomer<'_>) -> Result<String, ProviderError> {
        let metadata = Metadata { customer_id: new.our_id };
        let request = RequestBuilder::new(StripeMethod::Post, "/customers").form(&Form {
            email: new.email,
            name: new.name,
            metadata,
        });
        let customer = self.document(&request, Some(key), None).await?;
        id_of(&customer).map(str::to_owned).ok_or_else(|| ProviderError::unknown("a customer without an id"))
    }

    /// Finds our customer among those of an e-mail address.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn find_customer(&self, our_id: &str, email: &str) -> Result<Option<String>, ProviderError> {
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let search = Search { email, limit: 100, starting_after: after.as_deref() };
            let request = RequestBuilder::new(StripeMethod::Get, "/customers").query(&search);
            let page = self.document(&request, None, None).await?;
            let customers = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let is_ours =
                |customer: &&Value| customer.pointer("/metadata/customer_id").and_then(Value::as_str) == Some(our_id);
            if let Some(found) = customers.iter().find(is_ours).and_then(id_of) {
                return Ok(Some(found.to_owned()));
            }
            let has_more = page.get("has_more").and_then(Value::as_bool).unwrap_or(false);
            match customers.last().and_then(id_of).filter(|_| has_more) {
                Some(last) => after = Some(last.to_owned()),
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

fn id_of(customer: &Value) -> Option<&str> {
    customer.get("id").and_then(Value::as_str)
}
