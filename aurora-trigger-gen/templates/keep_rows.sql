(
{{ pad }}    SELECT
{{ pad }}        '{{ operation }}'::"char" AS operation,
{{ pad }}        {{ key }} AS row_key,
{{ pad }}        {{ before }} AS before_image,
{{ pad }}        {{ after }} AS after_image
{{ pad }}    {{ rows }}
{%- if has_predicate %}
{{ pad }}        AND predicate.chosen
{%- endif %}
{{ pad }}) AS kept
