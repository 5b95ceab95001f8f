//! Who calls: guests by the token of their cart or order, customers by a session, staff by an API key with scopes.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use crate::app::App;
use crate::audit::{Author, Origin};
use crate::customers::sessions::{self, ACCESS_PREFIX};
use crate::error::{Code, Error, Result};
use crate::http::caller::bearer_token;
use crate::http::extract::header;
use crate::ids::{ApiKeyId, CustomerId, CustomerSessionId};
use crate::staff::api_keys::{self, Scope};

/// The token of a cart, from `X-Cart-Token`; not yet compared with the cart's.
pub struct CartToken(pub String);

/// The token of a cart or of an order, whichever the client has.
pub enum CartOrOrderToken {
    /// From `X-Cart-Token`.
    Cart(String),
    /// From `X-Order-Token`.
    Order(String),
}

/// A customer who is logged in.
#[derive(Debug, Clone, Copy)]
pub struct CustomerAuth {
    /// Who.
    pub id: CustomerId,
    /// By which session.
    pub session: CustomerSessionId,
}

/// What may open an order: its token, or the session of whose it is. Whoever sends both needs one that fits, as clients
/// keep tokens for longer than those work.
pub struct OrderAccess {
    /// From `X-Order-Token`; not yet compared with the order's.
    pub token: Option<String>,
    /// Who is logged in; not yet compared with the order's customer.
    pub customer: Option<CustomerId>,
}

/// A staff member's API key.
pub struct Staff {
    author: Author,
    scopes: Vec<Scope>,
}

impl Staff {
    /// The scope of this caller's idempotency keys.
    #[must_use]
    pub fn idempotency_scope(&self) -> String {
        format!("staff:{}", self.author.actor)
    }

    /// Who acts, for the records.
    #[must_use]
    pub fn actor(&self) -> String {
        self.author.actor.clone()
    }

    /// Who acts, from where and in which request, for the audit log.
    #[must_use]
    pub const fn author(&self) -> &Author {
        &self.author
    }

    /// Whether the key has the scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses unless the key has the scope.
    ///
    /// # Errors
    /// `insufficient_scope`, naming it.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.may(scope) {
            return Ok(());
        }
        Err(Error::problem(
            Code::InsufficientScope,
            format!("This needs the scope `{scope}`, which the key does not have."),
        )
        .with("required_scope", scope.as_str()))
    }
}

fn guest_token(request: &HttpRequest, name: &str, given: &str) -> Result<String> {
    header(request, name)?.map(str::to_owned).ok_or_else(|| {
        Error::problem(
            Code::Unauthenticated,
            format!("Send the header `{name}`: the token was given once, as `{given}`."),
        )
    })
}

impl FromRequest for CartToken {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(guest_token(request, "X-Cart-Token", "cart_token").map(Self))
    }
}

impl FromRequest for CartOrOrderToken {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let order = guest_token(request, "X-Order-Token", "order_token").map(Self::Order);
        let either = order.or_else(|_| guest_token(request, "X-Cart-Token", "cart_token").map(Self::Cart));
        std::future::ready(either)
    }
}

/// The access token of a customer: as the bearer, or in `X-Customer-Token` where a key is the bearer already.
fn customer_token(request: &HttpRequest) -> Result<Option<&str>> {
    let bearer = header(request, AUTHORIZATION.as_str())?.and_then(bearer_token);
    let token = match bearer.filter(|token| token.starts_with(ACCESS_PREFIX)) {
        Some(token) => Some(token),
        None => header(request, "X-Customer-Token")?.map(str::trim),
    };
    Ok(token.filter(|token| token.starts_with(ACCESS_PREFIX)))
}

impl FromRequest for CustomerAuth {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = customer_token(request).map(|token| token.map(str::to_owned));
        let app = request.app_data::<web::Data<App>>().cloned();
        Box::pin(async move {
            let (token, app) = (token?, app.ok_or_else(|| Error::Internal("no app".to_owned()))?);
            let token = token.ok_or_else(|| {
                let detail = "Send `Authorization: Bearer cst_…`; `POST /v1/customer-sessions` gives the token. Beside a \
                              storefront key, send it as `X-Customer-Token`.";
                Error::problem(Code::Unauthenticated, detail)
            })?;
            // As for staff: a query that is cut off would cost its connection.
            let shop = app.into_inner();
            let task_shop = Arc::clone(&shop);
            let look_up = async move {
                let mut conn = task_shop.connection().await?;
                sessions::find(&mut conn, &token, task_shop.clock.now()).await
            };
            let found = shop.run_to_end(look_up).await?;
            found.map(|(session, id)| Self { id, session }).ok_or_else(|| {
                let detail =
                    "This session does not exist, is over, or its access token is; refresh it, or log in again.";
                Error::problem(Code::Unauthenticated, detail)
            })
        })
    }
}

impl FromRequest for OrderAccess {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let token = header(request, "X-Order-Token").map(|token| token.map(str::to_owned));
        let is_customer = matches!(customer_token(request), Ok(Some(_)));
        let customer = is_customer.then(|| CustomerAuth::from_request(request, payload));
        let missing = guest_token(request, "X-Order-Token", "order_token");
        Box::pin(async move {
            let token = token?;
            let customer = match customer {
                Some(customer) => customer.await.map(|customer| Some(customer.id)),
                None => missing.map(|_| None),
            };
            match customer {
                // Beside a token, a session that is over counts for nothing.
                Err(error) if token.is_some() && error.code() == Some(Code::Unauthenticated) => {
                    Ok(Self { token, customer: None })
                }
                customer => Ok(Self { token, customer: customer? }),
            }
        })
    }
}

impl FromRequest for Staff {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = header(request, AUTHORIZATION.as_str())
            .map(|value| value.and_then(bearer_token).unwrap_or_default().to_owned());
        let app = request.app_data::<web::Data<App>>().cloned();
        let origin = Origin::of(request);
        Box::pin(async move {
            let (token, app) = (token?, app.ok_or_else(|| Error::Internal("no app".to_owned()))?);
            if !token.starts_with("sk_") {
                let detail = "Send `Authorization: Bearer sk_…` with a staff API key; `merx keys create` makes one.";
                return Err(Error::problem(Code::Unauthenticated, detail));
            }
            // A bad body is refused before this is known, which drops this future; a query that is cut off would cost
            // its connection.
            let shop = app.into_inner();
            let task_shop = Arc::clone(&shop);
            let look_up = async move {
                let mut conn = task_shop.connection().await?;
                api_keys::find(&mut conn, &token, task_shop.clock.now()).await
            };
            let found = shop.run_to_end(look_up).await?;
            let staff = |(key, name, scopes): (ApiKeyId, String, Vec<Scope>)| Self {
                author: Author { actor: key.to_string(), name, origin },
                scopes,
            };
            found.map(staff).ok_or_else(|| {
                Error::problem(Code::Unauthenticated, "This API key does not exist, is expired, or was revoked.")
            })
        })
    }
}
