{%- if at_commit -%}
WITH kept_event AS (
{{ pad }}    {{ insert }}
{{ pad }}    RETURNING ctid
{{ pad }})
{{ pad }}SELECT string_agg(k.ctid::text, ' ')
{{ pad }}INTO kept_places
{{ pad }}FROM (SELECT ctid FROM kept_event LIMIT {{ super::way::CALL_EVENTS }}) AS k;
{{ pad }}IF kept_places IS NOT NULL THEN
{{ pad }}    PERFORM aurora_trigger.send_later(kept_places);
{{ pad }}END IF;
{%- else -%}
{{ insert }};
{%- endif %}
