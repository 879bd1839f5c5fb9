DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tables pg_catalog.regclass[];
    tries integer := 0;
    differences pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    -- What follows names the types of their rows, and waits for who alters a table.
    SELECT array_agg(c.oid::regclass) INTO tables
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) IN (
        {%- for check in table_checks %}
        ({{ check.schema }}, {{ check.table }}){% if !loop.last %},{% endif %}
        {%- endfor %}
    );
    LOOP
        BEGIN
            PERFORM aurora_trigger.try_lock(tries + 1, tables, 'ACCESS SHARE');
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, tables);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    SELECT string_agg(found.difference, E'\n') INTO differences
    FROM (
        {%- for check in table_checks %}
        SELECT aurora_trigger.table_differences(
            {{ check.schema }}, {{ check.table }},
            {{ check.columns }},
            {{ check.key_columns }},
            {{ check.expressions }}
        )
        UNION ALL
        SELECT aurora_trigger.level_differences(
            {{ check.schema }}, {{ check.table }}, '{{ check.level }}'
        )
        {%- if !loop.last %}
        UNION ALL
        {%- endif %}
        {%- endfor %}
    ) AS found (difference);
    IF differences IS NOT NULL THEN
        RAISE EXCEPTION E'aurora_trigger: the tables differ from their structs\n%', differences
            USING HINT = 'Nothing was captured anew. Change the struct or migrate the table, then '
                'emit and run this file again.';
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
