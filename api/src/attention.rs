//! What needs a person, counted for a home screen: one statement, each count bounded.

use actix_web::{HttpResponse, get, web};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use serde::Serialize;

use crate::app::App;
use crate::catalog::list::{Relation, TotalCount};
use crate::db::statement::Statement;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::orders::list::{DISPUTED, TO_FULFILL};
use crate::staff::api_keys::Scope;

/// The most of each that are counted.
const MOST: i64 = 1000;

/// What needs a person; exact up to 1,000 of each. What the caller may not read is `null`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Attention {
    /// Orders to be sent: `GET /v1/admin/order-summaries?needs=fulfillment`.
    pub to_fulfill: Option<TotalCount>,
    /// Orders whose payment is to be decided: `…?needs=review`.
    pub payment_reviews: Option<TotalCount>,
    /// Orders whose payment is disputed: `…?needs=dispute`.
    pub disputes: Option<TotalCount>,
    /// Providers' events that were given up: `GET /v1/admin/inbox/events?status=dead`.
    pub dead_webhooks: Option<TotalCount>,
    /// Background jobs that were given up: `GET /v1/admin/jobs?status=dead`.
    pub dead_jobs: Option<TotalCount>,
    /// Webhook endpoints that are sent nothing any more, unless staff wanted it so.
    pub failed_webhook_endpoints: Option<TotalCount>,
    /// Variants that run low: `GET /v1/admin/low-stock`.
    pub low_stock: Option<TotalCount>,
    /// Alerts that are open: `GET /v1/admin/alerts?open=true`.
    pub alerts: Option<TotalCount>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    to_fulfill: i64,
    #[diesel(sql_type = BigInt)]
    payment_reviews: i64,
    #[diesel(sql_type = BigInt)]
    disputes: i64,
    #[diesel(sql_type = BigInt)]
    dead_webhooks: i64,
    #[diesel(sql_type = BigInt)]
    dead_jobs: i64,
    #[diesel(sql_type = BigInt)]
    failed_endpoints: i64,
    #[diesel(sql_type = BigInt)]
    low_stock: i64,
    #[diesel(sql_type = BigInt)]
    alerts: i64,
}

fn statement() -> Statement {
    let mut statement = Statement::default();
    let counts = [
        ("to_fulfill", "orders", TO_FULFILL),
        ("payment_reviews", "orders", "orders.payment_review"),
        ("disputes", "orders", DISPUTED),
        ("dead_webhooks", "webhook_events", "status = 'dead'"),
        ("dead_jobs", "jobs", "status = 'dead'"),
        (
            "failed_endpoints",
            "webhook_endpoints",
            "status = 'disabled' AND disabled_reason <> 'staff' AND deleted_at IS NULL",
        ),
        ("low_stock", "stock_levels", "low_since IS NOT NULL"),
        ("alerts", "alerts", "acknowledged_at IS NULL"),
    ];
    for (index, (name, table, condition)) in counts.iter().enumerate() {
        statement.push(if index == 0 { "SELECT " } else { ", " });
        let bounded = format!("SELECT FROM {table} WHERE {condition} LIMIT {}", MOST + 1);
        statement.push(&format!("(SELECT count(*) FROM ({bounded}) AS bounded) AS {name}"));
    }
    statement
}

/// What needs a person
///
/// Counts for a home screen. Any of the scopes `orders:read`, `inbox:read`, `jobs:read`, `webhooks:read`, `products:read`,
/// `alerts:read`; what another scope is needed for is `null`.
#[utoipa::path(
    operation_id = "get_attention", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The counts", body = Attention)),
)]
#[get("/v1/admin/attention")]
pub async fn get_attention(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    let any = [
        Scope::OrdersRead,
        Scope::InboxRead,
        Scope::JobsRead,
        Scope::WebhooksRead,
        Scope::ProductsRead,
        Scope::AlertsRead,
    ];
    if !any.iter().any(|scope| staff.may(*scope)) {
        staff.require(Scope::OrdersRead)?;
    }
    let mut conn = app.connection().await?;
    let row: Option<Row> = statement().optional(&mut conn).await?;
    let row = row.ok_or_else(|| Error::Internal("counts without a row".to_owned()))?;
    let count = |count: i64, scope| {
        let relation = if count > MOST { Relation::AtLeast } else { Relation::Equal };
        staff.may(scope).then_some(TotalCount { value: count.min(MOST), relation })
    };
    Ok(HttpResponse::Ok().json(Attention {
        to_fulfill: count(row.to_fulfill, Scope::OrdersRead),
        payment_reviews: count(row.payment_reviews, Scope::OrdersRead),
        disputes: count(row.disputes, Scope::OrdersRead),
        dead_webhooks: count(row.dead_webhooks, Scope::InboxRead),
        dead_jobs: count(row.dead_jobs, Scope::JobsRead),
        failed_webhook_endpoints: count(row.failed_endpoints, Scope::WebhooksRead),
        low_stock: count(row.low_stock, Scope::ProductsRead),
        alerts: count(row.alerts, Scope::AlertsRead),
    }))
}
