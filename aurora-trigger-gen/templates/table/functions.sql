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
AS {{ to_json_tag }}
BEGIN
    RETURN (
        SELECT row_to_json(image.*)
        FROM (
            SELECT
                {{ to_json_image }}
        ) AS image
        WHERE
            {{ to_json_trust }}
    );
END
{{ to_json_tag }};
ALTER FUNCTION aurora_trigger.{{ to_json }}(record)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ to_json }}(record)
    FROM PUBLIC;
{%- if let Some(mask) = mask %}

{{ mask }}
{%- endif %}
{%- if let Some(queue) = queue %}

{{ queue }}
{%- endif %}

-- The functions of its triggers. They run as their owner, which has no rights but on its own schema
-- and on aws_lambda. The settings that change how values print, or how long it takes, are pinned.
{%- for function in trigger_functions %}

{{ function }}
{%- endfor %}

{{ registration }}
{% include "step_end.sql" %}
