SELECT coalesce(json_agg(c ORDER BY c.schema_name, c.table_name), '[]')::text
FROM (
    SELECT
        s.schema_name, s.table_name,
        quote_ident(s.schema_name) || '.' || quote_ident(s.table_name) AS name,
        s.app, s.rust_path, s.version, s.installed_at,
        extract(epoch FROM now() - s.installed_at)::bigint AS installed_seconds,
        s.captured, s.problem
    FROM aurora_trigger.capture_status AS s
) AS c
