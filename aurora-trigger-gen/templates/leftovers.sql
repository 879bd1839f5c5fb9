-- Drops triggers of ours: the trigger at a place is on the table at the same place. All of them are
-- dropped or, where a table is in use, none.
CREATE OR REPLACE FUNCTION aurora_trigger.drop_own_triggers(
    captured_tables regclass[], trigger_names text[]
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    lock_timeout_before CONSTANT text := current_setting('lock_timeout');
    tables CONSTANT regclass[] := ARRAY(
        SELECT DISTINCT c FROM unnest(captured_tables) AS c ORDER BY c
    );
    tries integer := 0;
BEGIN
    WHILE cardinality(tables) > 0 LOOP
        BEGIN
            PERFORM aurora_trigger.try_lock(tries, tables, 'ACCESS EXCLUSIVE');
            FOR place IN 1 .. cardinality(trigger_names) LOOP
                EXECUTE format(
                    'DROP TRIGGER %I ON %s', trigger_names[place], captured_tables[place]
                );
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, tables);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
END
$body$;
ALTER FUNCTION aurora_trigger.drop_own_triggers(regclass[], text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drop_own_triggers(regclass[], text[]) FROM PUBLIC;

-- Drops the triggers of ours that somebody renamed: beside those of the installation, each would
-- capture every change once more. The caller has begun a try to lock the table.
CREATE OR REPLACE FUNCTION aurora_trigger.drop_renamed_triggers(schema_name text, table_name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT o.table_id::regclass AS streamed_table, o.trigger_name
        FROM aurora_trigger.own_trigger AS o
        WHERE o.schema_name = drop_renamed_triggers.schema_name
            AND o.table_name = drop_renamed_triggers.table_name
            AND o.trigger_name NOT IN (
                'aurora_trigger_insert', 'aurora_trigger_update',
                'aurora_trigger_delete', 'aurora_trigger_truncate'
            )
        ORDER BY o.trigger_name
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.trigger_name, found.streamed_table);
        RAISE NOTICE 'aurora_trigger: trigger % of % was renamed and is dropped',
            found.trigger_name, found.streamed_table;
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.drop_renamed_triggers(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drop_renamed_triggers(text, text) FROM PUBLIC;

-- The number of a table's events that wait, or are dead letters, where there are those.
CREATE OR REPLACE FUNCTION aurora_trigger.events_of(
    held_in text, schema_name text, table_name text
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    events bigint := 0::bigint;
BEGIN
    IF to_regclass(format('aurora_trigger.%I', held_in)) IS NOT NULL THEN
        EXECUTE format(
            'SELECT %s FROM aurora_trigger.%I AS e '
            'WHERE e.schema_name = $1 AND e.table_name = $2',
            CASE held_in
                WHEN 'waiting' THEN 'coalesce(sum(e.events), 0)::bigint'
                ELSE 'count(*)'
            END,
            held_in
        )
        INTO events
        USING schema_name, table_name;
    END IF;
    RETURN events;
END
$body$;
ALTER FUNCTION aurora_trigger.events_of(text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.events_of(text, text, text) FROM PUBLIC;

-- Drops the functions of a table that are not kept and that no trigger calls, and returns how many:
-- all of them, or those of triggers that an installation has replaced. No write is still at these,
-- since the lock on the table waited for each.
CREATE OR REPLACE FUNCTION aurora_trigger.drop_functions(
    schema_name text, table_name text, kept text[]
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    found record;
    dropped bigint := 0::bigint;
BEGIN
    FOR found IN
        SELECT p.oid::regprocedure AS function_name
        FROM aurora_trigger.stream_table AS s
        JOIN pg_proc AS p ON p.proname = ANY (s.functions)
        WHERE s.schema_name = drop_functions.schema_name
            AND s.table_name = drop_functions.table_name
            AND p.pronamespace = 'aurora_trigger'::regnamespace
            AND p.proname <> ALL (kept)
            AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgfoid = p.oid)
    LOOP
        EXECUTE format('DROP FUNCTION %s', found.function_name);
        dropped := dropped + 1;
    END LOOP;
    IF to_regprocedure('aurora_trigger.drop_queues(text, text, text[])') IS NOT NULL THEN
        EXECUTE format('SELECT aurora_trigger.%I($1, $2, $3)', 'drop_queues')
        USING drop_functions.schema_name, drop_functions.table_name, kept;
    END IF;
    RETURN dropped;
END
$body$;
ALTER FUNCTION aurora_trigger.drop_functions(text, text, text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drop_functions(text, text, text[]) FROM PUBLIC;

-- Drops the functions of a table that no trigger calls, and its registration, which stays as long
-- as events or dead letters of the table do. Returns how many functions were dropped. The caller
-- may hold locks on tables of the application, so another session that has changed the registration
-- is not waited for.
CREATE OR REPLACE FUNCTION aurora_trigger.forget_table(schema_name text, table_name text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    lock_timeout_before CONSTANT text := current_setting('lock_timeout');
    dropped bigint;
BEGIN
    PERFORM set_config('lock_timeout', aurora_trigger.lock_wait()::text, true);
    dropped := aurora_trigger.drop_functions(
        forget_table.schema_name, forget_table.table_name, '{}'
    );
    IF aurora_trigger.events_of(
        'waiting', forget_table.schema_name, forget_table.table_name
    ) + aurora_trigger.events_of(
        'dead_letter', forget_table.schema_name, forget_table.table_name
    ) > 0 THEN
        -- Should the table come back, its capture begins anew.
        UPDATE aurora_trigger.stream_table AS s
        SET installed_at = NULL
        WHERE s.schema_name = forget_table.schema_name
            AND s.table_name = forget_table.table_name AND s.installed_at IS NOT NULL;
    ELSE
        DELETE FROM aurora_trigger.stream_table AS s
        WHERE s.schema_name = forget_table.schema_name
            AND s.table_name = forget_table.table_name;
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    RETURN dropped;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'aurora_trigger: the registration of %.% is in use',
        forget_table.schema_name, forget_table.table_name
        USING ERRCODE = 'lock_not_available',
            HINT = 'Another session has paused it, or changed it, and has not committed. Nothing '
                'was removed: run this again when that session has ended.';
END
$body$;
ALTER FUNCTION aurora_trigger.forget_table(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.forget_table(text, text) FROM PUBLIC;

-- Removes what earlier installations left: triggers that capture for a table of this file and are
-- on another table, and functions that no trigger calls. Names the tables that are captured and
-- have left the stream; is_whole: the file has all tables of its stream.
CREATE OR REPLACE FUNCTION aurora_trigger.remove_leftovers(
    schema_names text[], table_names text[], apps text[], is_whole boolean
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    found record;
    other_tables regclass[];
    trigger_names text[];
    notices text[];
    notice text;
    forgotten text;
BEGIN
    FOR found IN
        SELECT o.table_id::regclass AS other_table, o.trigger_name, s.schema_name, s.table_name
        FROM unnest(schema_names, table_names) AS f (schema_name, table_name)
        JOIN aurora_trigger.stream_table AS s
            ON s.schema_name = f.schema_name AND s.table_name = f.table_name
        JOIN aurora_trigger.own_trigger AS o ON o.function_name = ANY (s.functions)
        WHERE o.schema_name <> s.schema_name OR o.table_name <> s.table_name
        ORDER BY o.schema_name, o.table_name, o.trigger_name
    LOOP
        other_tables := array_append(other_tables, found.other_table);
        trigger_names := array_append(trigger_names, found.trigger_name);
        notices := array_append(
            notices,
            format(
                'trigger %s of %s sent changes of that table as those of %s.%s: dropped',
                found.trigger_name, found.other_table, found.schema_name, found.table_name
            )
        );
    END LOOP;
    PERFORM aurora_trigger.drop_own_triggers(other_tables, trigger_names);
    FOREACH notice IN ARRAY coalesce(notices, '{}') LOOP
        RAISE NOTICE 'aurora_trigger: %', notice;
    END LOOP;
    IF NOT is_whole THEN
        RETURN;
    END IF;
    FOR found IN
        SELECT s.schema_name, s.table_name
        FROM aurora_trigger.stream_table AS s
        WHERE s.app = ANY (apps)
            AND NOT EXISTS (
                SELECT FROM unnest(schema_names, table_names) AS f (schema_name, table_name)
                WHERE s.schema_name = f.schema_name AND s.table_name = f.table_name
            )
            AND NOT EXISTS (
                SELECT FROM aurora_trigger.own_trigger AS o
                WHERE o.function_name = ANY (s.functions)
            )
        ORDER BY s.schema_name, s.table_name
    LOOP
        IF aurora_trigger.forget_table(found.schema_name, found.table_name) > 0 THEN
            RAISE NOTICE
                'aurora_trigger: %.% has left the stream, and its functions are dropped',
                found.schema_name, found.table_name;
        END IF;
    END LOOP;
    SELECT string_agg(DISTINCT format('%I.%I', o.schema_name, o.table_name), ', ')
    INTO forgotten
    FROM aurora_trigger.own_trigger AS o
    LEFT JOIN aurora_trigger.stream_table AS s ON o.function_name = ANY (s.functions)
    WHERE (s.app IS NULL OR s.app = ANY (apps))
        AND NOT EXISTS (
            SELECT FROM unnest(schema_names, table_names) AS f (schema_name, table_name)
            WHERE o.schema_name = f.schema_name AND o.table_name = f.table_name
        );
    IF forgotten IS NOT NULL THEN
        RAISE WARNING 'aurora_trigger: captured, but not in this file: %', forgotten
            USING HINT = 'A struct that leaves the stream leaves its triggers. To remove them: '
                'aurora-trigger down --table <schema.table>, or '
                'SELECT aurora_trigger.stop_capture(''<schema.table>'').';
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.remove_leftovers(text[], text[], text[], boolean)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.remove_leftovers(text[], text[], text[], boolean)
    FROM PUBLIC;
