-- Columns as the struct's expressions mask them.
CREATE OR REPLACE FUNCTION aurora_trigger.{{ function }}(masked_column text, value text)
RETURNS text
LANGUAGE plpgsql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS {{ body }};
ALTER FUNCTION aurora_trigger.{{ function }}(text, text)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ function }}(text, text)
    FROM PUBLIC;
