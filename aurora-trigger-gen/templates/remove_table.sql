DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    {% include "remove_variables.sql" %}
    function_name pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    {% include "remove_isolation.sql" %}
    {% include "wait_for_others.sql" %}
    -- The table and its partitions, as far as they have triggers of ours.
    SELECT array_agg(DISTINCT t.tgrelid::regclass) INTO tables
    FROM pg_trigger AS t
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE p.pronamespace = to_regnamespace('aurora_trigger')
        AND p.proname IN (
            {%- for function in functions %}
            {{ function }}{% if !loop.last %},{% endif %}
            {%- endfor %}
        );
    {% include "remove_lock.sql" %}
    BEGIN
        {%- for trigger in triggers %}
        IF EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = to_regclass({{ regclass }})
                AND t.tgname = '{{ trigger }}' AND NOT t.tgisinternal
        ) THEN
            DROP TRIGGER {{ trigger }} ON {{ name }};
        END IF;
        {%- endfor %}
    EXCEPTION WHEN lock_not_available THEN
        RAISE EXCEPTION 'aurora_trigger: % is in use, so its triggers stay',
            {{ regclass }}
            USING ERRCODE = 'lock_not_available',
                HINT = 'Other transactions write to the table, or hold a lock on it: run this file '
                    'again when they have ended.';
    END;
    FOR function_name IN
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace('aurora_trigger')
            AND p.proname IN (
                {%- for function in functions %}
                {{ function }}{% if !loop.last %},{% endif %}
                {%- endfor %}
            )
    LOOP
        EXECUTE 'DROP FUNCTION ' || function_name;
    END LOOP;
    -- Its settings are still needed for what waits of it.
    IF to_regclass('aurora_trigger.stream_table') IS NOT NULL THEN
        DELETE FROM aurora_trigger.stream_table AS t
        WHERE t.schema_name = {{ schema }} AND t.table_name = {{ table }}
            AND NOT EXISTS (
                SELECT FROM aurora_trigger.outbox AS o
                WHERE o.schema_name = t.schema_name AND o.table_name = t.table_name
            );
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
