DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    {% include "remove_variables.sql" %}
    function_name pg_catalog.text;
    found pg_catalog.record;
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
        -- By their functions too: somebody can have renamed a trigger, or the table.
        FOR found IN
            SELECT t.tgname AS trigger_name, t.tgrelid::regclass AS table_name
            FROM pg_trigger AS t
            JOIN pg_proc AS p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal
                -- Clones on partitions go with their trigger. As JSON, since the column is newer
                -- than PostgreSQL 12.
                AND coalesce(row_to_json(t.*) ->> 'tgparentid', '0') = '0'
                AND (
                    t.tgrelid = to_regclass({{ regclass }}) AND t.tgname IN (
                        {%- for trigger in triggers %}
                        '{{ trigger }}'{% if !loop.last %},{% endif %}
                        {%- endfor %}
                    )
                    OR p.pronamespace = to_regnamespace('aurora_trigger') AND p.proname IN (
                        {%- for function in functions %}
                        {{ function }}{% if !loop.last %},{% endif %}
                        {%- endfor %}
                    )
                )
            ORDER BY t.tgrelid, t.tgname
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', found.trigger_name, found.table_name);
        END LOOP;
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
    IF to_regprocedure('aurora_trigger.drop_queues(text, text, text[])') IS NOT NULL THEN
        EXECUTE 'SELECT aurora_trigger.drop_queues($1, $2, ''{}'')'
        USING {{ schema }}, {{ table }};
    END IF;
    -- Its settings are still needed for what waits of it.
    IF to_regclass('aurora_trigger.stream_table') IS NULL THEN
        NULL;
    ELSIF to_regclass('aurora_trigger.waiting') IS NULL THEN
        DELETE FROM aurora_trigger.stream_table AS t
        WHERE t.schema_name = {{ schema }} AND t.table_name = {{ table }};
    ELSE
        DELETE FROM aurora_trigger.stream_table AS t
        WHERE t.schema_name = {{ schema }} AND t.table_name = {{ table }}
            AND NOT EXISTS (
                SELECT FROM aurora_trigger.waiting AS w
                WHERE w.schema_name = t.schema_name AND w.table_name = t.table_name
            );
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
