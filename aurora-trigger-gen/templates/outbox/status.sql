CREATE OR REPLACE VIEW aurora_trigger.status AS
            SELECT
                t.schema_name,
                t.table_name,
                t.delivery,
                t.on_failure,
                t.paused,
                coalesce(waiting.pending, 0) AS pending,
                waiting.oldest_at AS oldest_pending_at,
                (
                    SELECT count(*)
                    FROM aurora_trigger.dead_letter AS d
                    WHERE d.schema_name = t.schema_name AND d.table_name = t.table_name
                ) AS dead_letters,
                -- The work of drains alone. Nobody counts the calls that a trigger makes itself:
                -- where a drain has sent nothing beside them, it is unknown, not zero.
                CASE
                    WHEN t.delivery = 'outbox' THEN coalesce(done.calls, 0) ELSE done.calls
                END::bigint AS calls,
                CASE
                    WHEN t.delivery = 'outbox' THEN coalesce(done.accepted, 0) ELSE done.accepted
                END::bigint AS sent,
                CASE
                    WHEN t.delivery = 'outbox' THEN coalesce(done.refused, 0) ELSE done.refused
                END::bigint AS refused,
                coalesce(failed.calls, 0) AS failed_calls,
                failed.last_at AS last_error_at,
                failed.last_error
            FROM aurora_trigger.stream_table AS t
            LEFT JOIN (
                SELECT
                    o.schema_name,
                    o.table_name,
                    count(*) AS pending,
                    to_timestamp(min(o.ts_us) / 1000000.0) AS oldest_at
                FROM aurora_trigger.outbox AS o
                GROUP BY o.schema_name, o.table_name
            ) AS waiting
                ON waiting.schema_name = t.schema_name AND waiting.table_name = t.table_name
            LEFT JOIN (
                SELECT
                    s.schema_name,
                    s.table_name,
                    sum(s.calls) AS calls,
                    sum(s.accepted) AS accepted,
                    sum(s.refused) AS refused
                FROM aurora_trigger.sent AS s
                GROUP BY s.schema_name, s.table_name
            ) AS done ON done.schema_name = t.schema_name AND done.table_name = t.table_name
            LEFT JOIN (
                SELECT
                    f.schema_name,
                    f.table_name,
                    count(*) AS calls,
                    max(f.failed_at) AS last_at,
                    (array_agg(f.message ORDER BY f.id DESC))[1] AS last_error
                FROM aurora_trigger.failed_call AS f
                GROUP BY f.schema_name, f.table_name
            ) AS failed ON failed.schema_name = t.schema_name AND failed.table_name = t.table_name;
            ALTER VIEW aurora_trigger.status OWNER TO aurora_trigger;
            COMMENT ON VIEW aurora_trigger.status IS
                'For each streamed table what waits, and what failed.';

            CREATE OR REPLACE VIEW aurora_trigger.lane_status AS
            SELECT l.lane, l.tried_at, l.retry_at, l.failures, l.last_error
            FROM aurora_trigger.lane AS l;
            ALTER VIEW aurora_trigger.lane_status OWNER TO aurora_trigger;
            COMMENT ON VIEW aurora_trigger.lane_status IS
                'For each lane of the outbox when it is tried again, and why.';
