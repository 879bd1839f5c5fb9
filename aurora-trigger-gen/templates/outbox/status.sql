{% include "step_end.sql" %}

-- What a dashboard may see: counts, times and the words of errors, never a row.
-- Whoever reads them holds up the change of a view, and that change all later readers.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tries integer := 0;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    LOOP
        BEGIN
            -- LOCK TABLE would lock the tables below a view, too, and so stop writers.
            PERFORM aurora_trigger.try_lock(tries, '{}', 'ACCESS EXCLUSIVE');
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
                -- What drains have sent. Nobody counts the calls that a trigger makes itself: where
                -- a drain has sent nothing beside them, it is unknown, not zero.
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
            GRANT USAGE ON SCHEMA aurora_trigger TO pg_monitor;
            GRANT SELECT ON aurora_trigger.status, aurora_trigger.lane_status TO pg_monitor;
            IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'aurora_trigger_drain') THEN
                GRANT USAGE ON SCHEMA aurora_trigger TO aurora_trigger_drain;
                GRANT SELECT ON aurora_trigger.status, aurora_trigger.lane_status
                    TO aurora_trigger_drain;
                GRANT EXECUTE ON FUNCTION aurora_trigger.drain() TO aurora_trigger_drain;
                GRANT EXECUTE ON PROCEDURE aurora_trigger.drain_all() TO aurora_trigger_drain;
            END IF;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(
            tries,
            -- The first installation may wait for another database to let go of a role.
            array_remove(
                ARRAY[
                    to_regclass('aurora_trigger.status'), to_regclass('aurora_trigger.lane_status')
                ],
                NULL
            )
        );
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}
