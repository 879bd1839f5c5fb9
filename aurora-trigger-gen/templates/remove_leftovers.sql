DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    PERFORM aurora_trigger.remove_leftovers(
        {{ schemas }},
        {{ tables }},
        {{ apps }},
        is_whole => {{ is_whole }}
    );
    PERFORM set_config('search_path', search_path_before, true);
END
