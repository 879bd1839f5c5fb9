INSERT INTO aurora_trigger.stream_table AS t
    (schema_name, table_name, delivery, on_failure, oversize, key_names, has_key, app, rust_path,
    version, installed_at, level, operations, functions, columns, fingerprint,
    has_predicate)
VALUES (
    {{ schema }}, {{ table }}, '{{ delivery }}', '{{ on_failure }}', '{{ oversize }}',
    {{ key_names }}, {{ has_key }}, {{ app }},
    {{ rust_path }},
    '{{ version }}', now(), '{{ level }}',
    {{ operations }},
    ARRAY[
        {%- for function in functions %}
        {{ function }}{% if !loop.last %},{% endif %}
        {%- endfor %}
    ],
    {{ columns }},
    {{ fingerprint }},
    {{ has_predicate }}
)
ON CONFLICT ON CONSTRAINT stream_table_pkey DO UPDATE
SET delivery = excluded.delivery,
    on_failure = excluded.on_failure,
    oversize = excluded.oversize,
    key_names = excluded.key_names,
    has_key = excluded.has_key,
    app = excluded.app,
    rust_path = excluded.rust_path,
    version = excluded.version,
    installed_at = coalesce(t.installed_at, excluded.installed_at),
    level = excluded.level,
    operations = excluded.operations,
    functions = excluded.functions,
    columns = excluded.columns,
    fingerprint = excluded.fingerprint,
    has_predicate = excluded.has_predicate;
