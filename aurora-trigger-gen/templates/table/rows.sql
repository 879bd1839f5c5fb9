FROM {{ relation }} AS {{ row }}
CROSS JOIN LATERAL (
    SELECT
        {{ image }}
) AS image
{%- if let Some(chosen) = chosen %}
CROSS JOIN LATERAL (
    {{ chosen }}
) AS predicate
{%- endif %}
WHERE
    {{ trust }}
{%- if let Some(present) = present %}
    AND {{ present }}
{%- endif %}
