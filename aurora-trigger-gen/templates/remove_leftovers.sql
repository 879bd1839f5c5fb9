DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    found pg_catalog.record;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    PERFORM aurora_trigger.remove_leftovers(
        {{ schemas }},
        {{ tables }},
        {{ apps }},
        is_whole => {{ is_whole }}
    );
    FOR found IN
        SELECT
            format('%I.%I', s.schema_name, s.table_name) AS name,
            CASE WHEN s.captured THEN 'captured' ELSE 'not captured' END AS state,
            concat_ws(
                ', ',
                'app ' || s.app,
                'since ' || to_char(s.installed_at, 'YYYY-MM-DD HH24:MI:SS TZ'),
                s.problem
            ) AS rest,
            s.problem
        FROM aurora_trigger.capture_status AS s
        ORDER BY s.schema_name, s.table_name
    LOOP
        -- A reader of a NOTICE each time no longer reads the one that matters.
        IF found.problem IS NULL THEN
            RAISE INFO 'aurora_trigger: % is % (%)', found.name, found.state, found.rest;
        ELSE
            RAISE NOTICE 'aurora_trigger: % is % (%)', found.name, found.state, found.rest;
        END IF;
    END LOOP;
    PERFORM set_config('search_path', search_path_before, true);
END
