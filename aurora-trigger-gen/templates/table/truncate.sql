{%- import "table/macros.sql" as sql -%}
-- A TRUNCATE of the table, {{ function.way }}.
{{ sql::head(function) }}
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_misfits(function, "") }}
{%- if function.way.calls() %}
{{- sql::send() -}}
SELECT json_build_object('seq', nextval('aurora_trigger.event_seq'), 'op', 't')
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
