//! The shapes of invoices and of what corrects them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::settings::Seller;
use crate::address::Address;
use crate::db::text_enum;
use crate::http::pagination::Page;
use crate::ids::{InvoiceId, OrderId, RefundId};
use crate::money::{Currency, Money};
use crate::tax::model::{TaxExemption, TaxId};

text_enum! {
    /// What a document is.
    InvoiceKind {
        /// What an order cost.
        Invoice => "invoice",
        /// What was given back of it.
        CreditNote => "credit_note",
        /// The refund of a credit note failed after all: the money is owed as before.
        CreditNoteReversal => "credit_note_reversal",
    }
}

/// An invoice, a credit note, or the reversal of one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// What it is.
    pub kind: InvoiceKind,
    /// Its number; those of a series follow each other without a gap.
    #[schema(example = "INV-1")]
    pub number: String,
    /// The order that it is about.
    pub order_id: OrderId,
    /// The refund that it is about.
    pub refund_id: Option<RefundId>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// What it says.
    pub document: Document,
}

/// What an invoice says, as it was when it was issued.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Document {
    /// The language that it is shown in, when there is a translation.
    #[schema(example = "de")]
    pub locale: Option<String>,
    /// Of all amounts.
    pub currency: Currency,
    /// The order's number.
    #[schema(example = "1001")]
    pub order_number: String,
    /// The number of the document that it corrects.
    #[schema(example = "INV-1")]
    pub corrects: Option<String>,
    /// When the order was paid, in UTC.
    pub supplied_on: NaiveDate,
    /// Who sells.
    pub seller: Seller,
    /// Who buys.
    pub buyer: Buyer,
    /// What was sold, or given back.
    pub lines: Vec<DocumentLine>,
    /// The tax, by rate and authority.
    pub taxes: Vec<DocumentTax>,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax: what was to be paid, or was given back.
    pub total: Money,
    /// What was paid, where staff accepted another amount.
    pub paid: Option<Money>,
    /// Why no tax was taken, as staff decided.
    pub exemption: TaxExemption,
    /// What the shop says at the end.
    pub footer: Option<String>,
}

/// Who buys.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Buyer {
    /// The billing address, else where the goods go.
    pub address: Option<Address>,
    /// The e-mail address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// The buyer's tax ids.
    pub tax_ids: Vec<TaxId>,
}

/// A line of an invoice.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DocumentLine {
    /// What it is; `null` for shipping, and for money that was given back without naming a line.
    pub description: Option<String>,
    /// What kind of line it is.
    pub kind: LineKind,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// How many.
    pub quantity: i64,
    /// The price of one, before discounts.
    pub unit_price: Option<Money>,
    /// Its share of the discounts.
    pub discount: Option<Money>,
    /// Without tax.
    pub net: Money,
    /// Its tax.
    pub tax: Money,
    /// With tax.
    pub total: Money,
}

text_enum! {
    /// What a line is about.
    LineKind {
        /// Goods.
        Goods => "goods",
        /// Shipping.
        Shipping => "shipping",
        /// An amount, of no line.
        Amount => "amount",
    }
}

/// The tax of one rate.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DocumentTax {
    /// Who takes it.
    #[schema(example = "Germany")]
    pub jurisdiction: String,
    /// In percent.
    #[schema(example = "19")]
    pub percentage: Option<String>,
    /// What it is reckoned on; of a credit note its share.
    pub taxable_amount: Money,
    /// How much.
    pub amount: Money,
    /// Why it is what it is: `standard_rated`, `reverse_charge`, ….
    #[schema(example = "standard_rated")]
    pub reason: Option<String>,
}

/// Invoices and what corrects them, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvoiceList {
    /// The documents.
    pub data: Vec<Invoice>,
    /// Where the list goes on.
    pub page: Page,
}

/// All documents of an order, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrderInvoices {
    /// The documents.
    pub data: Vec<Invoice>,
}
