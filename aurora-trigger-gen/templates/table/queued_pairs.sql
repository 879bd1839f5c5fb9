SELECT
    place,
    abs(coalesce(old.ordinal, new.ordinal)),
    txid_current(),
    captured_us,
    CASE
{%- if has_predicate %}
        WHEN NOT rows_are_lost AND old.chosen AND new.chosen THEN 'u'
        WHEN NOT rows_are_lost THEN CASE WHEN old.chosen THEN 'd' ELSE 'c' END
        WHEN new.ordinal IS NULL THEN CASE WHEN old.chosen THEN 'O' ELSE 'X' END
        ELSE CASE WHEN new.chosen THEN 'N' ELSE 'Y' END
{%- else %}
        WHEN NOT rows_are_lost THEN 'u'
        WHEN new.ordinal IS NULL THEN 'O'
        ELSE 'N'
{%- endif %}
    END::"char",
    old.image,
    new.image
FROM (
    {{ old_images }}
) AS old
FULL JOIN (
    {{ new_images }}
) AS new
    ON new.ordinal = old.ordinal
{%- if has_predicate %}
WHERE rows_are_lost OR old.chosen OR new.chosen
{%- endif %}
