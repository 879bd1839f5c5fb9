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
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
    needed boolean;
    dead_letters boolean := false;
    pending_events boolean := false;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = n.oid AND p.prorettype = 'trigger'::regtype
            -- That one is of what all share.
            AND p.proname <> 'send_at_commit'
    )
    INTO needed
    FROM pg_namespace AS n
    WHERE n.nspname = 'aurora_trigger';
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
    ELSIF NOT needed THEN
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
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
