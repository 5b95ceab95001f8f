DROP TABLE stock_movements;
DROP TABLE stock_levels;
DROP TABLE variant_prices;
DROP TABLE variants;
DROP TABLE products;
