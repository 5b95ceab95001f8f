//! Alerts for staff.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{AlertKind, tell_closed};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::alerts;
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{AlertId, OrderId};
use crate::staff::api_keys::Scope;

/// Something that a person must look at.
#[derive(Debug, Queryable, Serialize, utoipa::ToSchema)]
pub struct Alert {
    /// The alert's id.
    pub id: AlertId,
    /// What it is about; the runbook says what to do.
    pub kind: AlertKind,
    /// What caused it: an id, or the provider's word for it. While an alert of the same kind and cause is open, none is
    /// raised.
    pub cause: String,
    /// The order that it is about.
    pub order_id: Option<OrderId>,
    /// What happened.
    pub detail: String,
    /// When it was raised.
    pub created_at: DateTime<Utc>,
    /// When somebody acknowledged it, or its cause was gone; `null` while it is open.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Whose key acknowledged it; `null` when its cause was gone by itself.
    pub acknowledged_by: Option<String>,
}

/// A page of alerts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AlertList {
    /// The alerts, newest first.
    pub data: Vec<Alert>,
    /// Where the list goes on.
    pub page: Page,
}

/// Which alerts.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Only those of one kind.
    pub kind: Option<AlertKind>,
    /// Only those about this order.
    pub order_id: Option<OrderId>,
    /// Only those that are open (`true`), or that are not (`false`).
    pub open: Option<bool>,
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

type Columns = (
    alerts::id,
    alerts::kind,
    alerts::dedupe_key,
    alerts::order_id,
    alerts::detail,
    alerts::created_at,
    alerts::acknowledged_at,
    alerts::acknowledged_by,
);

const COLUMNS: Columns = (
    alerts::id,
    alerts::kind,
    alerts::dedupe_key,
    alerts::order_id,
    alerts::detail,
    alerts::created_at,
    alerts::acknowledged_at,
    alerts::acknowledged_by,
);

/// List alerts
///
/// Newest first, all or those that are open. Scope `alerts:read`.
#[utoipa::path(
    operation_id = "list_alerts", tag = "staff", security(("staff_key" = [])), params(AlertQuery),
    responses((status = 200, description = "A page of alerts", body = AlertList)),
)]
#[get("/v1/admin/alerts")]
pub async fn list_alerts(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<AlertQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AlertsRead)?;
    let after: Option<(DateTime<Utc>, AlertId)> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut rows = alerts::table.select(COLUMNS).into_boxed();
    if let Some(kind) = query.0.kind {
        rows = rows.filter(alerts::kind.eq(kind));
    }
    if let Some(order) = query.0.order_id {
        rows = rows.filter(alerts::order_id.eq(order));
    }
    rows = match query.0.open {
        Some(true) => rows.filter(alerts::acknowledged_at.is_null()),
        Some(false) => rows.filter(alerts::acknowledged_at.is_not_null()),
        None => rows,
    };
    if let Some((at, id)) = after {
        rows = rows.filter(alerts::created_at.lt(at).or(alerts::created_at.eq(at).and(alerts::id.lt(id))));
    }
    let mut conn = app.connection().await?;
    let order = (alerts::created_at.desc(), alerts::id.desc());
    let found: Vec<Alert> = rows.order(order).limit(limit + 1).load(&mut conn).await?;
    let (data, page) = pagination::paginate(found, limit, |alert| (alert.created_at, alert.id));
    let body = AlertList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Acknowledge an alert
///
/// Once its cause is gone, or is known to stay: an alert of the same cause may be raised again from then on. One that is
/// acknowledged already stays as it is. Scope `alerts:write`.
#[utoipa::path(
    operation_id = "acknowledge_alert", tag = "staff", security(("staff_key" = [])),
    params(("id" = AlertId, Path, description = "The alert's id")),
    responses((status = 200, description = "The alert", body = Alert)),
)]
#[post("/v1/admin/alerts/{id}/acknowledge")]
pub async fn acknowledge_alert(app: web::Data<App>, staff: Staff, id: Id<AlertId>) -> Result<HttpResponse> {
    staff.require(Scope::AlertsWrite)?;
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), staff.author());
    db::transaction(&mut conn, |conn| async move { acknowledge(conn, id.0, author, now).await }.scope_boxed()).await?;
    let alert: Option<Alert> = alerts::table.find(id.0).select(COLUMNS).first(&mut conn).await.optional()?;
    Ok(HttpResponse::Ok().json(alert.ok_or_else(|| Error::not_found("alert"))?))
}

async fn acknowledge(conn: &mut Connection, id: AlertId, author: &Author, now: DateTime<Utc>) -> Result<()> {
    let closed: Option<(AlertKind, Option<OrderId>)> =
        diesel::update(alerts::table.find(id).filter(alerts::acknowledged_at.is_null()))
            .set((alerts::acknowledged_at.eq(now), alerts::acknowledged_by.eq(&author.actor)))
            .returning((alerts::kind, alerts::order_id))
            .get_result(conn)
            .await
            .optional()?;
    let Some((kind, order)) = closed else { return Ok(()) };
    tell_closed(conn, id, kind, order, now).await?;
    audit::record(conn, author, Entry::new(Action::AlertAcknowledged, id), now).await
}
