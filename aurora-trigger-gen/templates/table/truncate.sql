{%- import "table/macros.sql" as sql -%}
-- A TRUNCATE of the table, {{ function.way }}.
{{ sql::head(function) }}
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_misfits(function, "") }}
{{- sql::take_numbers(function, "1") }}
{%- if function.way.calls() %}
{{- sql::send() -}}
SELECT json_build_object('seq', number_before + 1, 'op', 't')
{{- sql::end_send(function) }}
{%- else %}
{{- sql::keep(function) -}}
SELECT
    't'::"char" AS op,
    NULL::json AS before,
    NULL::json AS after
{{- sql::end_keep(function) }}
{%- endif %}
{{- sql::tail(function) }}
