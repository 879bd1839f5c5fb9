-- {{ remark }}: {{ table_remark }}.
-- Its contract is {{ fingerprint }}: another one is another struct.
{% include "step_begin.sql" %}

-- A row as its image. It takes any record: a function that takes the table's row type would make
-- DROP TABLE fail.
CREATE OR REPLACE FUNCTION aurora_trigger.{{ to_json }}(
    source_row record
)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
{%- for pin in pins %}
SET {{ pin }}
{%- endfor %}
AS {{ to_json_body }};
ALTER FUNCTION aurora_trigger.{{ to_json }}(record)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ to_json }}(record)
    FROM PUBLIC;
{%- if let Some(mask) = mask %}

{{ mask }}
{%- endif %}

-- What a {{ level }} did to the table, {{ way }}.
-- It runs as its owner, which has no rights but on its own schema and on aws_lambda. The settings
-- that change how values print are pinned.
CREATE OR REPLACE FUNCTION aurora_trigger.{{ capture }}()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
{%- for pin in pins %}
SET {{ pin }}
{%- endfor %}
AS {{ capture_body }};
ALTER FUNCTION aurora_trigger.{{ capture }}()
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ capture }}()
    FROM PUBLIC;
COMMENT ON FUNCTION aurora_trigger.{{ capture }}() IS
    {{ comment }};

{{ registration }}
{% include "step_end.sql" %}
