//! Who calls: guests by the token of their cart or order, customers by a session, staff by an API key with scopes or by a
//! session whose role has them.

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
use crate::http::session_cookie;
use crate::ids::{ApiKeyId, CustomerId, CustomerSessionId, StaffId, StaffSessionId};
use crate::live;
use crate::staff::api_keys::{self, Scope};
use crate::staff::sessions as staff_sessions;

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

impl StaffSessionAuth {
    /// Who acts, for the audit log.
    #[must_use]
    pub fn author(&self, origin: Origin) -> Author {
        Author { actor: self.0.member.to_string(), name: self.0.name.clone(), origin }
    }
}

/// What may open an order: its token, or the session of whose it is. Whoever sends both needs one that fits, as clients
/// keep tokens for longer than those work.
pub struct OrderAccess {
    /// From `X-Order-Token`; not yet compared with the order's.
    pub token: Option<String>,
    /// Who is logged in; not yet compared with the order's customer.
    pub customer: Option<CustomerId>,
}

/// Staff: an API key, or a member who is logged in.
pub struct Staff {
    /// Who is logged in, and by which session; `None` for a key.
    member: Option<(StaffId, StaffSessionId)>,
    author: Author,
    scopes: Vec<Scope>,
}

/// A member of staff who is logged in, for what concerns their session; no API key will do.
pub struct StaffSessionAuth(pub staff_sessions::Found);

impl Staff {
    /// The scope of this caller's idempotency keys.
    #[must_use]
    pub fn idempotency_scope(&self) -> String {
        format!("staff:{}", self.author.actor)
    }

    /// Who acts, for the records: `key_…` or `stf_…`.
    #[must_use]
    pub fn actor(&self) -> String {
        self.author.actor.clone()
    }

    /// Who acts, from where and in which request, for the audit log.
    #[must_use]
    pub const fn author(&self) -> &Author {
        &self.author
    }

    /// The key that acts; `None` for a member.
    #[must_use]
    pub fn key(&self) -> Option<ApiKeyId> {
        if self.member.is_some() { None } else { self.author.actor.parse().ok() }
    }

    /// The member who acts; `None` for a key.
    #[must_use]
    pub fn member(&self) -> Option<StaffId> {
        self.member.map(|(member, _)| member)
    }

    /// The session by which a member acts.
    #[must_use]
    pub fn session(&self) -> Option<StaffSessionId> {
        self.member.map(|(_, session)| session)
    }

    /// All that this caller may do.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Whether the key or the role has the scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    const fn kind(&self) -> &'static str {
        if self.member.is_some() { "role" } else { "key" }
    }

    /// Refuses unless the key or the role has the scope.
    ///
    /// # Errors
    /// `insufficient_scope`, naming it.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.may(scope) {
            return Ok(());
        }
        Err(Error::problem(
            Code::InsufficientScope,
            format!("This needs the scope `{scope}`, which your {} does not have.", self.kind()),
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

/// The living session of the request's cookie; `None` without a cookie.
///
/// # Errors
/// `csrf_refused` for a change that no page of ours makes, `unauthenticated` when the session is over.
async fn session_of(request: HttpRequest) -> Result<Option<staff_sessions::Found>> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let shop = app.ok_or_else(|| Error::Internal("no app".to_owned()))?.into_inner();
    let Some(token) = session_cookie::read(&request, &shop.config.public_url) else { return Ok(None) };
    if !request.method().is_safe() {
        session_cookie::require_own_page(&request, &shop.config.public_url)?;
    }
    // A screen that is merely open is no use of the session.
    let is_use = request.path() != live::routes::PATH;
    // As for keys: a query that is cut off would cost its connection.
    let task_shop = Arc::clone(&shop);
    let look_up = async move {
        let mut conn = task_shop.connection().await?;
        staff_sessions::find(&mut conn, &token, is_use, task_shop.clock.now()).await
    };
    let found = shop.run_to_end(look_up).await?;
    let over =
        || Error::problem(Code::Unauthenticated, "This session is over. Log in again (`POST /v1/admin/session`).");
    found.ok_or_else(over).map(Some)
}

impl FromRequest for StaffSessionAuth {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let detail = "This is for members of staff who are logged in: `POST /v1/admin/session` sets the cookie.";
            session_of(request).await?.map(Self).ok_or_else(|| Error::problem(Code::Unauthenticated, detail))
        })
    }
}

/// The living key of a bearer token.
async fn key_of(request: HttpRequest, token: String) -> Result<Staff> {
    let app = request.app_data::<web::Data<App>>().cloned();
    // A bad body is refused before this is known, which drops this future; a query that is cut off would cost its
    // connection.
    let shop = app.ok_or_else(|| Error::Internal("no app".to_owned()))?.into_inner();
    let task_shop = Arc::clone(&shop);
    let look_up = async move {
        let mut conn = task_shop.connection().await?;
        api_keys::find(&mut conn, &token, task_shop.clock.now()).await
    };
    let (found, origin) = (shop.run_to_end(look_up).await?, Origin::of(&request));
    let staff = |(key, name, scopes): (ApiKeyId, String, Vec<Scope>)| Staff {
        member: None,
        author: Author { actor: key.to_string(), name, origin },
        scopes,
    };
    found.map(staff).ok_or_else(|| {
        Error::problem(Code::Unauthenticated, "This API key does not exist, is expired, or was revoked.")
    })
}

impl FromRequest for Staff {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let authorization = header(request, AUTHORIZATION.as_str()).map(|value| value.map(str::to_owned));
        let request = request.clone();
        Box::pin(async move {
            let authorization = authorization?;
            let token = authorization.as_deref().and_then(bearer_token).unwrap_or_default();
            if token.starts_with("sk_") {
                return key_of(request, token.to_owned()).await;
            }
            // Whoever sends other credentials means those, not a cookie that the browser adds.
            let origin = Origin::of(&request);
            let session = if authorization.is_none() { session_of(request).await? } else { None };
            let member = session.map(|found| Self {
                member: Some((found.member, found.id)),
                author: Author { actor: found.member.to_string(), name: found.name, origin },
                scopes: found.scopes,
            });
            member.ok_or_else(|| {
                let detail = "Send `Authorization: Bearer sk_…` with a staff API key (`merx keys create` makes one), or log \
                              in (`POST /v1/admin/session`).";
                Error::problem(Code::Unauthenticated, detail)
            })
        })
    }
}
