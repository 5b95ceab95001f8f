//! Holds for staff: list them, and release one.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::close::{self, Closed};
use super::holds::{self, Hold};
use super::model::{self, Checkout, CloseReason};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{CheckoutId, VariantId};
use crate::staff::api_keys::Scope;

/// A page of holds.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoldQuery {
    /// Only holds of this variant.
    pub variant_id: Option<VariantId>,
    /// How many holds a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Holds, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct HoldList {
    /// The holds.
    pub data: Vec<Hold>,
    /// Where the list goes on.
    pub page: Page,
}

/// List holds
///
/// Checkouts that are not paid yet, with the stock that they hold; newest first. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_holds", tag = "staff", security(("staff_key" = [])), params(HoldQuery),
    responses((status = 200, description = "A page of holds", body = HoldList)),
)]
#[get("/v1/admin/holds")]
pub async fn list_holds(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<HoldQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let after: Option<(DateTime<Utc>, CheckoutId)> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = holds::list(&mut conn, query.0.variant_id, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |hold| (hold.created_at, hold.checkout_id));
    let body = HoldList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Release a hold
///
/// Closes the checkout's payment page at Stripe first, then frees its stock; the shopper's cart is open again. One that
/// is paid meanwhile stays paid, and the answer shows it. Scope `orders:write`.
#[utoipa::path(
    operation_id = "release_hold", tag = "staff", security(("staff_key" = [])),
    params(("id" = CheckoutId, Path, description = "The checkout's id")),
    responses((status = 200, description = "The checkout as it ended", body = Checkout)),
)]
#[post("/v1/admin/checkouts/{id}/release")]
pub async fn release_hold(app: web::Data<App>, staff: Staff, id: Id<CheckoutId>) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let (task_app, author) = (Arc::clone(&app), staff.author().clone());
    let work = async move { close::close(&task_app, id.0, CloseReason::ReleasedByStaff, Some(&author)).await };
    if app.run_to_end(work).await? == Closed::Processing {
        let detail = "A payment is on its way, or its amount must be decided about: the stock stays held until then.";
        return Err(Error::problem(Code::PaymentProcessing, detail));
    }
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(model::find(&mut conn, id.0, app.clock.now()).await?))
}
