-- Removes what aurora-trigger {{ version }} installed for {{ table_count }}; with the last table also what
-- all share. Run it with psql -v ON_ERROR_STOP=1 --single-transaction. It can be run again at any
-- time.
{% for (remark, body) in tables %}
-- {{ remark }}. The lock is waited for 3 seconds at most.
DO {{ body }};
{% endfor %}
-- What all tables share goes with the last of them, unless events still wait to be sent, or dead
-- letters to be looked at.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    needed boolean;
    dead_letters boolean := false;
    pending_events boolean := false;
    has_mask_key boolean := false;
    held_table pg_catalog.text;
    job pg_catalog.text;
    cron_database pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    {% include "remove_isolation.sql" %}
    {% include "wait_for_others.sql" %}
    SELECT EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = n.oid AND p.prorettype = 'trigger'::regtype
            -- That one is of what all share.
            AND p.proname <> 'send_at_commit'
    )
    INTO needed
    FROM pg_namespace AS n
    WHERE n.nspname = 'aurora_trigger';
    -- Looked into behind the lock, so that nothing comes between a look and the removal.
    FOREACH held_table IN ARRAY ARRAY['outbox', 'dead_letter', 'settings'] LOOP
        IF NOT needed AND to_regclass('aurora_trigger.' || held_table) IS NOT NULL THEN
            EXECUTE format('LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE', held_table);
        END IF;
    END LOOP;
    IF NOT needed AND to_regclass('aurora_trigger.settings') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.settings WHERE mask_key_inner IS NOT '
            'NULL OR mask_key_outer IS NOT NULL)' INTO has_mask_key;
    END IF;
    IF NOT needed AND to_regclass('aurora_trigger.dead_letter') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.dead_letter)' INTO dead_letters;
    END IF;
    IF NOT needed AND to_regclass('aurora_trigger.outbox') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.outbox)' INTO pending_events;
    END IF;
    IF pending_events THEN
        RAISE WARNING 'aurora_trigger: the schema stays, since aurora_trigger.outbox holds events'
            USING HINT = 'SELECT aurora_trigger.drain() until it returns false, or delete them, '
                'then run this file again.';
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
        -- The role is the whole server's: another database may still need it.
        BEGIN
            DROP ROLE aurora_trigger;
        EXCEPTION
            WHEN dependent_objects_still_exist THEN
                RAISE NOTICE
                    'aurora_trigger: the role aurora_trigger stays, another database needs it';
            WHEN insufficient_privilege THEN
                RAISE NOTICE
                    'aurora_trigger: the role aurora_trigger stays, % may not drop it',
                    current_user;
        END;
        BEGIN
            DROP ROLE IF EXISTS aurora_trigger_drain;
        EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
            NULL; -- Another database needs it, or whoever made it.
        END;
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
