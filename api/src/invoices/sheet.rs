//! What an invoice says in a language, line by line, before anybody lays it out.

use chrono::NaiveDate;
use serde::Serialize;

use super::model::{Document, DocumentLine, DocumentTax, Invoice, InvoiceKind, LineKind};
use crate::address::Address;
use crate::money::Money;
use crate::tax::model::{TaxExemption, TaxId};

/// The words of a language.
struct Words {
    language: &'static str,
    kinds: [&'static str; 3],
    seller: &'static str,
    buyer: &'static str,
    issued: &'static str,
    supplied: &'static str,
    order: &'static str,
    corrects: &'static str,
    columns: [&'static str; 5],
    shipping: &'static str,
    amount: &'static str,
    discount: &'static str,
    net: &'static str,
    tax: &'static str,
    tax_on: &'static str,
    total: &'static str,
    paid: &'static str,
    tax_id: &'static str,
    exempt: &'static str,
    reverse_charge: &'static str,
    /// Between thousands, and before the minor units.
    marks: [char; 2],
    date: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    kinds: ["Invoice", "Credit note", "Reversal of a credit note"],
    seller: "From",
    buyer: "To",
    issued: "Date",
    supplied: "Date of sale",
    order: "Order",
    corrects: "Corrects",
    columns: ["Description", "Quantity", "Unit price", "Tax", "Total"],
    shipping: "Shipping",
    amount: "Amount given back",
    discount: "Discount",
    net: "Net",
    tax: "Tax",
    tax_on: "on",
    total: "Total",
    paid: "Paid",
    tax_id: "Tax id",
    exempt: "No tax is charged: the buyer is exempt.",
    reverse_charge: "Reverse charge: the buyer accounts for the tax.",
    marks: [',', '.'],
    date: "%Y-%m-%d",
};

const GERMAN: Words = Words {
    language: "de",
    kinds: ["Rechnung", "Gutschrift", "Storno einer Gutschrift"],
    seller: "Von",
    buyer: "An",
    issued: "Datum",
    supplied: "Verkauft am",
    order: "Bestellung",
    corrects: "Berichtigt",
    columns: ["Beschreibung", "Menge", "Einzelpreis", "Steuer", "Gesamt"],
    shipping: "Versand",
    amount: "Erstatteter Betrag",
    discount: "Rabatt",
    net: "Netto",
    tax: "Steuer",
    tax_on: "auf",
    total: "Gesamtbetrag",
    paid: "Bezahlt",
    tax_id: "Steuernummer",
    exempt: "Steuerfrei: Der Käufer ist von der Steuer befreit.",
    reverse_charge: "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge).",
    marks: ['.', ','],
    date: "%d.%m.%Y",
};

/// An invoice in words.
#[derive(Debug, Serialize)]
pub struct Sheet {
    /// BCP 47.
    pub language: &'static str,
    /// Kind and number.
    pub title: String,
    /// Names and values: dates, the order, what it corrects.
    pub facts: Vec<[String; 2]>,
    /// Above the seller and the buyer.
    pub parties: [&'static str; 2],
    /// Who sells, line by line.
    pub seller: Vec<String>,
    /// Who buys, line by line.
    pub buyer: Vec<String>,
    /// Above the columns.
    pub columns: [&'static str; 5],
    /// The lines.
    pub rows: Vec<Row>,
    /// Names and amounts; the one that counts is strong.
    pub sums: Vec<Sum>,
    /// What the law and the shop say at the end.
    pub notes: Vec<String>,
}

/// A line.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Under the columns.
    pub cells: [String; 5],
    /// More about it, smaller.
    pub note: Option<String>,
}

/// A sum.
#[derive(Debug, Serialize)]
pub struct Sum {
    /// Of what.
    pub name: String,
    /// How much.
    pub amount: String,
    /// Whether it is the one that counts.
    pub strong: bool,
}

/// Says an invoice in its own language, or in English.
#[must_use]
pub fn of(invoice: &Invoice) -> Sheet {
    let document = &invoice.document;
    let is_german = document.locale.as_deref().is_some_and(|locale| locale.split('-').next() == Some("de"));
    let words = if is_german { &GERMAN } else { &ENGLISH };
    let [of_sale, of_credit, of_reversal] = words.kinds;
    let kind = match invoice.kind {
        InvoiceKind::Invoice => of_sale,
        InvoiceKind::CreditNote => of_credit,
        InvoiceKind::CreditNoteReversal => of_reversal,
    };
    Sheet {
        language: words.language,
        title: format!("{kind} {}", invoice.number),
        facts: facts(words, invoice),
        parties: [words.seller, words.buyer],
        seller: seller(words, document),
        buyer: buyer(words, document),
        columns: words.columns,
        rows: document.lines.iter().map(|line| row(words, line)).collect(),
        sums: sums(words, document),
        notes: notes(words, document),
    }
}

fn facts(words: &Words, invoice: &Invoice) -> Vec<[String; 2]> {
    let day = |date: NaiveDate| date.format(words.date).to_string();
    let mut facts = vec![
        [words.issued.to_owned(), day(invoice.issued_at.date_naive())],
        [words.supplied.to_owned(), day(invoice.document.supplied_on)],
        [words.order.to_owned(), invoice.document.order_number.clone()],
    ];
    if let Some(corrected) = &invoice.document.corrects {
        facts.push([words.corrects.to_owned(), corrected.clone()]);
    }
    facts
}

fn seller(words: &Words, document: &Document) -> Vec<String> {
    let seller = &document.seller;
    let mut lines = vec![seller.name.clone()];
    lines.extend(seller.address.lines().into_iter().filter(|line| *line != seller.name));
    lines.extend(tax_ids(words, &seller.tax_ids));
    lines.extend(seller.email.as_ref().map(|email| email.0.clone()));
    lines
}

fn buyer(words: &Words, document: &Document) -> Vec<String> {
    let buyer = &document.buyer;
    let mut lines = buyer.address.as_ref().map(Address::lines).unwrap_or_default();
    lines.extend(tax_ids(words, &buyer.tax_ids));
    lines.push(buyer.email.clone());
    lines
}

fn tax_ids(words: &Words, ids: &[TaxId]) -> Vec<String> {
    ids.iter().map(|id| format!("{}: {}", words.tax_id, id.value)).collect()
}

fn row(words: &Words, line: &DocumentLine) -> Row {
    let description = line.description.clone().unwrap_or_else(|| match line.kind {
        LineKind::Shipping => words.shipping.to_owned(),
        LineKind::Goods | LineKind::Amount => words.amount.to_owned(),
    });
    let discount = line.discount.map(|discount| format!("{}: {}", words.discount, shown(words, discount)));
    let note: Vec<String> = line.sku.clone().into_iter().chain(discount).collect();
    Row {
        cells: [
            description,
            line.quantity.to_string(),
            line.unit_price.map(|price| shown(words, price)).unwrap_or_default(),
            shown(words, line.tax),
            shown(words, line.total),
        ],
        note: (!note.is_empty()).then(|| note.join(" · ")),
    }
}

fn sums(words: &Words, document: &Document) -> Vec<Sum> {
    let sum = |name: String, amount: Money, strong| Sum { name, amount: shown(words, amount), strong };
    let mut sums = vec![sum(words.net.to_owned(), document.net, false)];
    sums.extend(document.taxes.iter().map(|tax| sum(rate(words, tax), tax.amount, false)));
    if document.taxes.is_empty() {
        sums.push(sum(words.tax.to_owned(), document.tax, false));
    }
    sums.push(sum(words.total.to_owned(), document.total, true));
    sums.extend(document.paid.map(|paid| sum(words.paid.to_owned(), paid, false)));
    sums
}

fn rate(words: &Words, tax: &DocumentTax) -> String {
    let percentage = tax.percentage.as_ref().map(|rate| format!(" {} %", rate.replace('.', &decimal_mark(words))));
    let [name, on] = [words.tax, words.tax_on];
    let percentage = percentage.unwrap_or_default();
    format!("{name}{percentage}, {}, {on} {}", tax.jurisdiction, shown(words, tax.taxable_amount))
}

fn decimal_mark(words: &Words) -> String {
    let [_, mark] = words.marks;
    mark.to_string()
}

fn notes(words: &Words, document: &Document) -> Vec<String> {
    let is_reverse = |tax: &DocumentTax| tax.reason.as_deref() == Some("reverse_charge");
    let law = match document.exemption {
        TaxExemption::Exempt => Some(words.exempt),
        TaxExemption::ReverseCharge => Some(words.reverse_charge),
        TaxExemption::None => document.taxes.iter().any(is_reverse).then_some(words.reverse_charge),
    };
    let shop = document.footer.iter().chain(&document.seller.registration);
    law.map(str::to_owned).into_iter().chain(shop.cloned()).collect()
}

/// An amount with its currency, its thousands set apart.
fn shown(words: &Words, money: Money) -> String {
    let [group, mark] = words.marks;
    let decimal = money.decimal();
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |digits| ("-", digits));
    let (whole, minor) = digits.split_once('.').unwrap_or((digits, ""));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(group);
        }
        text.push(digit);
    }
    if !minor.is_empty() {
        text.push(mark);
        text.push_str(minor);
    }
    format!("{text} {}", money.currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn amounts_are_shown_as_the_language_writes_them() {
        let money = |amount, currency: &str| Money::new(amount, currency.parse::<Currency>().unwrap());
        let both = |money| [shown(&ENGLISH, money), shown(&GERMAN, money)];
        assert_eq!(both(money(123_456_789, "EUR")), ["1,234,567.89 EUR", "1.234.567,89 EUR"]);
        assert_eq!(both(money(1_234, "JPY")), ["1,234 JPY", "1.234 JPY"]);
        assert_eq!(both(money(-999, "KWD")), ["-0.999 KWD", "-0,999 KWD"]);
    }
}
