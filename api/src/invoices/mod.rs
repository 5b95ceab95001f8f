//! Invoices: numbered without gaps, frozen as they were issued, shown as JSON, HTML or PDF.
//!
//! A shop issues them from the moment its `seller` is set: [`issue`] writes an invoice in the transaction that confirms an
//! order, a credit note in the one in which a refund succeeds, and the reversal of that when the refund fails after all.
//! [`sheet`] says it in a language; `invoice.html` and [`pdf`] only lay that out. [`links`] open one from an e-mail.

pub mod admin;
pub mod issue;
pub mod links;
pub mod model;
pub mod pdf;
pub mod read;
pub mod routes;
pub mod settings;
pub mod sheet;
