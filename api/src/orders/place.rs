//! The lines of a new order, in one statement whatever their number.

use serde_json::{Value, json};

use super::read::LineRow;
use crate::db::statement::{Bind, Statement};

/// The rows come as one document: of a statement with a value for each of their columns there would be as many texts as
/// orders have numbers of lines, each to be planned anew.
const INSERT: &str = "
    INSERT INTO order_line_items (id, order_id, position, variant_id, product_id, sku, title, variant_title,
        requires_shipping, metadata, quantity, unit_price, subtotal, discount, discounts, tax_added, tax_included,
        tax_breakdown, tax_reference, tax_code, total, fulfilled_quantity, restocked_quantity, refunded_quantity,
        refunded_amount, refunded_tax, removed_quantity)
    SELECT id, order_id, position, variant_id, product_id, sku, title, variant_title, requires_shipping, metadata,
        quantity, unit_price, subtotal, discount, discounts, tax_added, tax_included, tax_breakdown, tax_reference,
        tax_code, total, 0, 0, 0, 0, 0, 0
    FROM jsonb_populate_recordset(NULL::order_line_items, $1)";

/// A line as it is written, and what only the tax provider is told of it.
#[derive(Debug)]
pub struct NewLine {
    /// The line.
    pub row: LineRow,
    /// What its tax was asked under.
    pub tax_reference: String,
    /// The product's tax code.
    pub tax_code: Option<String>,
}

/// The statement that writes the lines of a new order, in their order.
#[must_use]
pub fn lines(lines: &[NewLine]) -> Statement {
    let rows: Vec<Value> = lines.iter().enumerate().map(|(position, line)| document(position, line)).collect();
    Statement::constant(INSERT).with(Bind::json(&Value::Array(rows)))
}

fn document(position: usize, NewLine { row, tax_reference, tax_code }: &NewLine) -> Value {
    json!({
        "id": row.id.0, "order_id": row.order_id.0, "position": position,
        "variant_id": row.variant_id.0, "product_id": row.product_id.0,
        "sku": row.sku, "title": row.title, "variant_title": row.variant_title,
        "requires_shipping": row.requires_shipping, "metadata": row.metadata,
        "quantity": row.quantity, "unit_price": row.unit_price, "subtotal": row.subtotal,
        "discount": row.discount, "discounts": row.discounts,
        "tax_added": row.tax_added, "tax_included": row.tax_included, "tax_breakdown": row.tax_breakdown,
        "tax_reference": tax_reference, "tax_code": tax_code, "total": row.total,
    })
}
