SELECT
{{ pad }}    found.*,
{{ pad }}    row_number() OVER (
{{ pad }}        PARTITION BY found.pair_key ORDER BY found.position
{{ pad }}    ) AS number
{{ pad }}FROM (
{{ pad }}    SELECT
{{ pad }}        row_number() OVER () AS position,
{{ pad }}        {{ key }} AS row_key,
{{ pad }}        {{ pair_key }} AS pair_key,
{{ pad }}        row_to_json(image.*) AS image,
{{ pad }}        {% if has_predicate %}predicate.chosen{% else %}true{% endif %} AS chosen
{{ pad }}    {{ rows }}
{{ pad }}) AS found
