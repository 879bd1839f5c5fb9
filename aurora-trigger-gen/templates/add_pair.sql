{%- if has_predicate -%}
CONTINUE WHEN NOT before_chosen AND NOT after_chosen;
{%- if skips_unchanged %}
{{ pad }}CONTINUE WHEN before_chosen AND after_chosen AND before_image::text = after_image::text;
{%- endif %}
{{ pad }}operation := CASE
{{ pad }}    WHEN NOT before_chosen THEN 'c'
{{ pad }}    WHEN after_chosen AND before_key IS NOT DISTINCT FROM after_key THEN 'u'
{{ pad }}    ELSE 'd'
{{ pad }}END;
{%- else -%}
{%- if skips_unchanged -%}
CONTINUE WHEN before_image::text = after_image::text;
{{ pad }}
{%- endif -%}
operation := CASE WHEN before_key IS NOT DISTINCT FROM after_key THEN 'u' ELSE 'd' END;
{%- endif %}
{{ pad }}{{ add_operations }}
