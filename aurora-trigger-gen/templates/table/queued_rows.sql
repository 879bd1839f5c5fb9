SELECT
    place,
    row_number() OVER (),
    txid_current(),
    captured_us,
    {{ op }},
    {{ rows.image }}
{% include "table/queued_from.sql" %}
{%- if rows.chosen.is_some() %}
{% if rows.trust.is_some() %}    AND{% else %}WHERE{% endif %} predicate.chosen
{%- endif %}
