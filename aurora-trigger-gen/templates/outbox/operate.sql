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
-- a consumer that has had something newer of its row passes it over. What was kept while the table
-- did not fit its struct stays until it does. Returns how many are put back.
CREATE OR REPLACE FUNCTION aurora_trigger.redrive(
    streamed_table regclass DEFAULT NULL,
    dead_letter bigint DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    streamed record;
    letter record;
    event json;
    misfit text;
    letters bigint := 0::bigint;
    unmade_letters bigint;
BEGIN
    PERFORM aurora_trigger.require_captured(streamed_table);
    FOR streamed IN
        SELECT t.*, c.oid AS relation
        FROM aurora_trigger.stream_table AS t
        LEFT JOIN pg_namespace AS n ON n.nspname = t.schema_name
        LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.table_name
        WHERE aurora_trigger.is_named(t.schema_name, t.table_name, streamed_table)
        ORDER BY t.schema_name, t.table_name
    LOOP
        unmade_letters := 0::bigint;
        misfit := aurora_trigger.misfit_reason(
            streamed.relation, streamed.schema_name, streamed.table_name
        );
        FOR letter IN
            SELECT d.*
            FROM aurora_trigger.dead_letter AS d
            WHERE (
                    d.schema_name = streamed.schema_name AND d.table_name = streamed.table_name
                    -- Of the same struct, kept while the table had another name.
                    OR d.is_raw AND d.fingerprint = streamed.fingerprint
                )
                AND (redrive.dead_letter IS NULL OR d.id = redrive.dead_letter)
            ORDER BY d.id
            FOR UPDATE
        LOOP
            event := letter.event;
            IF letter.is_raw THEN
                event := CASE
                    WHEN misfit IS NULL AND NOT streamed.has_predicate
                    THEN aurora_trigger.event_of_texts(
                        letter.event,
                        streamed.relation,
                        streamed.columns,
                        streamed.functions[1]
                    )
                END;
                IF event IS NULL THEN
                    unmade_letters := unmade_letters + 1;
                    CONTINUE;
                END IF;
            END IF;
            PERFORM aurora_trigger.keep(
                letter.tx_id,
                streamed.schema_name,
                streamed.table_name,
                CASE WHEN letter.is_raw THEN streamed.fingerprint ELSE letter.fingerprint END,
                letter.capture,
                letter.ts_us,
                streamed.key_names,
                ARRAY[event]
            );
            DELETE FROM aurora_trigger.dead_letter AS d WHERE d.id = letter.id;
            letters := letters + 1;
        END LOOP;
        IF unmade_letters > 0 THEN
            RAISE WARNING 'aurora_trigger: % dead letters of %.% stay: %',
                unmade_letters,
                streamed.schema_name,
                streamed.table_name,
                coalesce(
                    misfit,
                    CASE
                        WHEN streamed.has_predicate
                        THEN 'texts don''t tell which rows its predicate leaves out'
                        ELSE 'they lack a column, or a value of one has another type now'
                    END
                )
                USING HINT = 'Change the struct or the table so that they fit each other, run the '
                    'installation file, and redrive once more.';
        END IF;
    END LOOP;
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
