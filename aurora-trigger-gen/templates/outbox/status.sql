-- The number of a table's events that wait, and the time of the oldest one.
            CREATE OR REPLACE VIEW aurora_trigger.waiting AS
            SELECT
                w.schema_name,
                w.table_name,
                sum(w.events)::bigint AS events,
                to_timestamp(min(w.oldest_us) / 1000000.0) AS oldest_at
            FROM (
                SELECT b.schema_name, b.table_name, b.event_count AS events, b.oldest_us
                FROM aurora_trigger.batch AS b
                UNION ALL
                SELECT k.schema_name, k.table_name, 1, k.ts_us
                FROM aurora_trigger.kept AS k
                UNION ALL
                SELECT
                    coalesce(g.schema_name, s.schema_name),
                    coalesce(g.table_name, s.table_name),
                    g.events,
                    g.oldest_us
                FROM (
                    SELECT
                        o.part,
                        o.schema_name,
                        o.table_name,
                        -- Of a queue whose rows are collected by their keys, a part is estimated.
                        ceil(sum(CASE
                            WHEN o.part IS NOT NULL AND o.is_under_way
                            THEN 1 - (
                                SELECT c.next_hash FROM aurora_trigger.collector AS c
                            ) / 9223372036854775808.0
                            ELSE 1
                        END)) AS events,
                        min(o.ts_us) AS oldest_us
                    FROM (
                        SELECT
                            u.*,
                            txid_visible_in_snapshot(
                                u.tx_id, (SELECT c.upto FROM aurora_trigger.collector AS c)
                            ) AND (u.position, u.ts_us) <= (
                                SELECT c.part_end_position, c.part_end_us
                                FROM aurora_trigger.collector AS c
                            ) IS TRUE AS is_under_way
                        FROM (
                            SELECT
                                NULL::oid AS part,
                                o.schema_name,
                                o.table_name,
                                o.position,
                                o.tx_id,
                                o.ts_us,
                                o.key_hash
                            FROM aurora_trigger.outbox AS o
                            UNION ALL
                            SELECT q.tableoid, NULL, NULL, q.position, q.tx_id, q.ts_us, NULL
                            FROM aurora_trigger.queue AS q
                            WHERE q.op NOT IN ('N', 'X', 'Y')
                        ) AS u
                        -- Each of these is read once, and not joined: the planner would take it for
                        -- many.
                        WHERE NOT txid_visible_in_snapshot(
                                u.tx_id, (SELECT c.done FROM aurora_trigger.collector AS c)
                            )
                            -- In a copy that has not drained yet, it is the done of another server.
                            OR u.ts_us > (
                                SELECT c.done_us
                                FROM aurora_trigger.collector AS c
                                WHERE NOT EXISTS (
                                    SELECT
                                    FROM aurora_trigger.collector_seal AS s
                                    WHERE s.written_by = c.xmin::text
                                )
                            ) IS TRUE
                    ) AS o
                    -- Of a collection that is under way.
                    WHERE NOT coalesce(
                        o.is_under_way AND (
                            (o.position, o.ts_us) <= (
                                SELECT c.part_position, c.part_us FROM aurora_trigger.collector AS c
                            )
                            OR o.key_hash < (SELECT c.next_hash FROM aurora_trigger.collector AS c)
                        ),
                        false
                    )
                    GROUP BY o.part, o.schema_name, o.table_name
                ) AS g
                LEFT JOIN pg_class AS c ON c.oid = g.part
                LEFT JOIN aurora_trigger.stream_queue AS s ON c.relname = ANY (s.parts)
            ) AS w
            GROUP BY w.schema_name, w.table_name;
            ALTER VIEW aurora_trigger.waiting OWNER TO aurora_trigger;
            COMMENT ON VIEW aurora_trigger.waiting IS
                'For each table how many events wait to be sent.';

            CREATE OR REPLACE VIEW aurora_trigger.status AS
            SELECT
                t.schema_name,
                t.table_name,
                t.delivery,
                t.on_failure,
                t.paused,
                coalesce(waiting.events, 0) AS pending,
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
            LEFT JOIN aurora_trigger.waiting
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
