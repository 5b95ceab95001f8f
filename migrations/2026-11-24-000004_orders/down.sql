DROP TABLE order_events;
DROP TABLE refunds;
DROP TABLE reservations;
DROP TABLE checkouts;
DROP TABLE order_line_items;
DROP TABLE orders;
DROP SEQUENCE order_number_seq;
