SELECT
    old_image.place AS old_place,
    new_image.place AS new_place,
    old_image.row_key AS old_key,
    new_image.row_key AS new_key,
    old_image.image AS before,
    new_image.image AS after
FROM (
    {{ old_images }}
) AS old_image
FULL JOIN (
    {{ new_images }}
) AS new_image
{%- if by_key %}
    ON new_image.pair_key = old_image.pair_key
    AND new_image.number = old_image.number
{%- else %}
    ON new_image.place = old_image.place
{%- endif %}
