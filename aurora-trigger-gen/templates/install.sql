-- Change data capture of {{ table_count }}, made by aurora-trigger {{ version }} from the structs below.
-- Run it with psql -v ON_ERROR_STOP=1 --single-transaction, or in a migration: it holds no
-- transaction control. It can be run again at any time. Change the structs, not this file.

{{ shared }}
{{ checks }}
{%- if let Some((function_name, region)) = configuration %}

SELECT aurora_trigger.configure({{ function_name }}, {{ region }});
{%- endif %}

-- Every table must fit its struct before anything is captured.
DO $body$
DECLARE
    differences text;
BEGIN
    SELECT pg_catalog.string_agg(found.difference, E'\n') INTO differences
    FROM (
        {%- for check in table_checks %}
        SELECT aurora_trigger.table_differences(
            {{ check.schema }}, {{ check.table }},
            {{ check.columns }},
            {{ check.key_columns }},
            {{ check.predicate }}
        )
        {%- if !loop.last %}
        UNION ALL
        {%- endif %}
        {%- endfor %}
    ) AS found (difference);
    IF differences IS NOT NULL THEN
        RAISE EXCEPTION E'aurora_trigger: the tables differ from their structs\n%', differences
            USING HINT = 'Nothing was captured anew. Change the struct or migrate the table, then '
                'emit and run this file again.';
    END IF;
END
$body$;
{% for table in tables %}
{{ table }}
{% endfor -%}
{%- for trigger in triggers %}
{{ trigger }}
{% endfor -%}
{%- if configuration.is_none() %}
DO $body$
BEGIN
    IF NOT EXISTS (
        SELECT FROM aurora_trigger.settings AS s WHERE s.function_name IS NOT NULL
    ) THEN
        RAISE WARNING 'aurora_trigger: nothing is captured until you name the relay'
            USING HINT = 'SELECT aurora_trigger.configure(''<its ARN>'');';
    END IF;
END
$body$;
{%- endif %}
