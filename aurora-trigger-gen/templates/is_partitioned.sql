-- Whether a table has partitions, between which an UPDATE can move a row. A table that is no
-- partitioned one never becomes one, so it is immutable: the planner asks it once per plan.
CREATE OR REPLACE FUNCTION aurora_trigger.is_partitioned(schema_name text, table_name text)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    -- By its names, since to_regclass() asks for rights on the schema.
    RETURN EXISTS (
        SELECT
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = schema_name AND c.relname = table_name AND c.relkind = 'p'
    );
END
$body$;
ALTER FUNCTION aurora_trigger.is_partitioned(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_partitioned(text, text) FROM PUBLIC;
