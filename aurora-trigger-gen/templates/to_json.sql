-- {{ remark }}: a row of {{ table_remark }} as its image.
CREATE OR REPLACE FUNCTION aurora_trigger.{{ to_json }}(source_row {{ schema }}.{{ table }})
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS {{ body }};
ALTER FUNCTION aurora_trigger.{{ to_json }}({{ schema }}.{{ table }}) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ to_json }}({{ schema }}.{{ table }}) FROM PUBLIC;
