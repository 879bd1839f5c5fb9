{%- import "table/macros.sql" as sql -%}
-- The rows that an INSERT created, {{ function.way }}.
{{ sql::head(function) }}
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_misfits(function, "new_rows") }}
{{- sql::take_numbers(function, "(SELECT count(*) FROM new_rows)") }}
{%- if function.way.calls() %}
{{- sql::send() -}}
SELECT row_to_json(change.*)
FROM (
    SELECT
        number_before + row_number() OVER () AS seq,
        'c' AS op,
        row_to_json(image.*) AS after
    {{ new_rows }}
{%- if function.has_predicate %}
        AND predicate.chosen
{%- endif %}
) AS change
{{- sql::end_send(function) }}
{%- else if function.way.has_queue() %}
{{- sql::queue(function, "after", new_rows) }}
{%- else %}
{{- sql::keep(function) -}}
SELECT
    'c'::"char" AS op,
    {{ function.key }} AS row_key,
    NULL::json AS before,
    row_to_json(image.*) AS after
{{ new_rows }}
{%- if function.has_predicate %}
    AND predicate.chosen
{%- endif %}
{{- sql::end_keep(function) }}
{%- endif %}
{{- sql::tail(function) }}
