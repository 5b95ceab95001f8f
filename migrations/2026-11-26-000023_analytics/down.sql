DROP VIEW analytics_cart_figures, analytics_line_answers, analytics_answers, analytics_waiting_lines, analytics_waiting, analytics_lines,
    analytics_figures, analytics_refunded_lines, analytics_sold_lines, analytics_refunds, analytics_sales;
DROP TABLE analytics_state, analytics_carts, analytics_variant_days, analytics_quarters, analytics_pending;
DELETE FROM jobs WHERE kind = 'roll_up_analytics';
DELETE FROM paused_job_kinds WHERE kind = 'roll_up_analytics';
ALTER TABLE refunds DROP COLUMN succeeded_at;
ALTER TABLE orders DROP COLUMN bought_before;
ALTER TABLE carts DROP COLUMN first_line_at;
DROP INDEX carts_created_at_idx;
