DO $body$
DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
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
            PRIMARY KEY (schema_name, table_name)
        );
        ALTER TABLE aurora_trigger.stream_table OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.stream_table IS 'The tables whose changes are captured.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = 'aurora_trigger.stream_table'::regclass
            AND a.attname = 'app' AND NOT a.attisdropped
    ) THEN
        ALTER TABLE aurora_trigger.stream_table
            -- The crate of the struct. Only its files may change the capture.
            ADD COLUMN app text,
            ADD COLUMN rust_path text,
            -- Of the aurora-trigger-gen that made the file.
            ADD COLUMN version text,
            -- When capture began.
            ADD COLUMN installed_at timestamptz,
            ADD COLUMN level text,
            ADD COLUMN operations text[],
            -- The names of the table's functions in this schema.
            ADD COLUMN functions text[];
    END IF;
{%- if keeps_events %}
    IF to_regclass('aurora_trigger.failed_call') IS NULL THEN
        CREATE TABLE aurora_trigger.failed_call (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            -- Who called: async, commit, drain.
            caller text NOT NULL,
            schema_name text,
            table_name text,
            lane smallint,
            events integer NOT NULL,
            sqlstate text,
            message text,
            detail text
        );
        ALTER TABLE aurora_trigger.failed_call OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.failed_call IS
            'The calls of the relay that failed, the newest thousand and what came since the last '
            'drain.';
    END IF;
{%- endif %}
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
