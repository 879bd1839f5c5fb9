SELECT pg_catalog.json_build_object(
    'tables', (
        SELECT coalesce(pg_catalog.json_agg(t ORDER BY t.schema_name, t.table_name), '[]')
        FROM (
            SELECT
                s.schema_name, s.table_name,
                pg_catalog.format('%I.%I', s.schema_name, s.table_name) AS name,
                s.delivery, s.on_failure, s.paused, s.pending,
                s.oldest_pending_at,
                pg_catalog.date_part(
                    'epoch', pg_catalog.now() OPERATOR(pg_catalog.-) s.oldest_pending_at
                )::bigint AS oldest_pending_seconds,
                s.dead_letters, s.calls, s.sent, s.refused, s.failed_calls,
                s.last_error_at,
                pg_catalog.date_part(
                    'epoch', pg_catalog.now() OPERATOR(pg_catalog.-) s.last_error_at
                )::bigint AS last_error_seconds,
                s.last_error
            FROM aurora_trigger.status AS s
        ) AS t
    ),
    'lanes', (
        SELECT coalesce(pg_catalog.json_agg(l ORDER BY l.lane), '[]')
        FROM (
            SELECT
                s.lane, s.retry_at,
                pg_catalog.date_part(
                    'epoch', s.retry_at OPERATOR(pg_catalog.-) pg_catalog.now()
                )::bigint AS retry_in_seconds,
                s.failures, s.last_error
            FROM aurora_trigger.lane_status AS s
        ) AS l
    )
)::pg_catalog.text
