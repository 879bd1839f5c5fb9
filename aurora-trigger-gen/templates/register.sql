INSERT INTO aurora_trigger.stream_table AS t
    (schema_name, table_name, delivery, on_failure, oversize, key_names, has_key)
VALUES (
    {{ schema }}, {{ table }}, '{{ delivery }}', '{{ on_failure }}', '{{ oversize }}',
    {{ key_names }}, {{ has_key }}
)
ON CONFLICT ON CONSTRAINT stream_table_pkey DO UPDATE
SET delivery = excluded.delivery,
    on_failure = excluded.on_failure,
    oversize = excluded.oversize,
    key_names = excluded.key_names,
    has_key = excluded.has_key;
