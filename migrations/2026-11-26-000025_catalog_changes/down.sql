DROP FUNCTION analyze_catalog();
DROP TABLE catalog_changes;
