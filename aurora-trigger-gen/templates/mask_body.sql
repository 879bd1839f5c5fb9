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
    RAISE WARNING 'aurora_trigger: column % of % is sent as ***, since its mask_sql fails',
        quote_ident(masked_column), {{ table }}
        USING ERRCODE = SQLSTATE;
    RETURN '***';
END
