DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF to_regclass('aurora_trigger.stream_table') IS NULL THEN
        CREATE TABLE aurora_trigger.stream_table (
            schema_name text NOT NULL,
            table_name text NOT NULL,
            delivery text NOT NULL,
            on_failure text NOT NULL,
            oversize text NOT NULL,
            -- The names in an image of what makes up the key, or of what events are spread by.
            key_names text[] NOT NULL,
            has_key boolean NOT NULL,
            paused boolean NOT NULL DEFAULT false,
            -- The crate of the struct. Only its files may change the capture.
            app text NOT NULL,
            rust_path text NOT NULL,
            -- Of the aurora-trigger-gen that made the file.
            version text NOT NULL,
            -- When capture began. NULL: it has ended, and events of the table still wait.
            installed_at timestamptz,
            level text NOT NULL,
            operations text[] NOT NULL,
            -- The names of the table's functions in this schema.
            functions text[] NOT NULL,
            -- The types that the columns must have, where writes go on if they have others.
            columns json,
            fingerprint text NOT NULL,
            -- Rows that it leaves out have no events.
            has_predicate boolean NOT NULL,
            PRIMARY KEY (schema_name, table_name)
        );
        ALTER TABLE aurora_trigger.stream_table OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.stream_table IS 'The tables whose changes are captured.';
    END IF;
{%- if keeps_events %}
    IF to_regclass('aurora_trigger.failed_call') IS NULL THEN
        CREATE SEQUENCE aurora_trigger.failed_call_id_seq AS bigint CACHE 1;
        CREATE TABLE aurora_trigger.failed_call (
            id bigint PRIMARY KEY
                DEFAULT aurora_trigger.take_numbers('aurora_trigger.failed_call_id_seq', 1) + 1,
            failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            -- Who called: async, commit, drain.
            caller text NOT NULL,
            schema_name text,
            table_name text,
            lanes smallint[],
            events integer NOT NULL,
            sqlstate text,
            message text,
            detail text
        );
        ALTER TABLE aurora_trigger.failed_call OWNER TO aurora_trigger;
        ALTER SEQUENCE aurora_trigger.failed_call_id_seq OWNER TO aurora_trigger;
        ALTER SEQUENCE aurora_trigger.failed_call_id_seq OWNED BY aurora_trigger.failed_call.id;
        COMMENT ON TABLE aurora_trigger.failed_call IS
            'The calls of the relay that failed, the newest thousand and what came since the last '
            'drain.';
    END IF;
{%- endif %}
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
