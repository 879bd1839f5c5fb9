-- How many milliseconds a wait for a lock may take. Whoever waits for a lock on a table holds up
-- all who ask for one later, and after deadlock_timeout PostgreSQL may cancel an application that
-- waits for the installation. A shorter lock_timeout of the session stays in force.
CREATE OR REPLACE FUNCTION aurora_trigger.lock_wait()
RETURNS integer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN {% include "lock_wait.sql" %};
END
$body$;
ALTER FUNCTION aurora_trigger.lock_wait() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lock_wait() FROM PUBLIC;

-- Begins a try to lock tables, in a block that catches lock_not_available: a failed try then holds
-- no lock. The first try asks for no lock, and hardly waits for those that its statements ask for:
-- most often there is nothing to do, or nobody in the way. The next ones lock all the tables
-- beforehand. All waits of a try together take lock_wait() milliseconds at most.
CREATE OR REPLACE FUNCTION aurora_trigger.try_lock(tries integer, tables regclass[], mode text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    rest integer := aurora_trigger.lock_wait();
    ends_at timestamptz := clock_timestamp() + rest * interval '1 millisecond';
    next_table regclass;
BEGIN
    IF tries = 0 THEN
        PERFORM set_config('lock_timeout', least(rest, 20)::text, true);
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', rest::text, true);
    FOREACH next_table IN ARRAY coalesce(tables, '{}') LOOP
        -- An installer may have the right to create triggers alone.
        IF mode = 'ACCESS SHARE' THEN
            IF has_table_privilege(next_table, 'SELECT') THEN
                EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', next_table);
            END IF;
        ELSIF has_table_privilege(next_table, 'UPDATE, DELETE, TRUNCATE') THEN
            IF mode = 'ACCESS EXCLUSIVE' THEN
                EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', next_table);
            ELSE
                EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', next_table);
            END IF;
        END IF;
        rest := greatest(
            1, floor(1000 * extract(epoch FROM ends_at - clock_timestamp()))
        )::integer;
        PERFORM set_config('lock_timeout', rest::text, true);
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.try_lock(integer, regclass[], text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.try_lock(integer, regclass[], text) FROM PUBLIC;

-- Pauses between two tries, so that those who were held up go on. Raises after the last one.
CREATE OR REPLACE FUNCTION aurora_trigger.try_again(tries integer, tables regclass[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    most_tries integer := {{ super::locks::TRIES }};
    other_processes text;
BEGIN
    -- Who keeps the writers of another table waiting waits once only.
    IF EXISTS (
        SELECT FROM pg_locks AS l
        JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
        JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted
            AND l.mode IN (
                'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
            )
            AND c.relpersistence <> 't'
            AND n.nspname NOT IN ('aurora_trigger', 'pg_catalog', 'pg_toast')
    ) THEN
        most_tries := 2;
    END IF;
    IF tries < most_tries THEN
        PERFORM pg_sleep(0.1 + 0.1 * random());
        RETURN;
    END IF;
    SELECT string_agg(DISTINCT l.pid::text, ', ') INTO other_processes
    FROM pg_locks AS l
    JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
    WHERE l.relation = ANY (tables::oid[]) AND l.granted AND l.pid <> pg_backend_pid();
    RAISE EXCEPTION 'aurora_trigger: % could not be locked (tries: %)',
        coalesce(nullif(array_to_string(tables, ', '), ''), 'what is installed'), tries
        USING ERRCODE = 'lock_not_available',
            DETAIL = format(
                'A try waits for %s ms. Locks on them are held now by: %s.',
                aurora_trigger.lock_wait(),
                coalesce('process ' || other_processes, 'nobody')
            ),
            HINT = 'Nothing of them was changed. Run this again when the transactions that use '
                'them have ended: pg_stat_activity shows them. An installation in one '
                'transaction needs all tables at a time: run the parts of its file one by one.';
END
$body$;
ALTER FUNCTION aurora_trigger.try_again(integer, regclass[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.try_again(integer, regclass[]) FROM PUBLIC;

-- The tables that are locked when the triggers of one change: itself, and its partitions where a
-- row trigger is made or dropped on them, too.
CREATE OR REPLACE FUNCTION aurora_trigger.tables_to_lock(
    schema_name text,
    table_name text,
    level text
)
RETURNS regclass[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        WITH RECURSIVE tree (id, depth) AS (
            SELECT c.oid, 0
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = schema_name AND c.relname = table_name
            UNION ALL
            SELECT i.inhrelid, t.depth + 1
            FROM tree AS t
            JOIN pg_inherits AS i ON i.inhparent = t.id
            JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
        )
        SELECT coalesce(array_agg(c.oid::regclass ORDER BY t.depth, c.oid), '{}')
        FROM tree AS t
        JOIN pg_class AS c ON c.oid = t.id AND c.relkind IN ('r', 'p')
        WHERE t.depth = 0 OR level = 'row' OR EXISTS (
            SELECT FROM pg_trigger AS g
            JOIN pg_proc AS p ON p.oid = g.tgfoid
            WHERE g.tgrelid = c.oid AND p.pronamespace = 'aurora_trigger'::regnamespace
        )
    );
END
$body$;
ALTER FUNCTION aurora_trigger.tables_to_lock(text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.tables_to_lock(text, text, text) FROM PUBLIC;

-- The lock that a change of a table's triggers takes: dropping one takes the stronger lock, which
-- stops readers, too. It is asked for at once, since who holds the weaker one and waits for the
-- stronger one waits for readers, and they for it.
CREATE OR REPLACE FUNCTION aurora_trigger.lock_mode(tables regclass[], operations text[])
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF EXISTS (
        SELECT FROM pg_trigger AS t
        JOIN pg_proc AS p ON p.oid = t.tgfoid
        WHERE t.tgrelid = ANY (tables::oid[])
            AND p.pronamespace = 'aurora_trigger'::regnamespace
            AND (
                replace(t.tgname, 'aurora_trigger_', '') <> ALL (operations)
                OR t.tgrelid <> tables[1]
                -- There is no CREATE OR REPLACE TRIGGER before.
                OR current_setting('server_version_num')::integer < 140000
            )
    ) THEN
        RETURN 'ACCESS EXCLUSIVE';
    END IF;
    RETURN 'SHARE ROW EXCLUSIVE';
END
$body$;
ALTER FUNCTION aurora_trigger.lock_mode(regclass[], text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lock_mode(regclass[], text[]) FROM PUBLIC;

-- Ends with the transaction: a later statement that sees it is in the same one.
PERFORM set_config('aurora_trigger.one_transaction', 'yes', true);
