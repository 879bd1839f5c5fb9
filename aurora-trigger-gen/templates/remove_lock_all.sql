DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    {% include "remove_variables.sql" %}
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    {% include "remove_isolation.sql" %}
    {% include "wait_for_others.sql" %}
    -- Empty once the transaction of the statement before has ended.
    IF current_setting('aurora_trigger.one_transaction', true) <> '' THEN
        SELECT array_agg(found.id ORDER BY found.number, found.id) INTO tables
        FROM (
            SELECT DISTINCT 1, t.tgrelid::regclass
            FROM pg_trigger AS t
            JOIN pg_proc AS p ON p.oid = t.tgfoid
            WHERE p.pronamespace = to_regnamespace('aurora_trigger') AND p.proname IN (
                {%- for function in functions %}
                {{ function }}{% if !loop.last %},{% endif %}
                {%- endfor %}
            )
            UNION ALL
            -- What all share, if it is to go.
            SELECT 2, c.oid::regclass
            FROM pg_class AS c
            WHERE c.relnamespace = to_regnamespace('aurora_trigger') AND c.relkind IN ('r', 'p')
                AND NOT EXISTS (
                    SELECT FROM pg_proc AS p
                    WHERE p.pronamespace = c.relnamespace AND p.prorettype = 'trigger'::regtype
                        AND p.proname NOT IN (
                            {%- for function in functions %}
                            {{ function }},
                            {%- endfor %}
                            'send_at_commit'
                        )
                )
        ) AS found (number, id);
        {% include "remove_lock.sql" %}
    END IF;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
