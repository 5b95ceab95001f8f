ALTER TABLE checkouts DROP COLUMN coupon_body;
ALTER TABLE order_line_items DROP COLUMN discounts;
ALTER TABLE orders DROP COLUMN discounts;
ALTER TABLE carts DROP COLUMN discount_codes;
DROP TABLE discount_uses, discount_codes, discounts;
