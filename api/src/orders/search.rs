//! One search box for orders: a number, an e-mail address, a name, a SKU, a tracking number, or any id.

use crate::db::statement::{Bind, Statement};
use crate::ids::{self, CustomerId, OrderId};

/// Our ids that lead to an order, by prefix, and the table whose rows name it.
const PARTS: [(&str, &str); 7] = [
    ("chk_", "checkouts"),
    ("ref_", "refunds"),
    ("ful_", "fulfillments"),
    ("lbl_", "shipping_labels"),
    ("dsp_", "disputes"),
    ("inv_", "invoices"),
    ("li_", "order_line_items"),
];

/// The provider's ids that lead to an order: where they are kept.
const PROVIDERS: [(&str, &str); 4] = [
    ("pi_", "SELECT id FROM orders AS paid WHERE payment_intent_id = "),
    ("cs_", "SELECT order_id FROM checkouts WHERE session_id = "),
    ("re_", "SELECT order_id FROM refunds WHERE provider_refund_id = "),
    ("du_", "SELECT order_id FROM disputes WHERE provider_dispute_id = "),
];

/// Names and addresses of an order as `orders_people_idx` holds them.
const PEOPLE: &str = "lower(named.email || ' ' || COALESCE(named.shipping_address ->> 'name', '') || ' ' || \
    COALESCE(named.shipping_address ->> 'company', '') || ' ' || COALESCE(named.billing_address ->> 'name', '') || ' ' || \
    COALESCE(named.billing_address ->> 'company', ''))";

/// How many of the newest orders a name or a SKU leads to: `gmail` is in too many to be looked through.
const MOST: i64 = 1000;

/// The shortest word that is looked for inside of names; trigrams find no shorter one.
const SHORTEST: usize = 3;

/// ` AND …` that an order is what was searched for; nothing for blanks.
pub(super) fn condition(text: &str) -> Statement {
    let mut statement = Statement::default();
    let text = text.trim();
    if text.is_empty() {
        return statement;
    }
    if let Ok(order) = text.parse::<OrderId>() {
        statement.push(" AND orders.id = ").bind(Bind::Uuid(order.0));
        return statement;
    }
    if let Ok(customer) = text.parse::<CustomerId>() {
        statement.push(" AND orders.customer_id = ").bind(Bind::Uuid(customer.0));
        return statement;
    }
    let part = PARTS.iter().find_map(|(prefix, table)| Some((table, ids::decode(text.strip_prefix(prefix)?)?)));
    if let Some((table, id)) = part {
        statement.push(&format!(" AND orders.id = (SELECT order_id FROM {table} WHERE id = ")).bind(Bind::Uuid(id));
        statement.push(")");
        return statement;
    }
    statement.push(" AND orders.id IN (");
    match PROVIDERS.iter().find(|(prefix, _)| text.starts_with(prefix)) {
        Some((_, of_provider)) => statement.push(of_provider).bind(Bind::Text(text.to_owned())),
        None => statement.append(words(text)),
    };
    statement.push(")");
    statement
}

/// The orders of a text that is no id.
fn words(text: &str) -> Statement {
    let mut statement = Statement::default();
    let number = text.trim_start_matches('#');
    statement.push("SELECT id FROM orders AS numbered WHERE number = ").bind(Bind::Text(number.to_owned()));
    statement.push(" UNION ALL (SELECT order_id FROM order_line_items WHERE lower(sku) = lower(");
    statement.bind(Bind::Text(text.to_owned())).push(") ORDER BY id DESC LIMIT ").bind(Bind::Int(MOST)).push(")");
    let unspaced = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    statement.push(" UNION ALL SELECT order_id FROM fulfillments WHERE tracking_number = ANY(");
    statement.bind(Bind::Texts(vec![text.to_owned(), unspaced])).push(")");
    let words: Vec<&str> = text.split_whitespace().take(8).collect();
    if words.iter().any(|word| word.chars().count() >= SHORTEST) {
        statement.push(" UNION ALL (SELECT id FROM orders AS named WHERE true");
        for word in words {
            statement.push(" AND ").append(Statement::contains(PEOPLE, word));
        }
        statement.push(" ORDER BY placed_at DESC, id DESC LIMIT ").bind(Bind::Int(MOST)).push(")");
    }
    statement
}
