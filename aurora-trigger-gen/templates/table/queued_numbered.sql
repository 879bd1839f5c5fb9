SELECT
    {{ ordinal }} AS ordinal,
{%- if rows.chosen.is_some() %}
    predicate.chosen,
{%- endif %}
    {{ rows.image }} AS image
{% include "table/queued_from.sql" %}
