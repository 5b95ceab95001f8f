DROP TRIGGER product_search_status ON product_search;
DROP FUNCTION product_search_status();
ALTER TABLE product_search DROP COLUMN status;
