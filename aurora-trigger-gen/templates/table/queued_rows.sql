SELECT
    place,
    row_number() OVER (),
    txid_current(),
    captured_us,
    {{ op }},
    {{ image }}
FROM {{ relation }} AS {{ row }}
{%- if let Some(trust) = trust %}
WHERE
    {{ trust }}
{%- endif %}