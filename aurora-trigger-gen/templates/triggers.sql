DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
{%- for operation in wanted %}
    PERFORM aurora_trigger.ensure_trigger(
        {{ schema }}, {{ table }}, '{{ operation.name }}',
        '{{ operation.transition_tables }}',
        '{{ operation.level }}', {{ capture }}
    );
{%- endfor %}
{%- for operation in unwanted %}
    PERFORM aurora_trigger.ensure_no_trigger({{ schema }}, {{ table }}, '{{ operation }}');
{%- endfor %}
    -- The function for the other level, if the table had triggers of that one.
    IF to_regprocedure(
        'aurora_trigger.{{ other_capture }}()'
    ) IS NOT NULL THEN
        DROP FUNCTION aurora_trigger.{{ other_capture }}();
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
