{%- if by_key -%}
SELECT
    numbered.*,
    {{ pair_key }} AS pair_key,
    row_number() OVER (
        PARTITION BY numbered.row_key ORDER BY numbered.place
    ) AS number
FROM (
    {{ super::layout::BLOCK }}
{%- endif -%}
SELECT
    row_number() OVER () AS place,
    {{ key }} AS row_key,
{%- if has_predicate %}
    CASE WHEN predicate.chosen THEN row_to_json(image.*) END AS image
{%- else %}
    row_to_json(image.*) AS image
{%- endif %}
{{ rows }}
{%- if by_key -%}
{{ super::layout::BLOCK_END }}
) AS numbered
{%- endif -%}
