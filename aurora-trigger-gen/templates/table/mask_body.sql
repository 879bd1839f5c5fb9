#variable_conflict use_column
DECLARE
    masked text;
BEGIN
    masked := CASE masked_column
{%- for (column, expression) in masks %}
        WHEN {{ column }} THEN (
{{ expression }}
        )::text
{%- endfor %}
    END;
    RETURN coalesce(masked, '***');
EXCEPTION WHEN OTHERS THEN
    -- The error's own words can hold the value.
    PERFORM aurora_trigger.warn(
        format(
            'column %s of %s is sent as ***, since its mask_sql fails',
            quote_ident(masked_column), {{ table }}
        ),
        SQLSTATE
    );
    RETURN '***';
END
