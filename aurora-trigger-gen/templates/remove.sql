-- Removes what aurora-trigger {{ version }} installed for {{ table_count }}; with the last table also what
-- all share. Run it with psql -v ON_ERROR_STOP=1 --single-transaction. It can be run again at any
-- time.
{% for table in tables %}
-- {{ table.remark }}. The lock is waited for 3 seconds at most.
DO $body$
DECLARE
    lock_timeout_before text := pg_catalog.current_setting('lock_timeout');
    function_name text;
BEGIN
    PERFORM pg_catalog.set_config('lock_timeout', '3s', true);
    {%- for trigger in table.triggers %}
    IF EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = pg_catalog.to_regclass({{ table.regclass }})
            AND t.tgname = '{{ trigger }}' AND NOT t.tgisinternal
    ) THEN
        DROP TRIGGER {{ trigger }} ON {{ table.name }};
    END IF;
    {%- endfor %}
    PERFORM pg_catalog.set_config('lock_timeout', lock_timeout_before, true);
    FOR function_name IN
        SELECT p.oid::regprocedure
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('aurora_trigger')
            AND p.proname IN (
                {%- for function in table.functions %}
                {{ function }}{% if !loop.last %},{% endif %}
                {%- endfor %}
            )
    LOOP
        EXECUTE 'DROP FUNCTION ' || function_name;
    END LOOP;
END
$body$;
{% endfor %}
-- What all tables share goes with the last of them, unless dead letters still wait to be looked at.
DO $body$
DECLARE
    dead_letters boolean := false;
BEGIN
    IF pg_catalog.to_regnamespace('aurora_trigger') IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'aurora_trigger'::regnamespace
            AND p.prorettype = 'trigger'::regtype
    ) THEN
        RETURN;
    END IF;
    IF pg_catalog.to_regclass('aurora_trigger.dead_letter') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM aurora_trigger.dead_letter)' INTO dead_letters;
    END IF;
    IF dead_letters THEN
        RAISE WARNING
            'aurora_trigger: the schema stays, since aurora_trigger.dead_letter holds events'
            USING HINT = 'Save or delete them, then run this file again.';
        RETURN;
    END IF;
    DROP SCHEMA aurora_trigger CASCADE;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA aws_lambda, aws_commons FROM aurora_trigger;
    REVOKE ALL ON SCHEMA aws_lambda, aws_commons FROM aurora_trigger;
    -- The role is the whole server's: another database may still need it.
    BEGIN
        DROP ROLE aurora_trigger;
    EXCEPTION WHEN dependent_objects_still_exist THEN
        RAISE NOTICE
            'aurora_trigger: the role aurora_trigger stays, another database needs it';
    END;
END
$body$;
