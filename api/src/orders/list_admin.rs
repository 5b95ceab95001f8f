//! Lists of orders for staff over HTTP: whole, in short, and as a file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::list::{self, After, Filter, OrderNeed, OrderSort};
use super::model::{DisputeStatus, FulfillmentStatus, Order, OrderStatus, PaymentStatus};
use super::summary::OrderSummary;
use super::{file, summary};
use crate::app::App;
use crate::catalog::list::TotalCount;
use crate::catalog::routes::Include;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::csv;
use crate::http::extract::Query;
use crate::http::pagination::{self, DEFAULT_LIMIT, Page, check_time};
use crate::ids::CustomerId;
use crate::money::Currency;
use crate::staff::api_keys::Scope;

/// Which orders.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// One search box: a number, a part of an e-mail address or a name, a SKU, a tracking number, or an id of ours or
    /// Stripe's that leads to an order. Parts of names have three characters or more; a name or a SKU leads to the newest 1,000 orders that have it.
    #[param(max_length = 200)]
    #[validate(length(max = 200))]
    pub q: Option<String>,
    /// Only orders of this status.
    pub status: Option<OrderStatus>,
    /// Only orders of this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// Only orders of this fulfillment status.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// Only orders of this dispute status.
    pub dispute_status: Option<DisputeStatus>,
    /// Only what needs a person: `fulfillment` is to be sent, `review` waits for a decision about its payment, `dispute` is
    /// disputed and not decided.
    pub needs: Option<OrderNeed>,
    /// Only orders in this currency.
    pub currency: Option<Currency>,
    /// Only orders of this customer.
    pub customer_id: Option<CustomerId>,
    /// Only orders of this e-mail address, however it is written.
    #[param(max_length = 254)]
    #[validate(length(max = 254))]
    pub email: Option<String>,
    /// Only orders that this discount code gave something to.
    #[param(max_length = 64)]
    #[validate(length(max = 64))]
    pub discount_code: Option<String>,
    /// Only orders with this tag.
    #[param(max_length = 64)]
    #[validate(length(max = 64))]
    pub tag: Option<String>,
    /// Only orders placed then or later.
    #[validate(custom(function = check_time))]
    pub placed_from: Option<DateTime<Utc>>,
    /// Only orders placed before.
    #[validate(custom(function = check_time))]
    pub placed_to: Option<DateTime<Utc>>,
    /// Only orders of at least this total, in minor units of `currency`.
    #[param(minimum = 0)]
    #[validate(range(min = 0))]
    pub min_total: Option<i64>,
    /// Only orders of at most this total, in minor units of `currency`.
    #[param(minimum = 0)]
    #[validate(range(min = 0))]
    pub max_total: Option<i64>,
    /// The order; `-placed_at` when absent. By total only with `currency`.
    pub sort: Option<OrderSort>,
    /// `total_count`: how many orders there are in all, exact up to 10,000.
    pub include: Option<Include>,
    /// How many orders a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before, with the same filters and order.
    pub cursor: Option<String>,
}

impl OrderQuery {
    fn sort(&self) -> OrderSort {
        self.sort.unwrap_or(OrderSort::Newest)
    }

    fn filter(&self) -> Result<Filter> {
        let by_total = matches!(self.sort(), OrderSort::Cheapest | OrderSort::Dearest);
        let names =
            [("min_total", self.min_total.is_some()), ("max_total", self.max_total.is_some()), ("sort", by_total)];
        if let Some((name, _)) = names.iter().find(|(_, is_given)| *is_given && self.currency.is_none()) {
            let detail = "compares totals, which needs `currency`";
            return Err(Error::invalid_query(name, "required", detail));
        }
        Ok(Filter {
            status: self.status,
            payment_status: self.payment_status,
            fulfillment_status: self.fulfillment_status,
            dispute_status: self.dispute_status,
            needs: self.needs,
            currency: self.currency,
            customer: self.customer_id,
            email: self.email.as_deref().map(|email| email.trim().to_owned()),
            discount_code: self.discount_code.as_deref().map(|code| code.trim().to_ascii_uppercase()),
            tag: self.tag.clone(),
            placed_from: self.placed_from,
            placed_to: self.placed_to,
            min_total: self.min_total,
            max_total: self.max_total,
            search: self.q.clone(),
        })
    }

    fn after(&self) -> Result<Option<After>> {
        After::decode(self.cursor.as_deref(), self.sort())
    }
}

/// A page of whole orders.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OrderList {
    /// The orders.
    pub data: Vec<Order>,
    /// Where the list goes on.
    pub page: Page,
    /// With `include=total_count`; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<TotalCount>,
}

/// A page of orders in short.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OrderSummaryList {
    /// The orders.
    pub data: Vec<OrderSummary>,
    /// Where the list goes on.
    pub page: Page,
    /// With `include=total_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<TotalCount>,
}

/// List orders
///
/// Whole documents with their lines, refunds and shipments, but without timelines; `GET /v1/admin/order-summaries` is the
/// same list in short. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_orders", tag = "staff", security(("staff_key" = [])), params(OrderQuery),
    responses((status = 200, description = "A page of orders", body = OrderList)),
)]
#[get("/v1/admin/orders")]
pub async fn list_orders(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<OrderQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let query = query.0;
    let (filter, after, limit) = (query.filter()?, query.after()?, query.limit.unwrap_or(DEFAULT_LIMIT));
    let mut conn = app.connection().await?;
    let (data, page) = list::orders(&mut conn, &filter, (query.sort(), after.as_ref()), limit).await?;
    let total_count = match query.include {
        Some(Include::TotalCount) => Some(list::total_count(&mut conn, &filter).await?),
        None => None,
    };
    let body = OrderList { data, page, total_count };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// List orders in short
///
/// What a table shows, for the same filters and sorts as `GET /v1/admin/orders`, at a fraction of its size. Scope
/// `orders:read`.
#[utoipa::path(
    operation_id = "list_order_summaries", tag = "staff", security(("staff_key" = [])), params(OrderQuery),
    responses((status = 200, description = "A page of orders", body = OrderSummaryList)),
)]
#[get("/v1/admin/order-summaries")]
pub async fn list_order_summaries(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<OrderQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let query = query.0;
    let (filter, after, limit) = (query.filter()?, query.after()?, query.limit.unwrap_or(DEFAULT_LIMIT));
    let mut conn = app.connection().await?;
    let (data, page) = summary::page(&mut conn, &filter, (query.sort(), after.as_ref()), limit).await?;
    let total_count = match query.include {
        Some(Include::TotalCount) => Some(list::total_count(&mut conn, &filter).await?),
        None => None,
    };
    let body = OrderSummaryList { data, page, total_count };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Export orders
///
/// A row for each order that the same query lists, all of them: `limit`, `cursor` and `include` change nothing here.
/// Amounts are decimals in the order's currency. Texts that a spreadsheet would take for a formula begin with an
/// apostrophe. Scope `orders:read`.
#[utoipa::path(
    operation_id = "export_orders", tag = "staff", security(("staff_key" = [])), params(OrderQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/orders.csv")]
pub async fn export_orders(app: web::Data<App>, staff: Staff, query: Query<OrderQuery>) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let (filter, sort) = (query.0.filter()?, query.0.sort());
    let file = file::file(app.into_inner(), filter, sort).await?;
    Ok(csv::download(&mut HttpResponse::Ok(), "orders.csv").streaming(file))
}
