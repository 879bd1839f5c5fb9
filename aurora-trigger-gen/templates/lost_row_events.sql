FOR event IN
{{ pad }}    SELECT
{{ pad }}        CASE kept.operation
{{ pad }}            WHEN 'u' THEN json_build_object(
{{ pad }}                'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}                'op', 'u',
{{ pad }}                'before', kept.before_image,
{{ pad }}                'after', kept.after_image
{{ pad }}            )
{{ pad }}            WHEN 'd' THEN json_build_object(
{{ pad }}                'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}                'op', 'd',
{{ pad }}                'before', kept.before_image
{{ pad }}            )
{{ pad }}            ELSE json_build_object(
{{ pad }}                'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}                'op', 'c',
{{ pad }}                'after', kept.after_image
{{ pad }}            )
{{ pad }}        END
{{ pad }}    FROM {{ lost_rows }}
{{ pad }}LOOP
{{ pad }}    {{ add }}
{{ pad }}END LOOP;
