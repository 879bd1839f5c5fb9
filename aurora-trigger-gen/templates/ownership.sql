DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    others pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    {% include "wait_for_others.sql" %}
    IF to_regclass('aurora_trigger.stream_table') IS NOT NULL THEN
        SELECT string_agg(
            format(
                '%I.%I belongs to the app %s, this file is of the app %s',
                t.schema_name, t.table_name, t.app, f.app
            ),
            E'\n'
            ORDER BY t.schema_name, t.table_name
        )
        INTO others
        FROM (
            VALUES
                {%- for (schema, table, app) in tables %}
                ({{ schema }}, {{ table }}, {{ app }}){% if !loop.last %},{% endif %}
                {%- endfor %}
        ) AS f (schema_name, table_name, app)
        JOIN aurora_trigger.stream_table AS t
            ON t.schema_name = f.schema_name AND t.table_name = f.table_name
        WHERE t.app <> f.app;
        IF others IS NOT NULL THEN
            RAISE EXCEPTION E'aurora_trigger: another app captures these tables\n%', others
                USING HINT = 'Leave the table to the other app. Or hand it over first: '
                    'SELECT aurora_trigger.hand_over(''<schema.table>'', ''<app>''). Or remove '
                    'it: aurora-trigger down --table <schema.table>.';
        END IF;
        {%- if !removes %}
        SELECT string_agg(DISTINCT format('%s of the app %s', t.version, t.app), ', ')
        INTO others
        FROM aurora_trigger.stream_table AS t
        WHERE t.app <> ALL ({{ apps }})
            AND string_to_array(substring(t.version FROM '^[0-9.]+'), '.')::integer[]
                > ARRAY[{{ version_numbers }}];
        IF others IS NOT NULL THEN
            RAISE EXCEPTION 'aurora_trigger: version % is installed, and this file is of '
                '{{ version }}', others
                USING HINT = 'An older version would replace the functions that all tables share. '
                    'Build this app with that version of aurora-trigger-gen or a newer one.';
        END IF;
        {%- endif %}
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
