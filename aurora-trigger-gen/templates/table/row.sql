{%- import "table/macros.sql" as sql -%}
-- The change of a row, {{ function.way }}.
{{ sql::head(function) }}
{%- if function.keeps_misfits %}
    is_stale boolean := false;
{%- endif %}
{%- if function.way.has_queue() %}
    has_old boolean;
    has_new boolean;
{%- endif %}
BEGIN
    {{ sql::warn_of_owner() }}
{{- sql::keep_row_misfits(function) }}
{{- sql::take_numbers(function, "2") }}
    -- Column by column: a partition's row is of the partition's type, and a cast from that one to
    -- the table's would be code of its owner.
{%- if let Some(row) = queued %}
    has_old := TG_OP <> 'INSERT';
    has_new := TG_OP <> 'DELETE';
{%- if let (Some(old_chosen), Some(new_chosen)) = (&old.chosen, &new.chosen) %}
    has_old := CASE WHEN has_old THEN coalesce((
        {{ old_chosen }}
    ), false) ELSE false END;
    has_new := CASE WHEN has_new THEN coalesce((
        {{ new_chosen }}
    ), false) ELSE false END;
{%- endif %}
{{- sql::queue(function, "before, after", row) }}
{%- else %}
{{- sql::deliver(function) -}}
SELECT
    old_image.row_key AS old_key,
    new_image.row_key AS new_key,
    old_image.image AS before,
    new_image.image AS after
FROM (
    SELECT
        {{ function.key }} AS row_key,
        row_to_json(image.*) AS image
    FROM (
        SELECT
            {{ old.image }}
        WHERE TG_OP IN ('UPDATE', 'DELETE')
    ) AS image
    WHERE
        {{ old.trust }}
{%- if let Some(chosen) = old.chosen %}
        AND (
            {{ chosen }}
        )
{%- endif %}
) AS old_image
FULL JOIN (
    SELECT
        {{ function.key }} AS row_key,
        row_to_json(image.*) AS image
    FROM (
        SELECT
            {{ new.image }}
        WHERE TG_OP IN ('INSERT', 'UPDATE')
    ) AS image
    WHERE
        {{ new.trust }}
{%- if let Some(chosen) = new.chosen %}
        AND (
            {{ chosen }}
        )
{%- endif %}
) AS new_image
    ON true
{{- sql::end_deliver(function) }}
{%- endif %}
{{- sql::tail(function) }}
