-- Removes what aurora-trigger {{ version }} installed for {{ table_count }}; with the last table also what
-- all share. It can be run again at any time.
--
-- Run it with psql -v ON_ERROR_STOP=1 -f, without --single-transaction: each statement is then a
-- transaction of its own. It holds no transaction control, so a migration tool may run its parts
-- one by one, each in a transaction, or all of it in one.
--
-- Locks. Each part takes ACCESS EXCLUSIVE, which stops reads and writes, for the milliseconds of a
-- DROP: on its table, and the last part on the tables of the schema aurora_trigger alone. A wait
-- for it holds up the others, too, so it ends after {{ super::locks::WAIT }} ms, or after lock_timeout or a quarter
-- of deadlock_timeout where that is less. It is tried {{ super::locks::TRIES }} times within some seconds, then the
-- part fails, and nothing of it is removed. In one transaction all these locks are taken together,
-- or none is, and they are held until its end.

-- The file of one app neither changes nor removes what the file of another app installed.
DO {{ ownership }};

-- In one transaction, here are the locks on all tables. By the first statement the second one sees
-- whether it is in one.
DO $body$
BEGIN
    PERFORM pg_catalog.set_config('aurora_trigger.one_transaction', 'yes', true);
END
$body$;

DO {{ lock_all }};
{%- for (remark, body) in tables %}

-- Part {{ loop.index }} of {{ tables.len() + 1 }}: {{ remark }}.
DO {{ body }};
{%- endfor %}

-- Part {{ tables.len() + 1 }} of {{ tables.len() + 1 }}: what all tables share. It goes with the last of them, unless events
-- still wait to be sent, or dead letters to be looked at.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    {% include "remove_variables.sql" %}
    needed boolean;
    dead_letters boolean := false;
    pending_events boolean := false;
    has_mask_key boolean := false;
    job pg_catalog.text;
    cron_database pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    {% include "remove_isolation.sql" %}
    {% include "wait_for_others.sql" %}
    SELECT EXISTS (
        SELECT
        FROM pg_trigger AS t
        JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.pronamespace = n.oid
        -- Those on tables of the schema are of what all share.
        JOIN pg_class AS c ON c.oid = t.tgrelid AND c.relnamespace <> n.oid
    )
    INTO needed
    FROM pg_namespace AS n
    WHERE n.nspname = 'aurora_trigger';
    -- Another installation, of which nothing is captured yet.
    IF NOT needed AND to_regclass('aurora_trigger.stream_table') IS NOT NULL THEN
        needed := EXISTS (
            SELECT
            FROM aurora_trigger.stream_table AS t
            JOIN pg_proc AS p
                ON p.pronamespace = to_regnamespace('aurora_trigger')
                AND p.proname = ANY (t.functions)
            JOIN pg_namespace AS n ON n.nspname = t.schema_name
            JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.table_name
        );
    END IF;
    IF NOT needed THEN
        -- Whoever has a view open has these, too.
        SELECT array_agg(c.oid::regclass ORDER BY c.oid) INTO tables
        FROM pg_class AS c
        WHERE c.relnamespace = to_regnamespace('aurora_trigger') AND c.relkind IN ('r', 'p');
    END IF;
    {% include "remove_lock.sql" %}
    IF NOT needed AND to_regclass('aurora_trigger.settings') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.settings WHERE mask_key_inner IS NOT '
            'NULL OR mask_key_outer IS NOT NULL)' INTO has_mask_key;
    END IF;
    IF NOT needed AND to_regclass('aurora_trigger.dead_letter') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.dead_letter)' INTO dead_letters;
    END IF;
    IF NOT needed AND to_regclass('aurora_trigger.waiting') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.waiting)' INTO pending_events;
    END IF;
    IF pending_events THEN
        RAISE WARNING 'aurora_trigger: the schema stays, since events wait in the outbox'
            USING HINT = 'SELECT aurora_trigger.drain() until it returns false, or to lose them '
                'TRUNCATE aurora_trigger.outbox, aurora_trigger.queue, aurora_trigger.kept, '
                'aurora_trigger.batch; then run this file again.';
    ELSIF dead_letters THEN
        RAISE WARNING
            'aurora_trigger: the schema stays, since aurora_trigger.dead_letter holds events'
            USING HINT = 'Save or delete them, then run this file again.';
    ELSIF has_mask_key
        AND current_setting('aurora_trigger.drop_mask_key', true) IS DISTINCT FROM 'yes'
    THEN
        RAISE WARNING 'aurora_trigger: the schema stays, since aurora_trigger.settings holds the '
            'only copy of the key of mask = "sha256"'
            USING HINT = 'Another key makes other hashes of the same values. To lose it for good: '
                'SET aurora_trigger.drop_mask_key = ''yes''; then run this file again.';
    ELSIF NOT needed THEN
        IF to_regclass('aurora_trigger.outbox') IS NOT NULL THEN
            -- The jobs of aurora_trigger.schedule(), which would fail every time from now on.
            job := 'aurora_trigger ' || current_database();
            BEGIN
                IF EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
                    EXECUTE 'SELECT cron.unschedule(j.jobid) FROM cron.job AS j '
                        'WHERE j.jobname IN ($1, $2)'
                    USING job, job || ' log';
                ELSE
                    cron_database := current_setting('cron.database_name', true);
                END IF;
            EXCEPTION WHEN insufficient_privilege THEN
                cron_database := 'where pg_cron is';
            END;
            IF cron_database IS NOT NULL THEN
                RAISE NOTICE 'aurora_trigger: jobs of pg_cron that drained % may be left',
                    current_database()
                    USING HINT = format(
                        'In the database %s: SELECT cron.unschedule(jobid) FROM cron.job WHERE '
                        'jobname IN (%L, %L);', cron_database, job, job || ' log'
                    );
            END IF;
        END IF;
        DROP SCHEMA aurora_trigger CASCADE;
        IF to_regnamespace('aws_lambda') IS NOT NULL THEN
            REVOKE ALL ON ALL FUNCTIONS IN SCHEMA aws_lambda FROM aurora_trigger;
            REVOKE ALL ON SCHEMA aws_lambda FROM aurora_trigger;
        END IF;
        IF to_regnamespace('aws_commons') IS NOT NULL THEN
            REVOKE ALL ON ALL FUNCTIONS IN SCHEMA aws_commons FROM aurora_trigger;
            REVOKE ALL ON SCHEMA aws_commons FROM aurora_trigger;
        END IF;
        -- The role is the whole server's: another database may still need it. An internal error is
        -- what PostgreSQL gives where that database is dropped meanwhile: it can't name it.
        BEGIN
            DROP ROLE aurora_trigger;
        EXCEPTION
            WHEN dependent_objects_still_exist OR lock_not_available OR internal_error THEN
                RAISE NOTICE
                    'aurora_trigger: the role aurora_trigger stays, another database needs it';
            WHEN insufficient_privilege THEN
                RAISE NOTICE
                    'aurora_trigger: the role aurora_trigger stays, % may not drop it',
                    current_user;
        END;
        BEGIN
            DROP ROLE IF EXISTS aurora_trigger_drain;
        EXCEPTION
            WHEN dependent_objects_still_exist OR lock_not_available OR internal_error
                OR insufficient_privilege
            THEN
                NULL; -- Another database needs it, or whoever made it.
        END;
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
