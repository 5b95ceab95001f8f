//! Disputes for staff: what Stripe's dashboard cannot do.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};

use super::tax::{self, By};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::Id;
use crate::ids::DisputeId;
use crate::orders::model::Order;
use crate::orders::read;
use crate::staff::api_keys::Scope;

/// Reverse a lost dispute's tax
///
/// Posts a reversal of what the dispute took to Stripe Tax. Never done without being asked: whether the tax comes back
/// depends on the country and on what became of the goods. A repeat changes nothing. Scope `refunds:write`.
#[utoipa::path(
    operation_id = "reverse_dispute_tax", tag = "staff", security(("staff_key" = [])),
    params(("id" = DisputeId, Path, description = "The dispute's id")),
    responses((status = 200, description = "The order as it is now", body = Order)),
)]
#[post("/v1/admin/disputes/{id}/reverse-tax")]
pub async fn reverse_dispute_tax(app: web::Data<App>, staff: Staff, id: Id<DisputeId>) -> Result<HttpResponse> {
    staff.require(Scope::RefundsWrite)?;
    let (task_app, author) = (Arc::clone(&app), staff.author().clone());
    let order = app.run_to_end(async move { tax::reverse(&task_app, id.0, By::Staff(&author)).await }).await?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(read::find_for_staff(&mut conn, order).await?))
}
