-- Whether a table is the one that is named; if none is, all are.
CREATE OR REPLACE FUNCTION aurora_trigger.is_named(
    schema_name text,
    table_name text,
    named regclass
)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT named IS NULL OR EXISTS (
        SELECT
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = named AND n.nspname = schema_name AND c.relname = table_name
    )
$body$;
ALTER FUNCTION aurora_trigger.is_named(text, text, regclass) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_named(text, text, regclass) FROM PUBLIC;

-- Refuses a table that is not captured: a name that was mistaken is no table without work to do.
CREATE OR REPLACE FUNCTION aurora_trigger.require_captured(named regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM aurora_trigger.stream_table AS t
        WHERE aurora_trigger.is_named(t.schema_name, t.table_name, named)
    ) AND named IS NOT NULL THEN
        RAISE EXCEPTION 'aurora_trigger: % is not captured', named
            USING HINT = 'SELECT schema_name, table_name FROM aurora_trigger.status;';
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.require_captured(regclass) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.require_captured(regclass) FROM PUBLIC;

-- Stops sending the events of a table, or of all that have an outbox, which keeps them until they
-- are resumed. Returns how many tables that are.
CREATE OR REPLACE FUNCTION aurora_trigger.pause(streamed_table regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    paused_tables bigint;
BEGIN
    UPDATE aurora_trigger.stream_table AS t
    SET paused = true
    WHERE t.on_failure = 'outbox'
        AND aurora_trigger.is_named(t.schema_name, t.table_name, streamed_table);
    GET DIAGNOSTICS paused_tables = ROW_COUNT;
    IF paused_tables = 0 THEN
        RAISE EXCEPTION 'aurora_trigger: % has no outbox, so it can''t be paused',
            coalesce(streamed_table::text, 'a table that is captured')
            USING HINT = 'It can with delivery "outbox" or "commit", or with on_failure "outbox".';
    END IF;
    RETURN paused_tables;
END
$body$;
ALTER FUNCTION aurora_trigger.pause(regclass) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.pause(regclass) FROM PUBLIC;

-- Sends the events of a table again, or of all that were paused. Returns how many tables that are.
CREATE OR REPLACE FUNCTION aurora_trigger.resume(streamed_table regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    resumed_tables bigint;
BEGIN
    UPDATE aurora_trigger.stream_table AS t
    SET paused = false
    WHERE t.paused AND aurora_trigger.is_named(t.schema_name, t.table_name, streamed_table);
    GET DIAGNOSTICS resumed_tables = ROW_COUNT;
    PERFORM aurora_trigger.require_captured(streamed_table);
    RETURN resumed_tables;
END
$body$;
ALTER FUNCTION aurora_trigger.resume(regclass) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.resume(regclass) FROM PUBLIC;

-- Puts dead letters back into the outbox: those of a table, one, or all. Each keeps its number, so
-- a consumer that has had something newer of its row passes it over. Returns how many they are.
CREATE OR REPLACE FUNCTION aurora_trigger.redrive(
    streamed_table regclass DEFAULT NULL,
    dead_letter bigint DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    letters bigint;
BEGIN
    PERFORM aurora_trigger.require_captured(streamed_table);
    WITH letter AS (
        DELETE FROM aurora_trigger.dead_letter AS d
        USING aurora_trigger.stream_table AS t
        WHERE t.schema_name = d.schema_name
            AND t.table_name = d.table_name
            AND (redrive.dead_letter IS NULL OR d.id = redrive.dead_letter)
            AND aurora_trigger.is_named(d.schema_name, d.table_name, streamed_table)
        RETURNING d.*, t.key_names
    )
    SELECT count(*)
    INTO letters
    FROM letter AS l
    CROSS JOIN LATERAL aurora_trigger.keep(
        l.tx_id, l.schema_name, l.table_name, l.fingerprint, l.capture, l.ts_us, l.key_names,
        ARRAY[l.event]
    );
    RETURN letters;
END
$body$;
ALTER FUNCTION aurora_trigger.redrive(regclass, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.redrive(regclass, bigint) FROM PUBLIC;

-- Deletes dead letters: those of a table, one, or everything, which has to be said. Returns how
-- many they were.
CREATE OR REPLACE FUNCTION aurora_trigger.purge(
    streamed_table regclass DEFAULT NULL,
    dead_letter bigint DEFAULT NULL,
    everything boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    letters bigint;
BEGIN
    IF streamed_table IS NULL AND dead_letter IS NULL AND everything IS NOT TRUE THEN
        RAISE EXCEPTION 'aurora_trigger: which dead letters are to be deleted?'
            USING HINT = 'purge(''<schema.table>''), purge(dead_letter => <id>), or '
                'purge(everything => true).';
    END IF;
    DELETE FROM aurora_trigger.dead_letter AS d
    WHERE (purge.dead_letter IS NULL OR d.id = purge.dead_letter)
        AND aurora_trigger.is_named(d.schema_name, d.table_name, streamed_table);
    GET DIAGNOSTICS letters = ROW_COUNT;
    RETURN letters;
END
$body$;
ALTER FUNCTION aurora_trigger.purge(regclass, bigint, boolean) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.purge(regclass, bigint, boolean) FROM PUBLIC;
