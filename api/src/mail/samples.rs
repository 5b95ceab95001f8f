//! What each kind of e-mail says when nobody is meant: for previews, tests of a mailbox, and to try templates.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::content::{
    AlertContent, Cancellation, Content, InvoiceContent, Line, OrderContent, RefundContent, Shipment, Shop,
};
use super::format::Format;
use super::{EmailKind, EmailRow};
use crate::alerts::AlertKind;
use crate::money::{Currency, Money};

/// The data of an e-mail that says a sample.
pub(super) fn data() -> Value {
    json!({"is_sample": true})
}

/// Whether an e-mail says a sample.
pub(super) fn is_one(email: &EmailRow) -> bool {
    email.data.get("is_sample").and_then(Value::as_bool).unwrap_or_default()
}

/// A kind's sample.
pub(super) fn content(kind: EmailKind, shop: Shop, format: Format) -> Content {
    let sample = Sample { format };
    let url = shop.url.clone();
    match kind {
        EmailKind::VerifyEmail => Content::new(shop, format!("{url}/verify-email?token=sample")),
        EmailKind::ResetPassword => Content::new(shop, format!("{url}/reset-password?token=sample")),
        EmailKind::AccountExists | EmailKind::PasswordChanged => Content::new(shop, url),
        EmailKind::StaffInvitation => Content::new(shop, format!("{url}/admin/accept#token=sample")),
        EmailKind::StaffPasswordReset => Content::new(shop, format!("{url}/admin/reset#token=sample")),
        EmailKind::StaffPasswordChanged => Content::new(shop, format!("{url}/admin")),
        EmailKind::OrderLink
        | EmailKind::OrderConfirmation
        | EmailKind::PaymentPending
        | EmailKind::PaymentFailed
        | EmailKind::OrderShipped
        | EmailKind::OrderDelivered
        | EmailKind::OrderRefunded
        | EmailKind::OrderCancelled => {
            let mut content = Content::new(shop, format!("{url}/orders/ord_01jd8x3v5ke2t9qj6f4z0w7m8r?token=sample"));
            content.order = Some(sample.order());
            if matches!(kind, EmailKind::OrderShipped | EmailKind::OrderDelivered) {
                content.shipment = Some(sample.shipment());
            }
            content.refund = (kind == EmailKind::OrderRefunded).then(|| RefundContent { amount: sample.euro(1999) });
            if kind == EmailKind::OrderConfirmation {
                content.invoice = Some(sample.invoice("INV-1"));
            }
            if kind == EmailKind::OrderRefunded {
                content.invoice = Some(sample.invoice("CN-1"));
            }
            content.cancellation = (kind == EmailKind::OrderCancelled).then_some(Cancellation { is_rest: false });
            content
        }
        EmailKind::Alert => {
            let mut content = Content::new(shop, url);
            content.alerts = vec![sample.alert()];
            content
        }
    }
}

struct Sample {
    format: Format,
}

impl Sample {
    fn at() -> DateTime<Utc> {
        // 24 November 2026, 09:30 UTC
        DateTime::from_timestamp(1_795_512_600, 0).unwrap_or_default()
    }

    fn euro(&self, amount: i64) -> String {
        "EUR".parse().map(|currency: Currency| self.format.money(Money::new(amount, currency))).unwrap_or_default()
    }

    fn line(&self, title: &str, variant: &str, quantity: i64, unit_price: i64) -> Line {
        Line {
            title: title.to_owned(),
            variant: variant.to_owned(),
            quantity: self.format.number(quantity),
            unit_price: self.euro(unit_price),
            subtotal: self.euro(unit_price * quantity),
        }
    }

    fn order(&self) -> OrderContent {
        OrderContent {
            number: "1001".to_owned(),
            date: self.format.date(Self::at()),
            is_paid: true,
            lines: vec![self.line("Shirt", "M", 2, 1999), self.line("Tent", "", 1, 129_900)],
            subtotal: self.euro(133_898),
            discount: Some(self.euro(1000)),
            shipping: Some(self.euro(490)),
            shipping_method: Some("Standard".to_owned()),
            tax_added: None,
            tax_included: Some(self.euro(21_296)),
            total: self.euro(133_388),
            shipping_address: Some(["Ada Lovelace", "Torstraße 1", "10119 Berlin", "DE"].map(str::to_owned).to_vec()),
        }
    }

    fn invoice(&self, number: &str) -> InvoiceContent {
        let link = "https://api.shop.example/v1/invoices/inv_01jd8x3v5ke2t9qj6f4z0w7m8r?token=sample".to_owned();
        InvoiceContent { number: number.to_owned(), link }
    }

    fn shipment(&self) -> Shipment {
        Shipment {
            carrier: Some("DHL".to_owned()),
            tracking_number: Some("00340434161094042557".to_owned()),
            tracking_url: Some("https://carrier.example/00340434161094042557".to_owned()),
            lines: vec![self.line("Shirt", "M", 2, 1999)],
        }
    }

    fn alert(&self) -> AlertContent {
        AlertContent {
            kind: AlertKind::RefundFailed.to_string(),
            detail: "The refund ref_01jd8x3v5ke2t9qj6f4z0w7m8r failed: expired_or_canceled_card.".to_owned(),
            time: self.format.time(Self::at()),
        }
    }
}
