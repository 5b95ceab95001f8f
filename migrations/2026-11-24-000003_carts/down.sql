DROP TABLE cart_line_items;
DROP TABLE carts;
