-- Change data capture of {{ table_count }}, made by aurora-trigger {{ version }} from the structs below.
-- Run it with psql -v ON_ERROR_STOP=1 --single-transaction, or in a migration: it holds no
-- transaction control. It can be run again at any time. Change the structs, not this file.

{{ shared }}
{{ checks }}
{%- if let Some((function_name, region)) = configuration %}

SELECT aurora_trigger.configure({{ function_name }}, {{ region }});
{%- endif %}

-- Every table must fit its struct before anything is captured.
DO {{ check_tables }};
{% for table in tables %}
{{ table }}
{% endfor -%}
{%- for (table_remark, body) in triggers %}
-- The triggers of {{ table_remark }}. No lock is taken where they are already right.
DO {{ body }};
{% endfor %}
{% include "rights.sql" %}
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
