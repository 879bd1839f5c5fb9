-- The triggers of {{ table_remark }}. No lock is taken where they are already right.
DO $body$
BEGIN
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
    IF pg_catalog.to_regprocedure(
        'aurora_trigger.{{ other_capture }}()'
    ) IS NOT NULL THEN
        DROP FUNCTION aurora_trigger.{{ other_capture }}();
    END IF;
END
$body$;
