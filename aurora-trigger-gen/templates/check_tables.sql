DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
    differences text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT string_agg(found.difference, E'\n') INTO differences
    FROM (
        {%- for check in table_checks %}
        SELECT aurora_trigger.table_differences(
            {{ check.schema }}, {{ check.table }},
            {{ check.columns }},
            {{ check.key_columns }},
            {{ check.expressions }}
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
