{%- if operations.truncate %}
    IF TG_OP = 'TRUNCATE' THEN
        event := json_build_object('seq', nextval('aurora_trigger.event_seq'), 'op', 't');
        events := ARRAY[event];
        chunk_size := 1;
    END IF;
{%- endif %}
    IF chunk_size > 0 THEN
        {{ self.send(8) }}
    END IF;
    RETURN NULL;
END
