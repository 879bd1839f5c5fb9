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
    -- A BEFORE INSERT trigger of a partition can drop a row that an UPDATE moves there: that row is
    -- in the old transition table only.
    IF {{ is_partitioned }} THEN
        rows_are_lost := (SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows);
    END IF;
{%- match changes %}
{%- when Changes::ToQueue(changed_rows) %}
    -- Otherwise both hold the same rows in the same order, so a drain finds the images of a row by
    -- their place.
{{- sql::queue(function, changed_rows) }}
{%- when Changes::InPairs { by_place, by_key } %}
    -- Both transition tables hold the same rows in the same order: the images of a row are found by
    -- their place. By its key, a row that one statement changes twice would be paired wrongly. Only
    -- where rows are lost it is the key, and the images of one key are paired in their order. A row
    -- without a partner is a deleted one, or a created one if the statement changed its key.
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
