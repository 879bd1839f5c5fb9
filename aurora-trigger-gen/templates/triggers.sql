DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tables pg_catalog.regclass[];
    tries integer := 0;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    LOOP
        BEGIN
            tables := aurora_trigger.tables_to_lock({{ schema }}, {{ table }}, '{{ level }}');
            PERFORM aurora_trigger.try_lock(
                tries, tables, aurora_trigger.lock_mode(tables, '{{ operations }}')
            );
            PERFORM aurora_trigger.drop_renamed_triggers({{ schema }}, {{ table }});
{%- for operation in unwanted %}
            PERFORM aurora_trigger.ensure_no_trigger(
                {{ schema }}, {{ table }}, '{{ operation }}'
            );
{%- endfor %}
{%- for operation in wanted %}
            PERFORM aurora_trigger.ensure_trigger(
                {{ schema }}, {{ table }}, '{{ operation.name }}',
                '{{ operation.transition_tables }}',
                '{{ operation.level }}', {{ operation.function }}
            );
{%- endfor %}
            PERFORM aurora_trigger.drop_functions(
                {{ schema }}, {{ table }},
                {{ functions }}
            );
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, tables);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM aurora_trigger.warn_of_gaps({{ schema }}, {{ table }}, '{{ level }}');
    PERFORM set_config('search_path', search_path_before, true);
END
