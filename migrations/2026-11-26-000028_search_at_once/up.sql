-- What was written lately is found by reading a list of what is not in the index yet, of up to 4 MB: after an import each search
-- took twice as long, until a vacuum. Products are searched and filtered more often than written.
ALTER INDEX product_search_document_idx SET (fastupdate = off);
ALTER INDEX products_tags_idx SET (fastupdate = off);
ALTER INDEX variants_facets_idx SET (fastupdate = off);
SELECT gin_clean_pending_list('product_search_document_idx'), gin_clean_pending_list('products_tags_idx'),
    gin_clean_pending_list('variants_facets_idx');
