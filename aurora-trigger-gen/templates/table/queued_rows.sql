SELECT
    place,
    row_number() OVER (),
    txid_current(),
    captured_us,
    {{ op }},
    {{ rows.image }}
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
{%- if rows.chosen.is_some() %}
{% if rows.trust.is_some() %}    AND{% else %}WHERE{% endif %} predicate.chosen
{%- endif %}
