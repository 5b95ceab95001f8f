//! The invariants as queries: each answers one line for each thing that is wrong. `$1` is the present time.
//!
//! The numbers are those of docs/ARCHITECTURE.md; what to do about each is in docs/RUNBOOK.md.

/// What must hold, and the query that finds where it does not.
pub(super) const QUERIES: &[(&str, &str)] = &[
    (
        "1 never oversold",
        "SELECT 'variant ' || variant_id || ': reserved ' || reserved || ' of ' || on_hand AS detail FROM stock_levels
         WHERE reserved < 0 OR track_inventory AND NOT allow_backorder AND reserved > on_hand + shortage",
    ),
    (
        "2 stock is the sum of its movements",
        "SELECT 'variant ' || level.variant_id || ': on hand ' || on_hand || ', movements ' || COALESCE(sum(delta), 0) AS detail
         FROM stock_levels AS level LEFT JOIN stock_movements AS movement ON movement.variant_id = level.variant_id
         GROUP BY level.variant_id, on_hand HAVING on_hand <> COALESCE(sum(delta), 0)",
    ),
    (
        "2 reserved is the sum of the held reservations",
        "SELECT 'variant ' || level.variant_id || ': reserved ' || reserved || ', held ' || COALESCE(sum(quantity), 0) AS detail
         FROM stock_levels AS level
         LEFT JOIN reservations AS held ON held.variant_id = level.variant_id AND held.status = 'held'
         GROUP BY level.variant_id, reserved HAVING reserved <> COALESCE(sum(quantity), 0)",
    ),
    (
        "2 a sold unit left the stock once",
        "SELECT 'order ' || orders.id || ', variant ' || held.variant_id || ': committed ' || held.quantity || ', sold ' ||
             COALESCE(-sum(delta), 0) AS detail
         FROM orders JOIN reservations AS held ON held.order_id = orders.id AND held.status = 'committed'
         LEFT JOIN stock_movements AS movement ON movement.order_id = orders.id AND movement.variant_id = held.variant_id
             AND movement.reason = 'sale'
         GROUP BY orders.id, held.variant_id, held.quantity HAVING held.quantity <> COALESCE(-sum(delta), 0)",
    ),
    (
        "3 a cart becomes one order",
        "SELECT 'cart ' || cart_id || ': ' || count(*) || ' paid orders' AS detail FROM orders
         WHERE status IN ('confirmed', 'completed') GROUP BY cart_id HAVING count(*) > 1",
    ),
    (
        "3 cart, checkout and order agree",
        "SELECT 'checkout ' || checkouts.id || ' is ' || checkouts.status || ', its order ' || orders.status || ', its cart '
             || carts.status AS detail
         FROM checkouts JOIN orders ON orders.id = checkouts.order_id JOIN carts ON carts.id = checkouts.cart_id
         WHERE (checkouts.status IN ('creating', 'open') AND (orders.status <> 'pending' OR carts.status <> 'checking_out'))
            OR (checkouts.status <> 'completed' AND orders.status IN ('confirmed', 'completed'))
            OR (checkouts.status = 'completed' AND (orders.status = 'pending' OR orders.paid_at IS NULL))
            OR (checkouts.status = 'completed' AND carts.status <> 'completed')
            OR (checkouts.status IN ('expired', 'cancelled', 'failed') AND orders.status <> 'cancelled')
         UNION ALL
         SELECT 'cart ' || id || ' is checking out without a live checkout' FROM carts
         WHERE status = 'checking_out' AND NOT EXISTS (SELECT FROM checkouts WHERE cart_id = carts.id AND status IN ('creating', 'open'))",
    ),
    (
        "4 lines sum to their order",
        "SELECT 'order ' || orders.id || ': lines ' || sum(line.subtotal) || '/' || sum(line.discount) || '/' || sum(line.tax_added)
             || ', order ' || orders.subtotal || '/' || orders.discount || '/' || orders.tax_added AS detail
         FROM orders JOIN order_line_items AS line ON line.order_id = orders.id GROUP BY orders.id
         HAVING sum(line.subtotal) <> orders.subtotal OR sum(line.discount) <> orders.discount
             OR sum(line.tax_added) + COALESCE((orders.tax #>> '{shipping,added,amount}')::bigint, 0) <> orders.tax_added
             OR sum(line.tax_included) + COALESCE((orders.tax #>> '{shipping,included,amount}')::bigint, 0) <> orders.tax_included
         UNION ALL
         SELECT 'order ' || id || ' has no lines' FROM orders
         WHERE NOT EXISTS (SELECT FROM order_line_items WHERE order_id = orders.id)",
    ),
    (
        "4 what was paid is what the order says",
        "SELECT 'order ' || id || ': total ' || total || ', captured ' || captured AS detail FROM orders
         WHERE status IN ('confirmed', 'completed') AND captured <> COALESCE(review_amount, total) OR paid_at IS NULL AND captured > 0",
    ),
    (
        "4 discounts sum, by line and by order",
        "SELECT 'order ' || orders.id || ': discounts ' || given || ', order ' || discount || '/' || shipping_discount AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum((each -> 'amount' ->> 'amount')::bigint), 0) AS given,
             COALESCE(sum((each -> 'shipping_amount' ->> 'amount')::bigint), 0) AS given_shipping FROM jsonb_array_elements(discounts) AS each) AS sums
         WHERE given <> discount OR given_shipping <> shipping_discount
         UNION ALL
         SELECT 'line ' || id || ': discounts ' || given || ', line ' || discount FROM order_line_items,
             LATERAL (SELECT COALESCE(sum((each -> 'amount' ->> 'amount')::bigint), 0) AS given FROM jsonb_array_elements(discounts) AS each) AS sums
         WHERE given <> discount",
    ),
    (
        "3 a discount was used as often as its live orders say",
        "SELECT 'discount ' || discounts.id || ': counted ' || used || ', orders ' || count(live.order_id) AS detail
         FROM discounts LEFT JOIN discount_uses AS live ON live.discount_id = discounts.id AND released_at IS NULL
         WHERE usage_limit IS NOT NULL OR usage_limit_per_customer IS NOT NULL
         GROUP BY discounts.id HAVING used <> count(live.order_id)
         UNION ALL
         SELECT 'code ' || code || ': counted ' || used || ', orders ' || count(live.order_id)
         FROM discount_codes LEFT JOIN discount_uses AS live ON live.code_id = discount_codes.id AND released_at IS NULL
         WHERE usage_limit IS NOT NULL GROUP BY discount_codes.id HAVING used <> count(live.order_id)
         UNION ALL
         SELECT 'order ' || order_id || ' is cancelled, but uses discount ' || discount_id FROM discount_uses
         JOIN orders ON orders.id = order_id WHERE released_at IS NULL AND orders.status = 'cancelled'",
    ),
    (
        "4 invoices say what was charged and given back",
        "SELECT 'invoice ' || invoices.number || ': ' || (document #>> '{total,amount}') || ', order ' || total AS detail
         FROM invoices JOIN orders ON orders.id = order_id
         WHERE kind = 'invoice' AND (document #>> '{total,amount}')::bigint <> total
         UNION ALL
         SELECT 'invoice ' || invoices.number || ': ' || (document #>> '{total,amount}') || ', refund ' || amount
         FROM invoices JOIN refunds ON refunds.id = refund_id WHERE (document #>> '{total,amount}')::bigint <> amount
         UNION ALL
         SELECT 'invoice ' || invoices.number || ': its lines do not sum' FROM invoices, LATERAL (
             SELECT COALESCE(sum((line #>> '{total,amount}')::bigint), 0) AS totals, COALESCE(sum((line #>> '{tax,amount}')::bigint), 0) AS taxes
             FROM jsonb_array_elements(document -> 'lines') AS line) AS sums
         WHERE totals <> (document #>> '{total,amount}')::bigint OR taxes <> (document #>> '{tax,amount}')::bigint
         UNION ALL
         SELECT 'invoice ' || invoices.number || ': its rates do not sum' FROM invoices
         WHERE document -> 'taxes' <> '[]' AND (document #>> '{tax,amount}')::bigint <>
             (SELECT sum((rate #>> '{amount,amount}')::bigint) FROM jsonb_array_elements(document -> 'taxes') AS rate)
         UNION ALL
         SELECT 'refund ' || refunds.id || ' is ' || refunds.status || ', but its credit notes say otherwise'
         FROM refunds JOIN invoices AS bill ON bill.order_id = refunds.order_id AND bill.kind = 'invoice', LATERAL (
             SELECT count(*) FILTER (WHERE kind = 'credit_note') - count(*) FILTER (WHERE kind = 'credit_note_reversal') AS standing
             FROM invoices WHERE refund_id = refunds.id) AS notes
         WHERE (refunds.status = 'succeeded') <> (standing = 1)",
    ),
    (
        "4 no number of an invoice is left out",
        "SELECT series.kind || 's: ' || next - 1 || ' numbers, ' || count(invoices.id) || ' documents' AS detail
         FROM invoice_series AS series LEFT JOIN invoices ON (invoices.kind = 'invoice') = (series.kind = 'invoice')
         GROUP BY series.kind, next HAVING next - 1 <> count(invoices.id)",
    ),
    (
        "5 own refunds never exceed what was captured",
        "SELECT 'order ' || orders.id || ': captured ' || captured || ', own refunds ' || sum(amount) AS detail
         FROM orders JOIN refunds ON refunds.order_id = orders.id AND source = 'merx' AND refunds.status IN ('pending', 'succeeded')
         GROUP BY orders.id HAVING sum(amount) > captured",
    ),
    (
        "5 refunds of all never exceed what was captured",
        "SELECT 'order ' || id || ': captured ' || captured || ', refunds ' || given || ', those made at Stripe included' AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum(amount), 0) AS given,
             count(*) FILTER (WHERE source = 'merx' AND status = 'pending') AS waiting
             FROM refunds WHERE order_id = orders.id AND refunds.status IN ('pending', 'succeeded')) AS sums
         WHERE waiting = 0 AND given > captured",
    ),
    (
        "5 an order counts its refunds",
        "SELECT 'order ' || id || ': counted ' || refund_claimed || ' and ' || refund_imported || ', refunds ' || own || ' and ' || imported AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum(amount) FILTER (WHERE source = 'merx'), 0) AS own,
             COALESCE(sum(amount) FILTER (WHERE source <> 'merx'), 0) AS imported
             FROM refunds WHERE order_id = orders.id AND refunds.status IN ('pending', 'succeeded')) AS sums
         WHERE own <> refund_claimed OR imported <> refund_imported",
    ),
    (
        "5 a line counts its refunds, and none exceeds it",
        "SELECT 'line ' || line.id || ': ' || refunded_quantity || ' for ' || refunded_amount || ', refunds ' || quantities || ' for ' || amounts AS detail
         FROM order_line_items AS line, LATERAL (SELECT COALESCE(sum(part.quantity), 0) AS quantities,
             COALESCE(sum(part.amount), 0) AS amounts, COALESCE(sum(part.tax), 0) AS taxes
             FROM refund_line_items AS part JOIN refunds ON refunds.id = part.refund_id AND refunds.status IN ('pending', 'succeeded')
             WHERE part.line_item_id = line.id) AS sums
         WHERE quantities <> refunded_quantity OR amounts <> refunded_amount OR taxes <> refunded_tax
             OR amounts > line.total OR quantities > line.quantity OR taxes > line.tax_added + line.tax_included
         UNION ALL
         SELECT 'refund ' || refunds.id || ': ' || refunds.amount || ', its parts ' || sum(part.amount) + refunds.shipping
         FROM refunds JOIN refund_line_items AS part ON part.refund_id = refunds.id
         GROUP BY refunds.id HAVING refunds.amount < sum(part.amount) + refunds.shipping
             OR refunds.tax_mode = 'lines' AND refunds.amount <> sum(part.amount) + refunds.shipping",
    ),
    (
        "5 refunds give back no more tax than was in the order",
        "SELECT 'order ' || orders.id || ': tax ' || tax_added + tax_included || ', refunded ' || given AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum(refunds.tax), 0) AS given FROM refunds
             WHERE order_id = orders.id AND refunds.status IN ('pending', 'succeeded')) AS sums
         WHERE given > tax_added + tax_included
            OR given < tax_added + tax_included AND refund_claimed + refund_imported = captured AND captured = total AND captured > 0",
    ),
    (
        "5 the payment status is what the sums say",
        "SELECT 'order ' || orders.id || ' is ' || payment_status || ': captured ' || captured || ', refunded ' || given AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum(amount), 0) AS given FROM refunds WHERE order_id = orders.id AND refunds.status = 'succeeded') AS sums
         WHERE paid_at IS NOT NULL AND payment_status <> CASE WHEN given = 0 THEN 'paid' WHEN given < captured THEN 'partially_refunded' ELSE 'refunded' END",
    ),
    (
        "5 disputes sum",
        "SELECT 'order ' || orders.id || ': disputed ' || disputed || ', disputes ' || taken AS detail
         FROM orders, LATERAL (SELECT COALESCE(sum(withdrawn), 0) AS taken FROM disputes WHERE order_id = orders.id) AS sums
         WHERE disputed <> taken",
    ),
    (
        "2 what was sent and what came back add up",
        "SELECT 'line ' || line.id || ': fulfilled ' || fulfilled_quantity || ', fulfillments ' || COALESCE(sum(part.quantity), 0) AS detail
         FROM order_line_items AS line LEFT JOIN fulfillment_line_items AS part ON part.line_item_id = line.id
             AND EXISTS (SELECT FROM fulfillments WHERE id = part.fulfillment_id AND status <> 'cancelled')
         GROUP BY line.id HAVING fulfilled_quantity <> COALESCE(sum(part.quantity), 0)
         UNION ALL
         SELECT 'line ' || line.id || ': restocked ' || restocked_quantity || ', movements ' || COALESCE(sum(delta), 0)
         FROM order_line_items AS line
         JOIN reservations ON reservations.order_id = line.order_id AND reservations.variant_id = line.variant_id AND reservations.status = 'committed'
         LEFT JOIN stock_movements AS movement ON movement.order_id = line.order_id AND movement.variant_id = line.variant_id
             AND movement.reason = 'restock'
         GROUP BY line.id HAVING restocked_quantity <> COALESCE(sum(delta), 0)",
    ),
    (
        "5 money of a cancelled order goes back",
        "SELECT 'order ' || id || ': cancelled, captured ' || captured AS detail FROM orders
         WHERE status = 'cancelled' AND dispute_status NOT IN ('open', 'lost') AND captured > disputed + COALESCE((SELECT sum(amount) FROM refunds
             WHERE order_id = orders.id AND refunds.status IN ('pending', 'succeeded')), 0)",
    ),
    (
        "6 stock is held as long as it can be paid, and no longer",
        "SELECT 'order ' || held.order_id || ', variant ' || held.variant_id || ': ' || held.status || ' although its checkout is '
             || checkouts.status AS detail
         FROM reservations AS held JOIN checkouts ON checkouts.order_id = held.order_id
         WHERE (checkouts.status IN ('creating', 'open')) <> (held.status = 'held')
            OR (checkouts.status = 'completed') <> (held.status = 'committed')",
    ),
    (
        "8 what happened is in the timeline",
        "SELECT 'order ' || id || ' is ' || status || ' without a timeline entry' AS detail FROM orders
         WHERE status IN ('confirmed', 'completed') AND NOT EXISTS (SELECT FROM order_events WHERE order_id = orders.id AND kind = 'paid')
            OR status = 'cancelled' AND NOT EXISTS (SELECT FROM order_events WHERE order_id = orders.id AND kind = 'cancelled')
         UNION ALL
         SELECT 'order ' || id || ': ' || what || ' without a timeline entry' FROM orders, LATERAL (
             SELECT 'a refund' AS what, (SELECT count(*) FROM refunds WHERE order_id = orders.id) AS done,
                 ARRAY['refund_requested', 'refund_imported'] AS kinds
             UNION ALL SELECT 'a refund that succeeded', (SELECT count(*) FROM refunds WHERE order_id = orders.id AND status = 'succeeded'),
                 ARRAY['refunded']
             UNION ALL SELECT 'a refund that failed', (SELECT count(*) FROM refunds WHERE order_id = orders.id AND status IN ('failed', 'cancelled')),
                 ARRAY['refund_failed']
             UNION ALL SELECT 'a shipment', (SELECT count(*) FROM fulfillments WHERE order_id = orders.id), ARRAY['fulfilled']
             UNION ALL SELECT 'a shipment that was called off', (SELECT count(*) FROM fulfillments WHERE order_id = orders.id AND status = 'cancelled'),
                 ARRAY['fulfillment_cancelled']
             UNION ALL SELECT 'a label', (SELECT count(*) FROM shipping_labels WHERE order_id = orders.id AND status IN ('purchased', 'voided')),
                 ARRAY['label_purchased']
             UNION ALL SELECT 'a dispute', (SELECT count(*) FROM disputes WHERE order_id = orders.id), ARRAY['disputed']
             UNION ALL SELECT 'a tax reversal', (SELECT count(tax_reversal_id) FROM refunds WHERE order_id = orders.id)
                 + (SELECT count(tax_reversal_id) FROM disputes WHERE order_id = orders.id), ARRAY['tax_reversed']
         ) AS needed WHERE done > 0
             AND done > (SELECT count(*) FROM order_events WHERE order_id = orders.id AND kind = ANY(kinds))",
    ),
    (
        "8 an outbound event has its deliveries",
        "SELECT 'event ' || id || ' (' || event_type || ') goes nowhere' AS detail FROM outbound_events
         WHERE NOT EXISTS (SELECT FROM webhook_deliveries WHERE event_id = outbound_events.id)",
    ),
    (
        "8 what waits for an endpoint has its job",
        "SELECT 'webhook endpoint ' || id || ': events wait, but no job sends them' AS detail FROM webhook_endpoints
         WHERE status = 'enabled' AND EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = webhook_endpoints.id AND status = 'pending')
             AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'deliver_webhooks' AND status IN ('queued', 'running')
                 AND payload ->> 'id' = webhook_endpoints.id::text)",
    ),
    (
        "9 one currency in an order",
        "SELECT 'refund ' || refunds.id || ' is in ' || refunds.currency || ', its order in ' || orders.currency AS detail
         FROM refunds JOIN orders ON orders.id = refunds.order_id WHERE refunds.currency <> orders.currency",
    ),
    (
        "8 nothing waits for ever",
        "SELECT 'refund ' || id || ' is pending, and nobody has asked Stripe since ' || updated_at AS detail FROM refunds
         WHERE status = 'pending' AND updated_at < $1 - interval '1 day'
         UNION ALL
         SELECT 'checkout ' || checkouts.id || ' is ' || checkouts.status || ' a day after its session ended' FROM checkouts
         JOIN orders ON orders.id = checkouts.order_id
         WHERE checkouts.status IN ('creating', 'open') AND session_expires_at < $1 - interval '1 day'
             AND payment_status <> 'processing' AND NOT payment_review
         UNION ALL
         SELECT 'order ' || id || ' was paid a day ago, but its tax is not recorded' FROM orders
         WHERE tax_calculation_id IS NOT NULL AND tax_transaction_id IS NULL AND tax_record_error IS NULL AND captured > 0
             AND paid_at < $1 - interval '1 day'
             AND EXISTS (SELECT FROM tax_calculations WHERE id = tax_calculation_id AND provider_id IS NOT NULL)
         UNION ALL
         SELECT 'refund ' || refunds.id || ' is ' || refunds.status || ' for a day, but its tax does not follow' FROM refunds
         JOIN orders ON orders.id = refunds.order_id
         WHERE tax_transaction_id IS NOT NULL AND tax_error IS NULL AND refunds.updated_at < $1 - interval '1 day'
             AND (refunds.status = 'succeeded' AND tax_reversal_id IS NULL
                 OR refunds.status IN ('failed', 'cancelled') AND tax_reversal_id IS NOT NULL AND tax_undo_id IS NULL)
         UNION ALL
         SELECT 'label ' || id || ' is ' || status || ', and nobody has asked Shippo since ' || updated_at FROM shipping_labels
         WHERE status IN ('pending', 'void_requested') AND updated_at < $1 - interval '1 day'
         UNION ALL
         SELECT 'customer ' || id || ' is three days old, but not known to Stripe' FROM customers
         WHERE stripe_customer_id IS NULL AND stripe_refused_at IS NULL AND created_at < $1 - interval '3 days'
         UNION ALL
         SELECT 'e-mail ' || id || ' was tried, but is neither sent nor given up after a day' FROM emails
         WHERE status = 'queued' AND attempts > 0 AND created_at < $1 - interval '1 day'",
    ),
    (
        "9 parts are in their order's currency",
        "SELECT 'order ' || id || ' in ' || currency || ' has parts in another currency' AS detail FROM orders
         WHERE currency <> COALESCE(shipping_rate #>> '{price,currency}', currency)
            OR currency <> COALESCE(tax #>> '{shipping,added,currency}', currency)
            OR EXISTS (SELECT FROM jsonb_array_elements(discounts) AS given WHERE given #>> '{amount,currency}' <> currency)",
    ),
    (
        "10 parts belong to their order",
        "SELECT 'refund ' || refunds.id || ' names a line of another order' AS detail FROM refund_line_items AS part
         JOIN refunds ON refunds.id = part.refund_id JOIN order_line_items AS line ON line.id = part.line_item_id
         WHERE line.order_id <> refunds.order_id
         UNION ALL
         SELECT 'fulfillment ' || fulfillments.id || ' names a line of another order' FROM fulfillment_line_items AS part
         JOIN fulfillments ON fulfillments.id = part.fulfillment_id JOIN order_line_items AS line ON line.id = part.line_item_id
         WHERE line.order_id <> fulfillments.order_id
         UNION ALL
         SELECT 'label ' || label.id || ' is of a fulfillment of another order' FROM shipping_labels AS label
         JOIN fulfillments ON fulfillments.id = label.fulfillment_id WHERE fulfillments.order_id <> label.order_id",
    ),
    (
        "10 secrets are stored hashed",
        "SELECT 'idempotency key of ' || scope || ' keeps a token' AS detail FROM idempotency_keys
         WHERE body::text ~ '\"(cart|order|access|refresh)_token\": *\"'
         UNION ALL SELECT 'API key ' || id || ' is not a hash' FROM api_keys WHERE octet_length(token_hash) <> 32
         UNION ALL SELECT 'session ' || id || ' is not a hash' FROM customer_sessions WHERE octet_length(access_hash) <> 32
         UNION ALL SELECT 'a refresh token of session ' || session_id || ' is not a hash' FROM customer_refresh_tokens
         WHERE octet_length(hash) <> 32
         UNION ALL SELECT 'customer ' || id || ' has a password that is not hashed' FROM customers
         WHERE password_hash NOT LIKE '$argon2id$%'
         UNION ALL SELECT 'staff session ' || id || ' is not a hash' FROM staff_sessions WHERE octet_length(token_hash) <> 32
         UNION ALL SELECT 'member of staff ' || id || ' has a password that is not hashed' FROM staff_members
         WHERE password_hash NOT LIKE '$argon2id$%'",
    ),
    (
        "8 what is rolled up is what was sold and given back",
        ROLL_UPS,
    ),
    (
        "8 what was sold counts as a sale",
        "SELECT 'order ' || orders.id || ': its checkout is ' || checkouts.status || ', but it ' ||
             CASE WHEN bought_before IS NULL THEN 'is no sale' ELSE 'is a sale' END AS detail
         FROM orders JOIN checkouts ON checkouts.order_id = orders.id
         WHERE (checkouts.status = 'completed') <> (bought_before IS NOT NULL)",
    ),
    (
        "10 somebody owns the shop",
        "SELECT count(*) || ' active members of staff, but none is an owner' AS detail FROM staff_members
         WHERE status = 'active' HAVING count(*) > 0 AND count(*) FILTER (WHERE built_in_role = 'owner') = 0",
    ),
    (
        "10 who was deactivated is out",
        "SELECT 'staff session ' || staff_sessions.id || ' of a deactivated member goes on' AS detail FROM staff_sessions
         JOIN staff_members ON staff_members.id = staff_id WHERE status = 'deactivated' AND ended_at IS NULL
         UNION ALL
         SELECT 'a link to a deactivated member of staff (' || staff_links.id || ') still works' FROM staff_links
         JOIN staff_members ON staff_members.id = staff_id
         WHERE status = 'deactivated' AND used_at IS NULL AND staff_links.expires_at > $1",
    ),
];

/// Where roll-ups, with what waits to be rolled up, are not the sums of the rows that they are of.
pub(super) const ROLL_UPS: &str = "SELECT 'from ' || at || ', ' || currency || ': rolled up, with what waits, is not what the orders say' AS detail FROM (
     SELECT at, currency, orders, units, discounted_orders, first_orders, gross, discounts, shipping, shipping_discounts, tax, total,
         refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax FROM analytics_answers
     UNION ALL
     SELECT at, currency, -orders, -units, -discounted_orders, -first_orders, -gross, -discounts, -shipping, -shipping_discounts, -tax,
         -total, -refunds, -refunded_units, -refunded, -refunded_goods, -refunded_shipping, -refunded_tax FROM analytics_figures
     ) AS sides GROUP BY at, currency
     HAVING (sum(orders), sum(units), sum(discounted_orders), sum(first_orders), sum(gross), sum(discounts), sum(shipping),
         sum(shipping_discounts), sum(tax), sum(total), sum(refunds), sum(refunded_units), sum(refunded),
         sum(refunded_goods), sum(refunded_shipping), sum(refunded_tax))
     <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
     UNION ALL
     SELECT 'variant ' || variant_id || ' on ' || day || ', ' || currency || ': rolled up, with what waits, is not what the lines say' FROM (
     SELECT day, variant_id, currency, units, gross, net, refunded_units, refunded_net FROM analytics_line_answers
     UNION ALL
     SELECT day, variant_id, currency, -units, -gross, -net, -refunded_units, -refunded_net FROM analytics_lines
     ) AS sides GROUP BY day, variant_id, currency
     HAVING (sum(units), sum(gross), sum(net), sum(refunded_units), sum(refunded_net)) <> (0, 0, 0, 0, 0)
     UNION ALL
     SELECT 'from ' || at || ': rolled-up carts are not what the carts say' FROM (
     SELECT at, carts, carts_with_lines, checkouts FROM analytics_carts
     UNION ALL
     SELECT at, -carts, -carts_with_lines, -checkouts FROM analytics_cart_figures, analytics_state WHERE at < carts_until
     ) AS sides GROUP BY at HAVING (sum(carts), sum(carts_with_lines), sum(checkouts)) <> (0, 0, 0)";
