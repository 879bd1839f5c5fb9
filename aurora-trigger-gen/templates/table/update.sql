{%- import "table/macros.sql" as sql -%}
-- The rows that an UPDATE changed, {{ function.way }}.
{{ sql::head(function) }}
    rows_are_lost boolean := false;
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_misfits(function, "old_rows") }}
{{- sql::take_numbers(
    function, "(SELECT count(*) FROM old_rows) + (SELECT count(*) FROM new_rows)"
) }}
    -- Both transition tables hold the same rows in the same order: the images of a row are found by
    -- their place. By its key, a row that one statement changes twice would be paired wrongly. Only
    -- where a BEFORE INSERT trigger of a partition drops a row that an UPDATE moves there, that row
    -- is in the old transition table only, and it is the key{% if function.queue.is_some() %}: a drain finds these pairs{% endif %}.
    IF {{ is_partitioned }} THEN
        rows_are_lost := (SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows);
    END IF;
{%- match changes %}
{%- when Changes::ToQueue(changed_rows) %}
{{- sql::queue(function, "before, after", changed_rows) }}
{%- when Changes::InPairs { by_place, by_key } %}
{%- if function.way.calls() %}
{{- sql::deliver(function) -}}
{{ by_place }}
WHERE NOT rows_are_lost
UNION ALL
{{ by_key }}
WHERE rows_are_lost
{{- sql::end_deliver(function) }}
{%- else %}
    IF rows_are_lost THEN{{ super::layout::BLOCK }}
{{- sql::deliver(function) -}}
{{ by_key }}
{{- sql::end_deliver(function) -}}
{{ super::layout::BLOCK_END }}
    ELSE{{ super::layout::BLOCK }}
{{- sql::deliver(function) -}}
{{ by_place }}
{{- sql::end_deliver(function) -}}
{{ super::layout::BLOCK_END }}
    END IF;
{%- endif %}
{%- endmatch %}
{{- sql::tail(function) }}
