(
{{ pad }}    SELECT
{{ pad }}        CASE
{{ pad }}            WHEN old_image.chosen AND new_image.chosen THEN 'u'
{{ pad }}            WHEN old_image.chosen THEN 'd'
{{ pad }}            ELSE 'c'
{{ pad }}        END::"char" AS operation,
{{ pad }}        coalesce(old_image.row_key, new_image.row_key) AS row_key,
{{ pad }}        CASE WHEN old_image.chosen THEN old_image.image END AS before_image,
{{ pad }}        CASE WHEN new_image.chosen THEN new_image.image END AS after_image
{{ pad }}    FROM (
{{ pad }}        {{ old_images }}
{{ pad }}    ) AS old_image
{{ pad }}    FULL JOIN (
{{ pad }}        {{ new_images }}
{{ pad }}    ) AS new_image
{{ pad }}        ON new_image.pair_key = old_image.pair_key
{{ pad }}        AND new_image.number = old_image.number
{{ pad }}    WHERE
{{ pad }}        (old_image.chosen OR new_image.chosen)
{%- if skips_unchanged %}
{{ pad }}        AND (
{{ pad }}            old_image.chosen AND new_image.chosen
{{ pad }}            AND old_image.image::text = new_image.image::text
{{ pad }}        ) IS NOT TRUE
{%- endif %}
{{ pad }}    ORDER BY old_image.position, new_image.position
{{ pad }}) AS kept
