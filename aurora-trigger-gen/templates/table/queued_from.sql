FROM {{ rows.relation }} AS {{ rows.row }}
{%- if let Some(chosen) = rows.chosen %}
CROSS JOIN LATERAL (
    {{ chosen }}
) AS predicate
{%- endif %}
{%- if let Some(trust) = rows.trust %}
WHERE
    {{ trust }}
{%- endif %}
