//! Labels: rates to buy them with, buying (`POST /transactions`), and voiding (`POST /refunds`).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Shippo;
use super::rates::minor;
use super::shipment::{body, message};
use crate::money::{Currency, Money};
use crate::outbound::ProviderError;
use crate::shipping::question::ShipmentQuestion;

/// A rate that a label can be bought with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRate {
    /// Shippo's rate.
    pub id: String,
    /// The carrier: `USPS`.
    pub carrier: String,
    /// The service's token: `usps_priority`.
    pub service: String,
    /// What the shop pays, in the sender's currency.
    pub price: Money,
    /// When the carrier gave it.
    pub created_at: DateTime<Utc>,
}

/// How a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Being made.
    Waiting,
    /// Bought.
    Bought,
    /// Not bought.
    Failed,
    /// Being voided.
    Voiding,
    /// Void; its money comes back.
    Voided,
    /// Could not be voided.
    VoidRejected,
}

/// A purchase as Shippo knows it.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Shippo's id.
    pub id: String,
    /// How it stands.
    pub status: TransactionStatus,
    /// Why it failed.
    pub messages: String,
    /// How the carrier calls the parcel.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
    /// The label.
    pub label_url: Option<String>,
    /// For customs.
    pub invoice_url: Option<String>,
    /// What the buyer noted.
    metadata: String,
}

impl Shippo {
    /// A rate by its id; `None` when Shippo does not know it any more.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_rate(&self, id: &str) -> Result<Option<LabelRate>, ProviderError> {
        match self.send(reqwest::Method::GET, &format!("/rates/{id}"), "/rates/{id}", None, None).await {
            Ok(found) => Ok(rate(&found)),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What carriers offer for a parcel, and what they say who offer nothing.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn label_rates(
        &self,
        question: &ShipmentQuestion,
        metadata: &str,
    ) -> Result<(Vec<LabelRate>, Vec<String>), ProviderError> {
        let body = body(question, metadata);
        let shipment = self.send(reqwest::Method::POST, "/shipments", "/shipments", Some(&body), None).await?;
        let list = |name: &str| shipment.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        Ok((list("rates").iter().filter_map(rate).collect(), list("messages").iter().filter_map(message).collect()))
    }

    /// Buys a label, in one try.
    ///
    /// # Errors
    /// [`ProviderError`]; after `Unknown` it may be bought, see [`Shippo::find_label`].
    pub async fn buy_label(&self, rate: &str, file_type: &str, metadata: &str) -> Result<Transaction, ProviderError> {
        let body = json!({"rate": rate, "async": false, "label_file_type": file_type, "metadata": metadata});
        transaction(&self.send(reqwest::Method::POST, "/transactions", "/transactions", Some(&body), None).await?)
    }

    /// The purchase of a rate that carries this note, one that did not fail first.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn find_label(&self, rate: &str, metadata: &str) -> Result<Option<Transaction>, ProviderError> {
        let path = format!("/transactions?rate={rate}&results=100");
        let listed = self.send(reqwest::Method::GET, &path, "/transactions", None, None).await?;
        let results = listed.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
        let all = results.iter().map(transaction).collect::<Result<Vec<_>, _>>()?;
        let mut ours: Vec<Transaction> = all.into_iter().filter(|found| found.metadata == metadata).collect();
        ours.sort_by_key(|found| found.status == TransactionStatus::Failed);
        Ok(ours.into_iter().next())
    }

    /// A purchase by its id.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_label(&self, id: &str) -> Result<Transaction, ProviderError> {
        let path = format!("/transactions/{id}");
        transaction(&self.send(reqwest::Method::GET, &path, "/transactions/{id}", None, None).await?)
    }

    /// Asks for a label to be voided, in one try; [`Shippo::read_label`] says what came of it.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn void_label(&self, id: &str) -> Result<(), ProviderError> {
        let body = json!({"transaction": id, "async": false});
        self.send(reqwest::Method::POST, "/refunds", "/refunds", Some(&body), None).await?;
        Ok(())
    }
}

/// A rate as Shippo writes it; `None` for one in a currency that is none.
fn rate(value: &Value) -> Option<LabelRate> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let currency: Currency = text("/currency")?.parse().ok()?;
    Some(LabelRate {
        id: text("/object_id")?.to_owned(),
        carrier: text("/provider")?.to_owned(),
        service: text("/servicelevel/token")?.to_owned(),
        price: Money::new(minor(text("/amount")?, currency)?, currency),
        created_at: text("/object_created")?.parse().ok()?,
    })
}

fn transaction(value: &Value) -> Result<Transaction, ProviderError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let status = match text("status").as_deref() {
        Some("WAITING" | "QUEUED") => TransactionStatus::Waiting,
        Some("SUCCESS") => TransactionStatus::Bought,
        Some("ERROR") => TransactionStatus::Failed,
        Some("REFUNDPENDING") => TransactionStatus::Voiding,
        Some("REFUNDED") => TransactionStatus::Voided,
        Some("REFUNDREJECTED") => TransactionStatus::VoidRejected,
        other => return Err(ProviderError::unknown(format!("a transaction that is {other:?}"))),
    };
    let messages = value.get("messages").and_then(Value::as_array).into_iter().flatten().filter_map(message);
    Ok(Transaction {
        id: text("object_id").ok_or_else(|| ProviderError::unknown("a transaction without an id"))?,
        status,
        messages: messages.collect::<Vec<_>>().join("; "),
        tracking_number: text("tracking_number"),
        tracking_url: text("tracking_url_provider").filter(|url| url.starts_with("https://")),
        label_url: text("label_url"),
        invoice_url: text("commercial_invoice_url"),
        metadata: text("metadata").unwrap_or_default(),
    })
}
