ALTER INDEX variants_facets_idx RESET (fastupdate);
ALTER INDEX products_tags_idx RESET (fastupdate);
ALTER INDEX product_search_document_idx RESET (fastupdate);
