FROM {{ relation }} AS {{ row }}
{{ pad }}CROSS JOIN LATERAL (
{{ pad }}    SELECT
{{ pad }}        {{ image }}
{{ pad }}) AS image
{%- if let Some(predicate) = predicate %}
{{ pad }}CROSS JOIN LATERAL (
{{ pad }}    SELECT coalesce((
{{ predicate }}
{{ pad }}    )::boolean, false) AS chosen
{{ pad }}    FROM (
{{ pad }}        SELECT
{{ pad }}            {{ candidate }}
{{ pad }}    ) AS candidate
{{ pad }}) AS predicate
{%- endif %}
{{ pad }}WHERE
{{ pad }}    {{ trust }}
