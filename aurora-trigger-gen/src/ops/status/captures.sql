SELECT coalesce(pg_catalog.json_agg(c ORDER BY c.schema_name, c.table_name), '[]')::pg_catalog.text
FROM (
    SELECT
        s.schema_name, s.table_name,
        pg_catalog.format('%I.%I', s.schema_name, s.table_name) AS name,
        s.app, s.rust_path, s.version, s.installed_at,
        pg_catalog.date_part(
            'epoch', pg_catalog.now() OPERATOR(pg_catalog.-) s.installed_at
        )::bigint AS installed_seconds,
        s.captured, s.problem
    FROM aurora_trigger.capture_status AS s
) AS c
