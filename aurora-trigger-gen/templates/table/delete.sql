{%- import "table/macros.sql" as sql -%}
-- The rows that a DELETE deleted, {{ function.way }}.
{{ sql::head(function) }}
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_misfits(function, "old_rows") }}
{{- sql::take_numbers(function, "(SELECT count(*) FROM old_rows)") }}
{%- if function.way.calls() %}
{{- sql::send() -}}
SELECT row_to_json(change.*)
FROM (
    SELECT
        number_before + row_number() OVER () AS seq,
        'd' AS op,
        row_to_json(image.*) AS before
    {{ old_rows }}
{%- if function.has_predicate %}
        AND predicate.chosen
{%- endif %}
) AS change
{{- sql::end_send(function) }}
{%- else if function.way.has_queue() %}
{{- sql::queue(function, "before", old_rows) }}
{%- else %}
{{- sql::keep(function) -}}
SELECT
    'd'::"char" AS op,
    {{ function.key }} AS row_key,
    row_to_json(image.*) AS before,
    NULL::json AS after
{{ old_rows }}
{%- if function.has_predicate %}
    AND predicate.chosen
{%- endif %}
{{- sql::end_keep(function) }}
{%- endif %}
{{- sql::tail(function) }}
