-- What was sold and given back, rolled up: by quarter of an hour and currency, and by variant and day (UTC). All zones in
-- use are whole quarters off UTC, so local hours, days and months are sums of quarters.

-- When something was first put into it.
ALTER TABLE carts ADD COLUMN first_line_at timestamptz;
UPDATE carts SET first_line_at = COALESCE(
    (SELECT min(created_at) FROM cart_line_items WHERE cart_id = carts.id), (SELECT min(placed_at) FROM orders WHERE cart_id = carts.id));
CREATE INDEX carts_created_at_idx ON carts (created_at);
CREATE INDEX carts_first_line_at_idx ON carts (first_line_at) WHERE first_line_at IS NOT NULL;

-- Whether the buyer, told by the e-mail address, had bought before it was paid; null of what never became a sale.
ALTER TABLE orders ADD COLUMN bought_before boolean;
WITH sales AS (
    SELECT orders.id, row_number() OVER (PARTITION BY lower(email) ORDER BY paid_at, orders.id) > 1 AS again
    FROM orders JOIN checkouts ON checkouts.order_id = orders.id AND checkouts.status = 'completed'
)
UPDATE orders SET bought_before = again FROM sales WHERE sales.id = orders.id;
CREATE INDEX orders_sold_at_idx ON orders (paid_at) WHERE bought_before IS NOT NULL;
CREATE INDEX orders_buyer_idx ON orders (lower(email)) WHERE bought_before IS NOT NULL;

-- When it first succeeded; kept when it fails afterwards.
ALTER TABLE refunds ADD COLUMN succeeded_at timestamptz;
UPDATE refunds SET succeeded_at = COALESCE((SELECT min(created_at) FROM order_events
    WHERE order_id = refunds.order_id AND kind = 'refunded' AND order_events.created_at >= refunds.created_at), updated_at)
WHERE status = 'succeeded';
CREATE INDEX refunds_succeeded_at_idx ON refunds (succeeded_at) WHERE succeeded_at IS NOT NULL;

-- Sales and refunds that are not rolled up yet, written in their transaction: only ever inserted by it, so that nobody waits.
CREATE TABLE analytics_pending (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT analytics_pending_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT analytics_pending_order_id_fkey REFERENCES orders (id),
    -- None of a sale.
    refund_id uuid CONSTRAINT analytics_pending_refund_id_fkey REFERENCES refunds (id),
    -- -1 of a refund that failed after it had succeeded.
    sign bigint NOT NULL CONSTRAINT analytics_pending_sign_check CHECK (sign IN (1, -1)),
    -- Being rolled up, inside the transaction that does it.
    taken boolean NOT NULL
);

-- Amounts are minor units of the currency.
CREATE TABLE analytics_quarters (
    at timestamptz NOT NULL,
    currency text NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    discounted_orders bigint NOT NULL,
    first_orders bigint NOT NULL,
    gross bigint NOT NULL,
    discounts bigint NOT NULL,
    shipping bigint NOT NULL,
    shipping_discounts bigint NOT NULL,
    tax bigint NOT NULL,
    total bigint NOT NULL,
    refunds bigint NOT NULL,
    refunded_units bigint NOT NULL,
    refunded bigint NOT NULL,
    refunded_goods bigint NOT NULL,
    refunded_shipping bigint NOT NULL,
    refunded_tax bigint NOT NULL,
    CONSTRAINT analytics_quarters_pkey PRIMARY KEY (currency, at)
);
CREATE INDEX analytics_quarters_at_idx ON analytics_quarters (at);

CREATE TABLE analytics_variant_days (
    day date NOT NULL,
    variant_id uuid NOT NULL,
    currency text NOT NULL,
    product_id uuid NOT NULL,
    units bigint NOT NULL,
    gross bigint NOT NULL,
    net bigint NOT NULL,
    refunded_units bigint NOT NULL,
    refunded_net bigint NOT NULL,
    CONSTRAINT analytics_variant_days_pkey PRIMARY KEY (day, variant_id, currency)
);

-- How many carts were made, were first filled, were first checked out.
CREATE TABLE analytics_carts (
    at timestamptz CONSTRAINT analytics_carts_pkey PRIMARY KEY,
    carts bigint NOT NULL,
    carts_with_lines bigint NOT NULL,
    checkouts bigint NOT NULL
);

-- Until when carts are rolled up: one row. Whoever rolls up locks it.
CREATE TABLE analytics_state (
    id boolean CONSTRAINT analytics_state_pkey PRIMARY KEY CONSTRAINT analytics_state_one_check CHECK (id),
    carts_until timestamptz NOT NULL
);
INSERT INTO analytics_state (id, carts_until) VALUES (true, '2000-01-01T00:00:00Z');

-- The views say what is counted, once for all: roll-ups are their sums.

-- Each sale: what was charged. Tax contained in prices is taken out of them.
CREATE VIEW analytics_sales AS
SELECT orders.id AS order_id, date_bin('15 minutes', paid_at, '2000-01-01T00:00:00Z') AS at, currency,
    1::bigint AS orders,
    (SELECT COALESCE(sum(quantity), 0)::bigint FROM order_line_items WHERE order_id = orders.id) AS units,
    (discount > 0 OR shipping_discount > 0)::integer::bigint AS discounted_orders,
    (NOT bought_before)::integer::bigint AS first_orders,
    subtotal - tax_included + contained.shipping AS gross,
    discount AS discounts,
    orders.shipping - contained.shipping AS shipping,
    shipping_discount AS shipping_discounts,
    tax_added + tax_included AS tax,
    total
FROM orders, LATERAL (SELECT COALESCE((orders.tax #>> '{shipping,included,amount}')::bigint, 0) AS shipping) AS contained
WHERE bought_before IS NOT NULL;

-- Each refund of a sale that ever succeeded: what was given back.
CREATE VIEW analytics_refunds AS
SELECT refunds.id AS refund_id, date_bin('15 minutes', succeeded_at, '2000-01-01T00:00:00Z') AS at, refunds.currency,
    refunds.status = 'succeeded' AS counts,
    1::bigint AS refunds,
    parts.units AS refunded_units,
    amount AS refunded,
    amount - refunds.tax - (refunds.shipping - on_shipping.tax) AS refunded_goods,
    refunds.shipping - on_shipping.tax AS refunded_shipping,
    refunds.tax AS refunded_tax
FROM refunds JOIN orders ON orders.id = refunds.order_id AND orders.bought_before IS NOT NULL,
    LATERAL (SELECT COALESCE(sum(quantity), 0)::bigint AS units, COALESCE(sum(tax), 0)::bigint AS tax
        FROM refund_line_items WHERE refund_id = refunds.id) AS parts,
    LATERAL (SELECT GREATEST(LEAST(refunds.tax - parts.tax, refunds.shipping), 0) AS tax) AS on_shipping
WHERE succeeded_at IS NOT NULL;

-- Each line of a sale.
CREATE VIEW analytics_sold_lines AS
SELECT orders.id AS order_id, paid_at AS at, (paid_at AT TIME ZONE 'UTC')::date AS day, currency, variant_id, product_id,
    quantity AS units, line.subtotal - line.tax_included AS gross, line.subtotal - line.discount - line.tax_included AS net
FROM orders JOIN order_line_items AS line ON line.order_id = orders.id
WHERE bought_before IS NOT NULL;

-- Each line of a refund of a sale that ever succeeded.
CREATE VIEW analytics_refunded_lines AS
SELECT refunds.id AS refund_id, succeeded_at AS at, (succeeded_at AT TIME ZONE 'UTC')::date AS day, refunds.currency,
    variant_id, product_id, refunds.status = 'succeeded' AS counts, part.quantity AS refunded_units,
    part.amount - part.tax AS refunded_net
FROM refunds JOIN orders ON orders.id = refunds.order_id AND orders.bought_before IS NOT NULL
    JOIN refund_line_items AS part ON part.refund_id = refunds.id
    JOIN order_line_items AS line ON line.id = part.line_item_id
WHERE succeeded_at IS NOT NULL;

-- All that counts, from the orders themselves.
CREATE VIEW analytics_figures AS
SELECT at, currency, orders, units, discounted_orders, first_orders, gross, discounts, shipping, shipping_discounts, tax, total,
    0::bigint AS refunds, 0::bigint AS refunded_units, 0::bigint AS refunded, 0::bigint AS refunded_goods, 0::bigint AS refunded_shipping, 0::bigint AS refunded_tax
FROM analytics_sales
UNION ALL
SELECT at, currency, 0::bigint AS orders, 0::bigint AS units, 0::bigint AS discounted_orders, 0::bigint AS first_orders, 0::bigint AS gross, 0::bigint AS discounts, 0::bigint AS shipping, 0::bigint AS shipping_discounts, 0::bigint AS tax, 0::bigint AS total,
    refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax
FROM analytics_refunds WHERE counts;

CREATE VIEW analytics_lines AS
SELECT at, day, variant_id, currency, product_id, units, gross, net, 0::bigint AS refunded_units, 0::bigint AS refunded_net
FROM analytics_sold_lines
UNION ALL
SELECT at, day, variant_id, currency, product_id, 0, 0, 0, refunded_units, refunded_net
FROM analytics_refunded_lines WHERE counts;

-- What waits to be rolled up.
CREATE VIEW analytics_waiting AS
SELECT taken, at, currency, sign * orders AS orders, sign * units AS units, sign * discounted_orders AS discounted_orders, sign * first_orders AS first_orders, sign * gross AS gross, sign * discounts AS discounts, sign * shipping AS shipping, sign * shipping_discounts AS shipping_discounts, sign * tax AS tax, sign * total AS total,
    0::bigint AS refunds, 0::bigint AS refunded_units, 0::bigint AS refunded, 0::bigint AS refunded_goods, 0::bigint AS refunded_shipping, 0::bigint AS refunded_tax
FROM analytics_pending JOIN analytics_sales USING (order_id) WHERE refund_id IS NULL
UNION ALL
SELECT taken, at, currency, 0::bigint AS orders, 0::bigint AS units, 0::bigint AS discounted_orders, 0::bigint AS first_orders, 0::bigint AS gross, 0::bigint AS discounts, 0::bigint AS shipping, 0::bigint AS shipping_discounts, 0::bigint AS tax, 0::bigint AS total,
    sign * refunds AS refunds, sign * refunded_units AS refunded_units, sign * refunded AS refunded, sign * refunded_goods AS refunded_goods, sign * refunded_shipping AS refunded_shipping, sign * refunded_tax AS refunded_tax
FROM analytics_pending JOIN analytics_refunds USING (refund_id);

CREATE VIEW analytics_waiting_lines AS
SELECT taken, day, variant_id, currency, product_id, sign * units AS units, sign * gross AS gross, sign * net AS net,
    0::bigint AS refunded_units, 0::bigint AS refunded_net
FROM analytics_pending JOIN analytics_sold_lines USING (order_id) WHERE refund_id IS NULL
UNION ALL
SELECT taken, day, variant_id, currency, product_id, 0, 0, 0, sign * refunded_units, sign * refunded_net
FROM analytics_pending JOIN analytics_refunded_lines USING (refund_id);

-- What is answered: rolled up, and what waits to be. Exact at every moment.
CREATE VIEW analytics_answers AS
SELECT at, currency, orders, units, discounted_orders, first_orders, gross, discounts, shipping, shipping_discounts, tax, total, refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax
FROM analytics_quarters
UNION ALL
SELECT at, currency, orders, units, discounted_orders, first_orders, gross, discounts, shipping, shipping_discounts, tax, total, refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax
FROM analytics_waiting;

CREATE VIEW analytics_line_answers AS
SELECT day, variant_id, currency, product_id, units, gross, net, refunded_units, refunded_net FROM analytics_variant_days
UNION ALL
SELECT day, variant_id, currency, product_id, units, gross, net, refunded_units, refunded_net FROM analytics_waiting_lines;

-- Carts by quarter, from the carts themselves; a cart's first checkout is its first order.
CREATE VIEW analytics_cart_figures AS
SELECT date_bin('15 minutes', at, '2000-01-01T00:00:00Z') AS at, sum(carts)::bigint AS carts,
    sum(carts_with_lines)::bigint AS carts_with_lines, sum(checkouts)::bigint AS checkouts
FROM (
    SELECT created_at AS at, 1 AS carts, 0 AS carts_with_lines, 0 AS checkouts FROM carts
    UNION ALL SELECT first_line_at, 0, 1, 0 FROM carts WHERE first_line_at IS NOT NULL
    UNION ALL SELECT min(placed_at), 0, 0, 1 FROM orders GROUP BY cart_id
) AS moments GROUP BY 1;

-- What was sold until now.
INSERT INTO analytics_quarters (at, currency, orders, units, discounted_orders, first_orders, gross, discounts, shipping, shipping_discounts, tax, total, refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax)
SELECT at, currency, sum(orders), sum(units), sum(discounted_orders), sum(first_orders), sum(gross), sum(discounts), sum(shipping), sum(shipping_discounts), sum(tax), sum(total), sum(refunds), sum(refunded_units), sum(refunded), sum(refunded_goods), sum(refunded_shipping), sum(refunded_tax)
FROM analytics_figures GROUP BY at, currency;
INSERT INTO analytics_variant_days (day, variant_id, currency, product_id, units, gross, net, refunded_units, refunded_net)
SELECT day, variant_id, currency, (array_agg(product_id))[1], sum(units), sum(gross), sum(net), sum(refunded_units), sum(refunded_net)
FROM analytics_lines GROUP BY day, variant_id, currency;
