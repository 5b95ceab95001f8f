//! What templates are rendered with. Every member is always there, so that a template that names another is wrong;
//! amounts, numbers and dates are written in the template's language.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::format::Format;
use super::{EmailKind, EmailRow, Links};
use crate::address::Address;
use crate::catalog::variants::apart;
use crate::config::Config;
use crate::db::Connection;
use crate::db::schema::alerts;
use crate::error::{Error, Result};
use crate::fulfillments::model::{Fulfillment, FulfillmentLine};
use crate::ids::{AlertId, FulfillmentId, OrderId, RefundId};
use crate::invoices;
use crate::invoices::model::Invoice;
use crate::money::Money;
use crate::orders::model::{Order, OrderLine};
use crate::orders::read;
use crate::staff::links as staff_links;
use crate::tokens::{LinkKind, OneTime};

/// How long the links to orders work in mails that nobody asked for.
const ORDER_LINK: TimeDelta = TimeDelta::days(30);

/// How long one works that somebody asked for.
const ASKED_FOR_LINK: TimeDelta = TimeDelta::days(7);

/// What stands in links in the place of their token where it is none of the reader's.
const HIDDEN: &str = "hidden";

/// What a template is rendered with.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) shop: Shop,
    /// Where the mail leads.
    pub(super) link: String,
    pub(super) order: Option<OrderContent>,
    pub(super) shipment: Option<Shipment>,
    pub(super) refund: Option<RefundContent>,
    pub(super) invoice: Option<InvoiceContent>,
    pub(super) cancellation: Option<Cancellation>,
    pub(super) alerts: Vec<AlertContent>,
}

#[derive(Debug, Serialize)]
pub(super) struct Shop {
    pub(super) name: String,
    pub(super) url: String,
}

impl Shop {
    pub(super) fn new(config: &Config) -> Self {
        Self { name: config.store_name.clone(), url: config.storefront_url.clone() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct OrderContent {
    /// Empty while it is not paid.
    pub(super) number: String,
    pub(super) date: String,
    pub(super) is_paid: bool,
    pub(super) lines: Vec<Line>,
    pub(super) subtotal: String,
    pub(super) discount: Option<String>,
    pub(super) shipping: Option<String>,
    pub(super) shipping_method: Option<String>,
    pub(super) tax_added: Option<String>,
    pub(super) tax_included: Option<String>,
    pub(super) total: String,
    pub(super) shipping_address: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) title: String,
    pub(super) variant: String,
    pub(super) quantity: String,
    pub(super) unit_price: String,
    pub(super) subtotal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Shipment {
    pub(super) carrier: Option<String>,
    pub(super) tracking_number: Option<String>,
    /// `https://` or `http://`.
    pub(super) tracking_url: Option<String>,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(super) struct RefundContent {
    pub(super) amount: String,
}

/// An invoice, or the credit note of a refund.
#[derive(Debug, Serialize)]
pub(super) struct InvoiceContent {
    pub(super) number: String,
    /// Where it is shown, to who has the link.
    pub(super) link: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Cancellation {
    /// Whether a part of the order was sent before, so that only the rest is cancelled.
    pub(super) is_rest: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct AlertContent {
    pub(super) kind: String,
    pub(super) detail: String,
    pub(super) time: String,
}

impl Content {
    pub(super) fn new(shop: Shop, link: String) -> Self {
        Self {
            shop,
            link,
            order: None,
            shipment: None,
            refund: None,
            invoice: None,
            cancellation: None,
            alerts: Vec::new(),
        }
    }
}

/// What an e-mail is about, as it is now.
///
/// # Errors
/// Those of the database; a defect when the row's data is not that of its kind.
pub(super) async fn read(
    conn: &mut Connection,
    config: &Config,
    email: &EmailRow,
    format: Format,
    links: Links,
) -> Result<Content> {
    let (shop, keys) = (Shop::new(config), &config.token_keys);
    let token = |kind: OneTime| match links {
        Links::Live => keys.derive_once(kind, email.subject_id),
        Links::Hidden => HIDDEN.to_owned(),
    };
    let once = |path: &str, kind: OneTime| format!("{}/{path}?token={}", config.storefront_url, token(kind));
    let for_staff = |link: staff_links::LinkKind, kind: OneTime| staff_links::address(config, link, &token(kind));
    match email.kind {
        EmailKind::VerifyEmail => Ok(Content::new(shop, once("verify-email", OneTime::EmailVerification))),
        EmailKind::ResetPassword => Ok(Content::new(shop, once("reset-password", OneTime::PasswordReset))),
        EmailKind::StaffInvitation => {
            Ok(Content::new(shop, for_staff(staff_links::LinkKind::Invitation, OneTime::StaffInvitation)))
        }
        EmailKind::StaffPasswordReset => {
            Ok(Content::new(shop, for_staff(staff_links::LinkKind::PasswordReset, OneTime::StaffPasswordReset)))
        }
        EmailKind::StaffPasswordChanged => Ok(Content::new(shop, format!("{}/admin", config.public_url))),
        EmailKind::AccountExists | EmailKind::PasswordChanged => Ok(Content::new(shop, config.storefront_url.clone())),
        EmailKind::OrderLink
        | EmailKind::OrderConfirmation
        | EmailKind::PaymentPending
        | EmailKind::PaymentFailed
        | EmailKind::OrderShipped
        | EmailKind::OrderDelivered
        | EmailKind::OrderRefunded
        | EmailKind::OrderCancelled => about_order(conn, config, email, format, links).await,
        EmailKind::Alert => {
            let mut content = Content::new(shop, config.storefront_url.clone());
            content.alerts = read_alerts(conn, &email.data, format).await?;
            Ok(content)
        }
    }
}

async fn about_order(
    conn: &mut Connection,
    config: &Config,
    email: &EmailRow,
    format: Format,
    links: Links,
) -> Result<Content> {
    let id = email.order_id.ok_or_else(|| Error::Internal(format!("the e-mail {} has no order", email.id)))?;
    let version = read::row(conn, id, false).await?.token_version;
    let life = if email.kind == EmailKind::OrderLink { ASKED_FOR_LINK } else { ORDER_LINK };
    let ends = email.created_at + life;
    let token = |kind: LinkKind, id: Uuid| match links {
        Links::Live => config.token_keys.derive_link(kind, id, version, ends),
        Links::Hidden => HIDDEN.to_owned(),
    };
    let order = read::find(conn, id).await?;
    let mut content = Content::new(Shop::new(config), order_url(config, id, &token(LinkKind::Order, id.0)));
    let subject = email.subject_id;
    content.invoice = told_invoice(conn, email).await?.map(|invoice| InvoiceContent {
        link: invoices::links::url(config, invoice.id, &token(LinkKind::Invoice, invoice.id.0)),
        number: invoice.number,
    });
    if matches!(email.kind, EmailKind::OrderShipped | EmailKind::OrderDelivered) {
        let sent = order.fulfillments.iter().find(|sent| sent.id == FulfillmentId(subject));
        content.shipment = sent.map(|sent| shipment(sent, &order, format));
    }
    if email.kind == EmailKind::OrderRefunded {
        let refund = order.refunds.iter().find(|refund| refund.id == RefundId(subject));
        content.refund = refund.map(|refund| RefundContent { amount: format.money(refund.amount) });
    }
    if email.kind == EmailKind::OrderCancelled {
        let is_rest = email.data.get("is_rest").and_then(Value::as_bool).unwrap_or_default();
        content.cancellation = Some(Cancellation { is_rest });
    }
    content.order = Some(order_content(&order, format));
    Ok(content)
}

/// The invoice or credit note that a mail tells of, in a shop that issues them.
async fn told_invoice(conn: &mut Connection, email: &EmailRow) -> Result<Option<Invoice>> {
    if email.kind == EmailKind::OrderConfirmation
        && let Some(order) = email.order_id
    {
        return invoices::read::of_order(conn, order).await;
    }
    if email.kind == EmailKind::OrderRefunded {
        return invoices::read::of_refund(conn, RefundId(email.subject_id)).await;
    }
    Ok(None)
}

/// Where an order is shown.
pub(super) fn order_url(config: &Config, order: OrderId, token: &str) -> String {
    format!("{}/orders/{order}?token={token}", config.storefront_url)
}

fn order_content(order: &Order, format: Format) -> OrderContent {
    let unless_nothing =
        |money: Option<Money>| money.filter(|money| money.amount != 0).map(|money| format.money(money));
    let totals = &order.totals;
    OrderContent {
        number: order.number.clone().unwrap_or_default(),
        date: format.date(order.placed_at),
        is_paid: order.paid_at.is_some() && totals.total.is_some_and(|total| total.amount > 0),
        lines: order.line_items.iter().map(|line| line_content(line, line.quantity, format)).collect(),
        subtotal: format.money(totals.subtotal),
        discount: unless_nothing(Some(totals.discount)),
        shipping: order.shipping_rate.as_ref().and(totals.shipping).map(|money| format.money(money)),
        shipping_method: order.shipping_rate.as_ref().map(|rate| rate.name.clone()),
        tax_added: unless_nothing(totals.tax_added),
        tax_included: unless_nothing(totals.tax_included),
        total: totals.total.map(|total| format.money(total)).unwrap_or_default(),
        shipping_address: order.shipping_address.as_ref().map(Address::lines),
    }
}

fn line_content(line: &OrderLine, quantity: i64, format: Format) -> Line {
    Line {
        title: line.title.clone(),
        variant: apart(&line.variant_title).unwrap_or_default().to_owned(),
        quantity: format.number(quantity),
        unit_price: format.money(line.unit_price),
        subtotal: format.money(line.subtotal),
    }
}

fn shipment(sent: &Fulfillment, order: &Order, format: Format) -> Shipment {
    let line = |part: &FulfillmentLine| {
        let line = order.line_items.iter().find(|line| line.id == part.line_item_id)?;
        Some(line_content(line, part.quantity, format))
    };
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    Shipment {
        carrier: sent.carrier.clone(),
        tracking_number: sent.tracking_number.clone(),
        tracking_url: sent.tracking_url.clone().filter(is_web),
        lines: sent.line_items.iter().filter_map(line).collect(),
    }
}

async fn read_alerts(conn: &mut Connection, data: &Value, format: Format) -> Result<Vec<AlertContent>> {
    let ids: Vec<AlertId> = serde_json::from_value(data.get("alert_ids").cloned().unwrap_or_default())
        .map_err(|error| Error::Internal(format!("emails.data: {error}")))?;
    let rows: Vec<(crate::alerts::AlertKind, String, DateTime<Utc>)> = alerts::table
        .filter(alerts::id.eq_any(ids))
        .order((alerts::created_at, alerts::id))
        .select((alerts::kind, alerts::detail, alerts::created_at))
        .load(conn)
        .await?;
    let content = |(kind, detail, at): (crate::alerts::AlertKind, _, _)| AlertContent {
        kind: kind.to_string(),
        detail,
        time: format.time(at),
    };
    Ok(rows.into_iter().map(content).collect())
}
