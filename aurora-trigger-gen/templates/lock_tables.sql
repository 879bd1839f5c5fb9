DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tables pg_catalog.regclass[];
    mode pg_catalog.text;
    tries integer := 0;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- Empty once the transaction has ended in which the first part ran.
    IF current_setting('aurora_trigger.one_transaction', true) <> '' THEN
        SELECT
            array_agg(part.id ORDER BY part.id),
            -- The stronger one is the first by the alphabet.
            min(aurora_trigger.lock_mode(found.tables, wanted.operations))
        INTO tables, mode
        FROM (VALUES
            {%- for table in tables %}
            (
                {{ table.schema }}, {{ table.table }}, '{{ table.level }}',
                '{{ table.operations }}'::text[],
                {{ table.functions }}
            ){% if !loop.last %},{% endif %}
            {%- endfor %}
        ) AS wanted (schema_name, table_name, level, operations, functions)
        CROSS JOIN LATERAL aurora_trigger.tables_to_lock(
            wanted.schema_name, wanted.table_name, wanted.level
        ) AS found (tables)
        CROSS JOIN LATERAL unnest(found.tables) AS part (id)
        -- Where the triggers are there, most often none is changed.
        WHERE wanted.operations IS DISTINCT FROM (
            SELECT array_agg(replace(t.tgname, 'aurora_trigger_', '') ORDER BY t.tgname)
            FROM pg_trigger AS t
            JOIN pg_proc AS p ON p.oid = t.tgfoid
            WHERE t.tgrelid = to_regclass(
                    format('%I.%I', wanted.schema_name, wanted.table_name)
                )
                AND p.pronamespace = 'aurora_trigger'::regnamespace
                AND p.proname = ANY (wanted.functions)
        );
        LOOP
            BEGIN
                PERFORM aurora_trigger.try_lock(tries + 1, tables, mode);
                EXIT;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
                tries := tries + 1;
            END;
            PERFORM aurora_trigger.try_again(tries, tables);
        END LOOP;
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
