-- Ends the capture of a table, without its struct: removes its triggers, functions and
-- registration. The name is as in SQL; the table need not exist any more. Returns how many of its
-- events wait: as long as there are some, the registration stays.
CREATE OR REPLACE FUNCTION aurora_trigger.stop_capture(streamed_table text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    names CONSTANT text[] := parse_ident(streamed_table);
    unregistered oid[];
    captured_tables regclass[];
    trigger_names text[];
    found record;
BEGIN
    PERFORM aurora_trigger.wait_for_other_installations();
    IF cardinality(names) <> 2 THEN
        RAISE EXCEPTION 'aurora_trigger: % does not name a schema and a table', streamed_table
            USING HINT = 'Write it as in SQL: schema.table, in double quotes where needed.';
    END IF;
    SELECT array_agg(DISTINCT o.function_id)
    INTO unregistered
    FROM aurora_trigger.own_trigger AS o
    WHERE o.schema_name = names[1] AND o.table_name = names[2]
        AND NOT EXISTS (
            SELECT FROM aurora_trigger.stream_table AS s WHERE o.function_name = ANY (s.functions)
        );
    SELECT
        array_agg(o.table_id::regclass ORDER BY o.schema_name, o.table_name, o.trigger_name),
        array_agg(o.trigger_name ORDER BY o.schema_name, o.table_name, o.trigger_name)
    INTO captured_tables, trigger_names
    FROM aurora_trigger.own_trigger AS o
    WHERE o.schema_name = names[1] AND o.table_name = names[2]
        OR EXISTS (
            SELECT FROM aurora_trigger.stream_table AS s
            WHERE s.schema_name = names[1] AND s.table_name = names[2]
                AND o.function_name = ANY (s.functions)
        );
    IF trigger_names IS NULL AND NOT EXISTS (
        SELECT FROM aurora_trigger.stream_table AS s
        WHERE s.schema_name = names[1] AND s.table_name = names[2]
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: %.% is not captured',
            quote_ident(names[1]), quote_ident(names[2])
            USING HINT = coalesce(
                (
                    SELECT 'Captured are: ' || string_agg(
                        format('%I.%I', s.schema_name, s.table_name),
                        ', '
                        ORDER BY s.schema_name, s.table_name
                    )
                    FROM aurora_trigger.capture_status AS s
                ),
                'No table is captured.'
            );
    END IF;
    PERFORM aurora_trigger.drop_own_triggers(captured_tables, trigger_names);
    PERFORM aurora_trigger.forget_table(names[1], names[2]);
    FOR found IN
        SELECT p.oid::regprocedure AS function_name
        FROM pg_proc AS p
        WHERE p.oid = ANY (unregistered)
            AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgfoid = p.oid)
    LOOP
        EXECUTE format('DROP FUNCTION %s', found.function_name);
    END LOOP;
    RETURN aurora_trigger.events_of('waiting', names[1], names[2]);
END
$body$;
ALTER FUNCTION aurora_trigger.stop_capture(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.stop_capture(text) FROM PUBLIC;

-- Lets another app's files change the capture of a table from now on. An app is the crate of its
-- structs.
CREATE OR REPLACE FUNCTION aurora_trigger.hand_over(streamed_table text, app text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    names CONSTANT text[] := parse_ident(streamed_table);
BEGIN
    UPDATE aurora_trigger.stream_table AS s
    SET app = hand_over.app
    WHERE s.schema_name = names[1] AND s.table_name = names[2] AND cardinality(names) = 2;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'aurora_trigger: % is not captured', streamed_table
            USING HINT = 'SELECT * FROM aurora_trigger.capture_status names the captured tables.';
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.hand_over(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.hand_over(text, text) FROM PUBLIC;
