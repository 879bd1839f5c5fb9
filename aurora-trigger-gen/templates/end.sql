
    IF current_user <> 'aurora_trigger'
        AND current_setting('aurora_trigger.owner_was_told', true) = 'yes' IS NOT TRUE
    THEN
        -- It was restored without its owner. Once in a transaction: there can be millions of rows.
        PERFORM set_config('aurora_trigger.owner_was_told', 'yes', true);
        PERFORM aurora_trigger.warn(
            format(
                'the changes of %s.%s are captured with the rights of the role %s',
                TG_TABLE_SCHEMA,
                TG_TABLE_NAME,
                current_user
            ),
            hint => 'Run the installation file again: it gives what it installed to the role '
                'aurora_trigger.'
        );
    END IF;
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
            TG_TABLE_SCHEMA,
            TG_TABLE_NAME,
            concat_ws('. ', {{ self.misfit(12, 40) }}, nullif(error_hint, ''))
        ),
        SQLSTATE
    );
    RETURN NULL;
{%- else if way.explains_misfits() %}
EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch OR cannot_coerce THEN
    IF strpos(SQLERRM, 'aws_lambda') > 0 THEN
        RAISE;
    END IF;
    -- The table was altered. PostgreSQL speaks of a query that the writer has never seen.
    RAISE EXCEPTION 'aurora_trigger: the write fails, since changes of %.% can''t be captured: %',
        TG_TABLE_SCHEMA,
        TG_TABLE_NAME,
        {{ self.misfit(8, 0) }}
        USING ERRCODE = SQLSTATE,
            HINT = 'Was a column renamed, dropped or altered? Undo that, or change the struct and '
                'run what its emit-sql prints. To write meanwhile without a capture run what '
                'emit-sql down prints.';
{%- endif %}
END
