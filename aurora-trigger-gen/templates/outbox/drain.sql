-- The lanes that have something to send and do not pause, those first that were tried longest ago.
CREATE OR REPLACE FUNCTION aurora_trigger.lanes_to_send()
RETURNS smallint[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
BEGIN
    RETURN ARRAY(
        SELECT l.lane
        FROM aurora_trigger.lane AS l
        WHERE coalesce(
                l.retry_at NOT BETWEEN clock_timestamp()
                    AND clock_timestamp() + interval '1 minute',
                true
            )
            AND EXISTS (
                SELECT
                FROM aurora_trigger.tables_to_send() AS t
                CROSS JOIN LATERAL (
                    SELECT b.place
                    FROM aurora_trigger.batch AS b
                    WHERE b.lane = l.lane
                        AND b.schema_name = t.schema_name
                        AND b.table_name = t.table_name
                        AND b.collected_by IS DISTINCT FROM txid_current_if_assigned()
                    ORDER BY b.place
                    LIMIT 1
                ) AS first
                WHERE CASE
                    WHEN l.lane >= 0 THEN first.place < t.first_truncation
                    ELSE t.truncation_is_next
                END
            )
        ORDER BY l.tried_at NULLS FIRST, l.lane
    );
END
$body$;
ALTER FUNCTION aurora_trigger.lanes_to_send() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lanes_to_send() FROM PUBLIC;

-- Of these lanes those whose events go in one call: all of them, where that is little. A lane whose
-- last call failed, and a TRUNCATE, go alone, so that they are in the way of no other.
CREATE OR REPLACE FUNCTION aurora_trigger.lanes_of_one_call(to_send smallint[])
RETURNS smallint[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
BEGIN
    RETURN (
        SELECT array_agg(DISTINCT l.lane)
        FROM aurora_trigger.lane AS l
        CROSS JOIN aurora_trigger.tables_to_send() AS t
        LEFT JOIN LATERAL (
            SELECT b.bytes
            FROM aurora_trigger.batch AS b
            WHERE b.lane = l.lane
                AND b.schema_name = t.schema_name
                AND b.table_name = t.table_name
            ORDER BY b.place
            LIMIT 100
        ) AS b
            ON true
        WHERE l.lane = ANY (to_send) AND l.lane >= 0 AND l.failures = 0
        HAVING sum(b.bytes) <= {{ least_drain_bytes }}
    );
END
$body$;
ALTER FUNCTION aurora_trigger.lanes_of_one_call(smallint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lanes_of_one_call(smallint[]) FROM PUBLIC;

-- True if there is a lane that does not pause, and has less to send than a call takes.
CREATE OR REPLACE FUNCTION aurora_trigger.lanes_want_more()
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM aurora_trigger.lane AS l
        WHERE l.lane >= 0
            AND coalesce(
                l.retry_at NOT BETWEEN clock_timestamp()
                    AND clock_timestamp() + interval '1 minute',
                true
            )
            AND (
                SELECT coalesce(sum(first.bytes), 0)
                FROM aurora_trigger.tables_to_send() AS t
                CROSS JOIN LATERAL (
                    SELECT b.bytes
                    FROM aurora_trigger.batch AS b
                    WHERE b.lane = l.lane
                        AND b.schema_name = t.schema_name
                        AND b.table_name = t.table_name
                    ORDER BY b.place
                    LIMIT {{ call_events }}
                ) AS first
            ) < {{ drain_bytes }}
    );
END
$body$;
ALTER FUNCTION aurora_trigger.lanes_want_more() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lanes_want_more() FROM PUBLIC;

-- True if the batches take up much room, and all of them can be sent: then none are added until all
-- are sent and the room is given back, which a server's own vacuuming would not do before the load
-- ends.
CREATE OR REPLACE FUNCTION aurora_trigger.batch_is_full()
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    full_bytes CONSTANT bigint := 64000000::bigint;
BEGIN
    RETURN pg_total_relation_size('aurora_trigger.batch') > full_bytes
        AND EXISTS (SELECT FROM aurora_trigger.batch)
        AND NOT EXISTS (
            SELECT
            FROM aurora_trigger.lane AS l
            WHERE l.failures > 0
                AND EXISTS (SELECT FROM aurora_trigger.batch AS b WHERE b.lane = l.lane)
        )
        AND NOT EXISTS (
            SELECT
            FROM aurora_trigger.stream_table AS s
            WHERE s.paused
                AND EXISTS (
                    SELECT
                    FROM aurora_trigger.batch AS b
                    WHERE b.schema_name = s.schema_name AND b.table_name = s.table_name
                )
        );
END
$body$;
ALTER FUNCTION aurora_trigger.batch_is_full() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.batch_is_full() FROM PUBLIC;

-- Collects, if nobody else is at it. A failure is noted, and is in the way of no call. It does
-- nothing in a transaction that has written events, which would keep the locks.
CREATE OR REPLACE FUNCTION aurora_trigger.try_to_collect()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    collected boolean;
    error_state text;
    error_message text;
    error_detail text;
BEGIN
    IF txid_current_if_assigned() IS NOT NULL THEN
        IF EXISTS (
            SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id = txid_current_if_assigned()
        ) OR EXISTS (
            SELECT FROM aurora_trigger.queue AS q WHERE q.tx_id = txid_current_if_assigned()
        ) THEN
            RETURN false;
        END IF;
    END IF;
    BEGIN
        -- Of what an earlier transaction has collected: a snapshot between the two shows it in one
        -- place or the other. In a transaction that goes on, the locks would stay, and who waits
        -- for them could be in its way.
        IF current_setting('aurora_trigger.commits_at_once', true) = 'yes' THEN
            PERFORM aurora_trigger.give_back_room();
        END IF;
        collected := aurora_trigger.collect();
        RETURN collected;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            error_state = RETURNED_SQLSTATE,
            error_message = MESSAGE_TEXT,
            error_detail = PG_EXCEPTION_DETAIL;
    END;
    IF error_state = '57014' THEN
        PERFORM set_config('aurora_trigger.is_cut_off', 'yes', true);
    END IF;
    -- The outcome of the call must not be lost for it.
    BEGIN
        PERFORM aurora_trigger.note_failed_call(
            'drain', NULL::smallint[], NULL::text[], NULL::text[], NULL::bigint[],
            error_state, error_message, error_detail
        );
        PERFORM FROM aurora_trigger.collector FOR UPDATE SKIP LOCKED;
        -- A copy stays one until its events are taken over.
        IF FOUND AND aurora_trigger.is_sealed() THEN
            -- The next one takes a smaller step. A step of the smallest size that fails waits.
            UPDATE aurora_trigger.collector AS c
            SET step_events = greatest({{ least_step_events }}, c.step_events / 4),
                next_snapshots = '{}',
                retry_at = CASE
                    WHEN error_state <> '57014' OR c.step_events = {{ least_step_events }}
                    THEN clock_timestamp() + interval '3 seconds'
                END;
            UPDATE aurora_trigger.collector_seal AS s
            SET written_by = (SELECT c.xmin::text FROM aurora_trigger.collector AS c);
            RETURN aurora_trigger.has_uncollected();
        END IF;
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    RETURN false;
END
$body$;
ALTER FUNCTION aurora_trigger.try_to_collect() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.try_to_collect() FROM PUBLIC;

-- Puts back what a drain can't work without, where the data was not copied with the schema, or a
-- TRUNCATE took it. Raises an error where only the installation file can.
CREATE OR REPLACE FUNCTION aurora_trigger.put_back_lanes()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    INSERT INTO aurora_trigger.lane (lane)
    SELECT n.lane
    FROM generate_series(-1, aurora_trigger.lane_count() - 1) AS n (lane)
    WHERE NOT EXISTS (SELECT FROM aurora_trigger.lane AS l WHERE l.lane = n.lane)
    ON CONFLICT DO NOTHING;
    -- Without its seal it counts as a copy.
    INSERT INTO aurora_trigger.collector (only_row)
    SELECT true WHERE NOT EXISTS (SELECT FROM aurora_trigger.collector)
    ON CONFLICT DO NOTHING;
    INSERT INTO aurora_trigger.collector_seal (written_by)
    SELECT '' WHERE NOT EXISTS (SELECT FROM aurora_trigger.collector_seal)
    ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM aurora_trigger.stream_table) AND EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = 'aurora_trigger'::regnamespace
            AND p.prorettype = 'trigger'::regtype
            AND p.proname <> 'send_at_commit'
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the table aurora_trigger.stream_table is empty, but '
            'tables are captured'
            USING HINT = 'Was the schema copied without its data, or truncated? Run the '
                'installation file again, and leave the schema aurora_trigger out of what '
                'truncates.';
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.put_back_lanes() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.put_back_lanes() FROM PUBLIC;

-- Tells the relay about dead letters, of which it makes a metric, once a minute where no other call
-- does: where no table fits its struct there is nothing else to send.
CREATE OR REPLACE FUNCTION aurora_trigger.tell_of_dead_letters()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    target text;
    target_region text;
    error_state text;
    error_message text;
    error_detail text;
BEGIN
    IF NOT EXISTS (SELECT FROM aurora_trigger.dead_letter) OR EXISTS (
        SELECT
        FROM aurora_trigger.lane AS l
        WHERE l.tried_at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp()
    ) THEN
        RETURN;
    END IF;
    PERFORM FROM aurora_trigger.lane AS l WHERE l.lane = -1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT s.function_name, s.region INTO target, target_region FROM aurora_trigger.settings AS s;
    BEGIN
        PERFORM aurora_trigger.invoke(
            target,
            target_region,
            aurora_trigger.payload('RequestResponse', NULL),
            'RequestResponse'
        );
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            error_state = RETURNED_SQLSTATE,
            error_message = MESSAGE_TEXT,
            error_detail = PG_EXCEPTION_DETAIL;
    END;
    UPDATE aurora_trigger.lane AS l SET tried_at = clock_timestamp() WHERE l.lane = -1;
    IF error_state = '57014' THEN
        PERFORM set_config('aurora_trigger.is_cut_off', 'yes', true);
    END IF;
    IF error_state IS NOT NULL THEN
        PERFORM aurora_trigger.note_failed_call(
            'drain', NULL::smallint[], NULL::text[], NULL::text[], NULL::bigint[],
            error_state, error_message, error_detail
        );
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.tell_of_dead_letters() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.tell_of_dead_letters() FROM PUBLIC;

-- Sends what waits in the outbox: one call, for all lanes where that is little, or for the lane
-- that was tried longest ago of those that have something to send and that nobody else is at. So
-- each call is in a transaction of its own, and none is rolled back for another. Returns whether
-- another drain would have something to do at once.
CREATE OR REPLACE FUNCTION aurora_trigger.drain()
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- It looks into each lane, which the planner takes for work that is worth a compilation, in each
-- call anew.
SET jit = off
AS $body$
DECLARE
    to_send smallint[];
    together smallint[];
    next_lane smallint;
    outcome text;
    -- Of those that somebody else is at.
    idle_lanes smallint[] := ARRAY[]::smallint[];
    has_collected boolean := false;
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'aurora_trigger: this is a replica'
            USING HINT = 'Drain the primary: only there can events be deleted that were sent.';
    END IF;
    IF current_user <> 'aurora_trigger' THEN
        RAISE EXCEPTION 'aurora_trigger: the functions of the schema aurora_trigger belong to %, '
            'not to the role aurora_trigger', current_user
            USING HINT = 'Were they restored without their owner? Then this is a copy: run the '
                'installation file, call aurora_trigger.new_epoch(), and name the copy''s own '
                'relay with aurora_trigger.configure(...).';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'aurora_trigger: a drain must be READ COMMITTED, not %',
            upper(current_setting('transaction_isolation'))
            USING HINT = 'Another one would read events that were sent already. BEGIN ISOLATION '
                'LEVEL READ COMMITTED; SELECT aurora_trigger.drain(); COMMIT;';
    END IF;
    IF NOT EXISTS (
        SELECT FROM aurora_trigger.settings AS s WHERE s.function_name IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: no relay is named'
            USING HINT = 'SELECT aurora_trigger.configure(''<its ARN>'');';
    END IF;
    PERFORM aurora_trigger.put_back_lanes();
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- Not those that another drain is at, which keeps them until its call has ended.
    DELETE FROM aurora_trigger.failed_call AS f
    WHERE f.id = ANY (ARRAY(
        SELECT old.id
        FROM aurora_trigger.failed_call AS old
        WHERE old.id <= (SELECT max(newest.id) - 1000 FROM aurora_trigger.failed_call AS newest)
        FOR UPDATE SKIP LOCKED
    ));
    to_send := aurora_trigger.lanes_to_send();
    together := aurora_trigger.lanes_of_one_call(to_send);
    IF cardinality(together) > 1 THEN
        outcome := aurora_trigger.drain_lanes(together);
    END IF;
    FOREACH next_lane IN ARRAY to_send LOOP
        EXIT WHEN outcome IN ('called', 'more');
        outcome := aurora_trigger.drain_lanes(ARRAY[next_lane]);
        IF outcome = 'idle' THEN
            idle_lanes := array_append(idle_lanes, next_lane);
        END IF;
    END LOOP;
    IF to_send = '{}' THEN
        PERFORM aurora_trigger.tell_of_dead_letters();
    END IF;
    -- Not more than calls take: what waits in the outbox costs less than what waits in batches.
    IF aurora_trigger.lanes_want_more()
        AND NOT aurora_trigger.batch_is_full()
        AND current_setting('aurora_trigger.is_cut_off', true) IS DISTINCT FROM 'yes'
    THEN
        has_collected := aurora_trigger.try_to_collect();
    END IF;
    RETURN has_collected
        OR outcome = 'more' IS TRUE
        OR NOT aurora_trigger.lanes_to_send() <@ idle_lanes;
END
$body$;
ALTER FUNCTION aurora_trigger.drain() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain() FROM PUBLIC;

-- Drains until nothing is left to do. CALL it outside of a transaction, since it commits after
-- each call of the relay. All of it is one statement, whose statement_timeout can't be changed from
-- within: it ends by itself when half of that time is over.
CREATE OR REPLACE PROCEDURE aurora_trigger.drain_all()
LANGUAGE plpgsql
AS $body$
DECLARE
    has_more boolean;
    is_cut_off boolean;
    is_late boolean;
    ends_at timestamp with time zone;
BEGIN
    LOOP
        -- Until the COMMIT: a procedure with a SET clause can't commit.
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        IF has_more IS NULL THEN
            ends_at := statement_timestamp()
                + nullif(current_setting('statement_timeout')::interval, interval '0') / 2;
        END IF;
        -- From version 17 on.
        IF current_setting('transaction_timeout', true) <> '0' THEN
            PERFORM set_config('transaction_timeout', '0', true);
        END IF;
        -- The COMMIT below fails where the caller has a transaction of its own.
        PERFORM set_config('aurora_trigger.commits_at_once', 'yes', true);
        has_more := aurora_trigger.drain();
        is_cut_off := coalesce(current_setting('aurora_trigger.is_cut_off', true) = 'yes', false);
        is_late := coalesce(clock_timestamp() > ends_at, false);
        COMMIT;
        EXIT WHEN NOT has_more OR is_cut_off OR is_late;
    END LOOP;
    IF is_cut_off THEN
        RAISE WARNING 'aurora_trigger: the drain was cut off, so it has ended before all was sent'
            USING HINT = 'A call that was cut off counts as failed, and is made again later: see '
                'aurora_trigger.lane_status.';
    ELSIF has_more THEN
        RAISE NOTICE 'aurora_trigger: half of statement_timeout is over, and events still wait'
            USING HINT = 'CALL aurora_trigger.drain_all() again, or give the role that drains a '
                'longer statement_timeout.';
    END IF;
END
$body$;
ALTER PROCEDURE aurora_trigger.drain_all() OWNER TO aurora_trigger;
REVOKE ALL ON PROCEDURE aurora_trigger.drain_all() FROM PUBLIC;
