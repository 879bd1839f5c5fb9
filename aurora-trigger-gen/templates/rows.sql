FROM {{ relation }} AS {{ row }}
{{ pad }}CROSS JOIN LATERAL (
{{ pad }}    SELECT
{{ pad }}        {{ image }}
{{ pad }}) AS image
{%- if let Some(chosen) = chosen %}
{{ pad }}CROSS JOIN LATERAL (
{{ pad }}    {{ chosen }}
{{ pad }}) AS predicate
{%- endif %}
{{ pad }}WHERE
{{ pad }}    {{ trust }}
