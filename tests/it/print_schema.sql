-- Prints `api/src/db/schema.rs` from a migrated database: one row, the whole file.
WITH columns AS (
    SELECT table_name, ordinal_position, format(E'        %s -> %s,\n',
        column_name,
        CASE WHEN is_nullable = 'YES' THEN format('Nullable<%s>', kind) ELSE kind END) AS line
    FROM information_schema.columns
    CROSS JOIN LATERAL (SELECT CASE udt_name
        WHEN 'uuid' THEN 'Uuid' WHEN 'text' THEN 'Text' WHEN 'int8' THEN 'Int8' WHEN 'int4' THEN 'Int4'
        WHEN 'int2' THEN 'Int2' WHEN 'bool' THEN 'Bool' WHEN 'jsonb' THEN 'Jsonb' WHEN 'bytea' THEN 'Bytea'
        WHEN 'timestamptz' THEN 'Timestamptz' WHEN 'date' THEN 'Date' WHEN '_text' THEN 'Array<Text>'
        WHEN '_uuid' THEN 'Array<Uuid>' END AS kind) AS kinds
    WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
        -- Diesel has no type for it; the statements that touch it are SQL.
        AND udt_name <> 'tsvector'
), keys AS (
    SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) AS key
    FROM information_schema.table_constraints
    JOIN information_schema.key_column_usage USING (table_schema, table_name, constraint_name)
    WHERE constraint_type = 'PRIMARY KEY' AND table_schema = 'public'
    GROUP BY table_name
), tables AS (
    SELECT table_name, format(E'diesel::table! {\n    %s (%s) {\n%s    }\n}\n', table_name, key,
        string_agg(line, '' ORDER BY ordinal_position)) AS block
    FROM columns JOIN keys USING (table_name)
    GROUP BY table_name, key
)
SELECT format(
    E'//! The tables as Diesel sees them: printed from the migrated database by a test (`MERX_BLESS=1`), never edited.\n#![expect(missing_docs, reason = "generated")]\n\n%s\ndiesel::allow_tables_to_appear_in_same_query!(\n%s);\n',
    string_agg(block, E'\n' ORDER BY table_name),
    string_agg(format(E'    %s,\n', table_name), '' ORDER BY table_name)) AS schema
FROM tables;
