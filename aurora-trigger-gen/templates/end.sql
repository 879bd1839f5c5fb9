{%- if way.calls() %}
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
{%- else %}
{%- if operations.truncate %}
    IF TG_OP = 'TRUNCATE' THEN
        {{ super::keep::truncate(self.table, 8)? }}
    END IF;
{%- endif %}
    IF cardinality(kept_operations) = 1 THEN
        {{ super::keep::one(self.table, 8)? }}
    ELSIF kept_operations IS NOT NULL THEN
        {{ super::keep::arrays(self.table, 8)? }}
    END IF;
{%- endif %}
    RETURN NULL;
{%- if way.warns() %}
EXCEPTION WHEN OTHERS THEN
    -- A write must not fail because of this, whatever has become of the table or of a setting.
    GET STACKED DIAGNOSTICS error_hint = PG_EXCEPTION_HINT;
    PERFORM aurora_trigger.warn(
        format(
            'changes of %s.%s are not captured: %s',
            TG_TABLE_SCHEMA, TG_TABLE_NAME, concat_ws('. ', SQLERRM, nullif(error_hint, ''))
        ),
        SQLSTATE
    );
    RETURN NULL;
{%- endif %}
END
