DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT text := pg_catalog.current_setting('lock_timeout');
    function_name text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM set_config('lock_timeout', '3s', true);
    {%- for trigger in triggers %}
    IF EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = to_regclass({{ regclass }})
            AND t.tgname = '{{ trigger }}' AND NOT t.tgisinternal
    ) THEN
        DROP TRIGGER {{ trigger }} ON {{ name }};
    END IF;
    {%- endfor %}
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
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
    PERFORM set_config('search_path', search_path_before, true);
END
