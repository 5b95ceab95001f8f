//! What the database itself refuses, whoever writes it: the types of columns and the checks of tables.

use diesel_async::RunQueryDsl;

use crate::harness::TestApp;

const WRONG: [&str; 30] = [
    "UPDATE orders SET status = 'lost'",
    "UPDATE orders SET payment_status = 'owed'",
    "UPDATE orders SET fulfillment_status = 'sent'",
    "UPDATE orders SET dispute_status = ''",
    "UPDATE orders SET number = NULL",
    "UPDATE orders SET total = total + 1",
    "UPDATE orders SET discount = -1, total = total + discount + 1",
    "UPDATE orders SET discount = subtotal + 1, total = shipping + tax_added - 1",
    "UPDATE orders SET shipping = -1, total = total - shipping - 1",
    "UPDATE orders SET tax_included = -1",
    "UPDATE orders SET refund_claimed = captured + 1",
    "UPDATE orders SET captured = -1",
    "UPDATE orders SET refund_imported = -1",
    "UPDATE orders SET disputed = -1",
    "UPDATE order_line_items SET total = total + 1",
    "UPDATE order_line_items SET discount = -1, total = total + discount + 1",
    "UPDATE order_line_items SET fulfilled_quantity = quantity, removed_quantity = 1",
    "UPDATE order_line_items SET restocked_quantity = quantity + 1",
    "UPDATE order_line_items SET refunded_quantity = -1",
    "UPDATE order_line_items SET refunded_amount = total + 1",
    "UPDATE order_line_items SET refunded_tax = tax_added + tax_included + 1",
    "UPDATE carts SET currency = 'eur'",
    "UPDATE cart_line_items SET quantity = 10000",
    "UPDATE checkouts SET status = 'paid'",
    "UPDATE reservations SET quantity = 0",
    "UPDATE stock_levels SET reserved = -1",
    "UPDATE stock_levels SET reserved = on_hand + 1",
    "UPDATE jobs SET status = 'lost'",
    "UPDATE webhook_events SET status = 'lost'",
    "UPDATE emails SET kind = 'spam'",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_order_may_be_is_refused_by_the_database() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    app.paid(&variant, 2).await;
    let mut conn = app.database().await;
    for wrong in WRONG {
        let refused = diesel::sql_query(wrong).execute(&mut conn).await.map_err(|error| error.to_string());
        assert!(
            refused.as_ref().is_err_and(|error| error.contains("violates check constraint")),
            "{wrong}: {refused:?}"
        );
    }
    app.finish().await;
}
