//! Issuing: in the transaction of its cause, and as its last lock, since a series gives one number at a time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::{Buyer, Document, DocumentLine, DocumentTax, Invoice, InvoiceKind, LineKind};
use super::read;
use super::settings::InvoiceSettings;
use crate::audit::{self, Action, Author, Entry};
use crate::catalog::variants::apart;
use crate::db::schema::{invoice_series, invoices, orders};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, Result};
use crate::ids::{InvoiceId, OrderId, RefundId};
use crate::money::{Money, MoneyError, allocate, round_to};
use crate::orders::model::{Order, OrderLine};
use crate::refunds::model::{Refund, RefundStatus};
use crate::tax::model::{TaxComponent, merge};
use crate::{refunds, settings};

/// Issues the invoice of an order that was just paid, if the shop issues any, with the credit notes of what was refunded before
/// that was known.
///
/// # Errors
/// Those of the database.
pub async fn invoice(conn: &mut Connection, id: OrderId, settings: InvoiceSettings, now: DateTime<Utc>) -> Result<()> {
    if settings.seller.is_some() {
        let order = crate::orders::read::find(conn, id).await?;
        write_invoice(conn, &order, settings, now).await?;
    }
    Ok(())
}

/// Issues the invoice of a paid order that has none, with the credit notes of its refunds. Under the order's lock. Answers
/// the one that is there already on a repeat.
///
/// # Errors
/// `invoice_not_possible` before the order is paid or while no seller is set.
pub async fn late(conn: &mut Connection, id: OrderId, author: &Author, now: DateTime<Utc>) -> Result<Invoice> {
    crate::orders::read::row(conn, id, true).await?;
    if let Some(known) = read::of_order(conn, id).await? {
        return Ok(known);
    }
    let settings = settings::read::<InvoiceSettings>(conn).await?.value;
    let refuse = |detail: &str| Err(Error::problem(Code::InvoiceNotPossible, detail));
    if settings.seller.is_none() {
        return refuse("Set `seller` at PATCH /v1/admin/invoice-settings first.");
    }
    let order = crate::orders::read::find(conn, id).await?;
    if order.paid_at.is_none() || order.number.is_none() {
        return refuse("Only a paid order has an invoice.");
    }
    write_invoice(conn, &order, settings, now).await?;
    let invoice = read::of_order(conn, id).await?;
    let invoice = invoice.ok_or_else(|| Error::Internal(format!("the invoice of {id} is gone")))?;
    let entry = Entry::new(Action::InvoiceIssued, invoice.id).set("/order_id", id).set("/number", &invoice.number);
    audit::record(conn, author, entry, now).await?;
    Ok(invoice)
}

/// Issues the credit note of a refund that succeeded, if its order has an invoice.
///
/// # Errors
/// Those of the database.
pub async fn credit_note(conn: &mut Connection, id: RefundId, now: DateTime<Utc>) -> Result<()> {
    let refund = refunds::read::find(conn, id).await?;
    let Some(invoice) = read::of_order(conn, refund.order_id).await? else { return Ok(()) };
    let order = crate::orders::read::find(conn, refund.order_id).await?;
    let settings = settings::read::<InvoiceSettings>(conn).await?.value;
    let document = credit(&order, &refund, &invoice, &settings)?;
    write(conn, InvoiceKind::CreditNote, (order.id, Some(id)), &settings, &document, now).await
}

/// Takes the credit note of a refund back that failed after it had succeeded.
///
/// # Errors
/// Those of the database.
pub async fn reverse_credit_note(conn: &mut Connection, id: RefundId, now: DateTime<Utc>) -> Result<()> {
    let Some(note) = read::of_refund(conn, id).await? else { return Ok(()) };
    let settings = settings::read::<InvoiceSettings>(conn).await?.value;
    let document = Document { corrects: Some(note.number), ..note.document };
    write(conn, InvoiceKind::CreditNoteReversal, (note.order_id, Some(id)), &settings, &document, now).await
}

/// The invoice, and the credit notes of the refunds that succeeded.
async fn write_invoice(
    conn: &mut Connection,
    order: &Order,
    settings: InvoiceSettings,
    now: DateTime<Utc>,
) -> Result<()> {
    let locale: Option<String> = orders::table.find(order.id).select(orders::locale).first(conn).await?;
    let captured: i64 = orders::table.find(order.id).select(orders::captured).first(conn).await?;
    let document = bill(order, locale, captured, &settings, now)?;
    write(conn, InvoiceKind::Invoice, (order.id, None), &settings, &document, now).await?;
    for refund in order.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded) {
        credit_note(conn, refund.id, now).await?;
    }
    Ok(())
}

async fn write(
    conn: &mut Connection,
    kind: InvoiceKind,
    (order, refund): (OrderId, Option<RefundId>),
    settings: &InvoiceSettings,
    document: &Document,
    now: DateTime<Utc>,
) -> Result<()> {
    let (series, prefix) = match kind {
        InvoiceKind::Invoice => ("invoice", &settings.invoice_prefix),
        InvoiceKind::CreditNote | InvoiceKind::CreditNoteReversal => ("credit_note", &settings.credit_note_prefix),
    };
    let number: i64 = diesel::update(invoice_series::table.find(series))
        .set(invoice_series::next.eq(invoice_series::next + 1))
        .returning(invoice_series::next - 1)
        .prepared()
        .get_result(conn)
        .await?;
    diesel::insert_into(invoices::table)
        .values((
            invoices::id.eq(InvoiceId::new()),
            invoices::kind.eq(kind),
            invoices::number.eq(format!("{prefix}{number}")),
            invoices::order_id.eq(order),
            invoices::refund_id.eq(refund),
            invoices::document.eq(json!(document)),
            invoices::issued_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// What the invoice of an order says.
fn bill(
    order: &Order,
    locale: Option<String>,
    captured: i64,
    settings: &InvoiceSettings,
    now: DateTime<Utc>,
) -> Result<Document> {
    let money = |amount| Money::new(amount, order.currency);
    let mut lines = order.line_items.iter().map(goods).collect::<Result<Vec<_>>>()?;
    let shipping = order.totals.shipping.unwrap_or(money(0));
    if let Some(tax) = &order.tax.shipping
        && (shipping.amount > 0 || order.shipping_rate.is_some())
    {
        let (total, tax) = (shipping.checked_add(tax.added)?, tax.added.checked_add(tax.included)?);
        lines.push(plain(LineKind::Shipping, None, 1, total, tax)?);
    } else if shipping.amount > 0 {
        lines.push(plain(LineKind::Shipping, None, 1, shipping, money(0))?);
    }
    let total = order.totals.total.unwrap_or(money(0));
    let tax = order.totals.tax.unwrap_or(money(0));
    let seller = settings.seller.clone().ok_or_else(|| Error::Internal("an invoice without a seller".to_owned()))?;
    Ok(Document {
        locale,
        currency: order.currency,
        order_number: order.number.clone().unwrap_or_default(),
        corrects: None,
        supplied_on: order.paid_at.unwrap_or(now).date_naive(),
        seller,
        buyer: Buyer {
            address: order.billing_address.clone().or_else(|| order.shipping_address.clone()),
            email: order.email.clone(),
            tax_ids: order.tax.tax_ids.clone(),
        },
        lines,
        taxes: order.tax.breakdown.iter().map(rate).collect(),
        net: total.checked_sub(tax)?,
        tax,
        total,
        paid: (captured != total.amount).then(|| money(captured)),
        exemption: order.tax.exemption,
        footer: settings.footer.clone(),
    })
}

fn goods(line: &OrderLine) -> Result<DocumentLine> {
    let tax = line.tax_added.checked_add(line.tax_included)?;
    let description = described(line);
    Ok(DocumentLine {
        description: Some(description),
        kind: LineKind::Goods,
        sku: Some(line.sku.clone()),
        quantity: line.quantity,
        unit_price: Some(line.unit_price),
        discount: (line.discount.amount > 0).then_some(line.discount),
        net: line.total.checked_sub(tax)?,
        tax,
        total: line.total,
    })
}

fn described(line: &OrderLine) -> String {
    match apart(&line.variant_title) {
        None => line.title.clone(),
        Some(variant) => format!("{}, {variant}", line.title),
    }
}

fn plain(
    kind: LineKind,
    goods: Option<&OrderLine>,
    quantity: i64,
    total: Money,
    tax: Money,
) -> Result<DocumentLine, MoneyError> {
    Ok(DocumentLine {
        description: goods.map(described),
        kind,
        sku: goods.map(|line| line.sku.clone()),
        quantity,
        unit_price: None,
        discount: None,
        net: total.checked_sub(tax)?,
        tax,
        total,
    })
}

fn rate(component: &TaxComponent) -> DocumentTax {
    DocumentTax {
        jurisdiction: component.jurisdiction.clone(),
        percentage: component.percentage.clone(),
        taxable_amount: component.taxable_amount,
        amount: component.amount,
        reason: component.reason.clone(),
    }
}

/// What the credit note of a refund says.
fn credit(order: &Order, refund: &Refund, invoice: &Invoice, settings: &InvoiceSettings) -> Result<Document> {
    let billed = &invoice.document;
    let (lines, taxes) = given_back(order, refund)?;
    Ok(Document {
        corrects: Some(invoice.number.clone()),
        seller: settings.seller.clone().unwrap_or_else(|| billed.seller.clone()),
        lines,
        taxes: merge(taxes.iter().filter(|tax| tax.amount.amount != 0 || tax.taxable_amount.amount != 0))
            .iter()
            .map(rate)
            .collect(),
        net: refund.amount.checked_sub(refund.tax)?,
        tax: refund.tax,
        total: refund.amount,
        paid: None,
        ..billed.clone()
    })
}

/// The lines of a refund, goods, shipping, and what names neither, with their taxes. What tax is of no goods is of the last.
fn given_back(order: &Order, refund: &Refund) -> Result<(Vec<DocumentLine>, Vec<TaxComponent>)> {
    let money = |amount| Money::new(amount, order.currency);
    let (mut lines, mut taxes) = (Vec::new(), Vec::new());
    for part in &refund.line_items {
        let line = order.line_items.iter().find(|line| line.id == part.line_item_id);
        lines.push(plain(LineKind::Goods, line, part.quantity, part.amount, part.tax)?);
        if let Some(line) = line {
            taxes.extend(shared(&line.tax_breakdown, part.tax.amount, part.amount.amount, line.total.amount));
        }
    }
    let (of_goods, told) = refund
        .line_items
        .iter()
        .fold((0, 0), |(amount, tax), part| (amount + part.amount.amount, tax + part.tax.amount));
    let others = refund.amount.amount - of_goods;
    if refund.shipping.amount > 0 {
        lines.push(plain(LineKind::Shipping, None, 1, refund.shipping, money(0))?);
    }
    if others > refund.shipping.amount {
        lines.push(plain(LineKind::Amount, None, 1, money(others - refund.shipping.amount), money(0))?);
    }
    let left = refund.tax.amount - told;
    if let Some(last) = lines.last_mut() {
        last.tax = last.tax.checked_add(money(left))?;
        last.net = last.total.checked_sub(last.tax)?;
    }
    let total = order.totals.total.map_or(0, |total| total.amount);
    match &order.tax.shipping {
        Some(shipping) if refund.shipping.amount > 0 => {
            let all = order.totals.shipping.map_or(0, |shipping| shipping.amount) + shipping.added.amount;
            taxes.extend(shared(&shipping.breakdown, left, refund.shipping.amount, all));
        }
        Some(_) | None => taxes.extend(shared(&order.tax.breakdown, left, others, total)),
    }
    Ok((lines, taxes))
}

/// The taxes in what was given back of something that cost `of`: `tax` by the amounts of its rates, each on its share of the
/// base, as rates may stand on one base together.
fn shared(parts: &[TaxComponent], tax: i64, given: i64, of: i64) -> Vec<TaxComponent> {
    let amounts = allocate(tax, &parts.iter().map(|part| part.amount.amount).collect::<Vec<_>>());
    let portion = |whole: i64, share: i64, of: i64| {
        let exact = i128::from(whole) * i128::from(share);
        if of == 0 { 0 } else { round_to(exact, i128::from(of), 1) }
    };
    let base = |part: &TaxComponent, tax: i64| match part.amount.amount {
        0 => portion(part.taxable_amount.amount, given, of),
        all => portion(part.taxable_amount.amount, tax, all),
    };
    parts
        .iter()
        .zip(amounts)
        .map(|(part, tax)| TaxComponent {
            amount: Money::new(tax, part.amount.currency),
            taxable_amount: Money::new(base(part, tax), part.amount.currency),
            ..part.clone()
        })
        .collect()
}
