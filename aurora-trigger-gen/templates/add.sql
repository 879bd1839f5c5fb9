event_size := octet_length(event::text) + 1;
{{ pad }}IF chunk_size + event_size > {{ chunk_bytes }} THEN
{{ pad }}    IF event_size > {{ chunk_bytes }}
{{ pad }}        AND (
{{ pad }}            -- Too big in any encoding, and maybe for PostgreSQL to convert.
{{ pad }}            event_size > 12000000
{{ pad }}            OR aurora_trigger.utf8_size(event::text) > {{ event_bytes }}
{{ pad }}        )
{{ pad }}    THEN
{%- if keeps_dead_letters %}
{{ pad }}        kept := aurora_trigger.keep_dead_letter(
{{ pad }}            'too big for a call',
{{ pad }}            {{ source }},
{{ pad }}            event
{{ pad }}        );
{{ pad }}        event := NULL;
{{ pad }}        event_size := 0;
{%- else %}
{{ pad }}        event := aurora_trigger.key_only(
{{ pad }}            event, {{ key_names }}
{{ pad }}        );
{{ pad }}        event_size := octet_length(event::text) + 1;
{%- endif %}
{{ pad }}    END IF;
{{ pad }}    IF chunk_size > 0 THEN
{{ pad }}        {{ send }}
{{ pad }}        events := NULL;
{{ pad }}        chunk_size := 0;
{{ pad }}    END IF;
{{ pad }}END IF;
{%- if keeps_dead_letters %}
{{ pad }}IF event IS NOT NULL THEN
{{ pad }}    events := array_append(events, event);
{{ pad }}    chunk_size := chunk_size + event_size;
{{ pad }}END IF;
{%- else %}
{{ pad }}events := array_append(events, event);
{{ pad }}chunk_size := chunk_size + event_size;
{%- endif %}
