-- The next events of a lane, in their order, as many as a call takes: those that are on disk, of
-- tables that are not paused, and before any TRUNCATE of their table.
CREATE OR REPLACE FUNCTION aurora_trigger.next_of_lane(
    of_lane smallint,
    durable txid_snapshot,
    call_bytes bigint,
    call_events integer,
    OUT places tid[],
    OUT last_position bigint,
    OUT bytes bigint,
    OUT is_all boolean
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
BEGIN
    WITH truncation AS (
        SELECT o.schema_name, o.table_name, min(o.position) AS position
        FROM aurora_trigger.outbox AS o
        WHERE o.lane = -1
        GROUP BY o.schema_name, o.table_name
    ), event AS (
        SELECT
            o.ctid AS place,
            o.position,
            {% include "outbox/event_bytes.sql" %}
        FROM aurora_trigger.outbox AS o
        LEFT JOIN truncation AS t
            ON t.schema_name = o.schema_name AND t.table_name = o.table_name
        WHERE o.lane = of_lane
            AND (
                txid_visible_in_snapshot(o.tx_id, durable)
                -- Of another cluster, whose dump was restored here: ours would not be visible yet.
                OR o.tx_id >= txid_snapshot_xmax(txid_current_snapshot())
            )
            -- Its own are not in a snapshot's list, and not committed.
            AND o.tx_id IS DISTINCT FROM txid_current_if_assigned()
            AND CASE
                WHEN of_lane >= 0 THEN t.position IS NULL OR o.position < t.position
                ELSE o.position = t.position AND NOT EXISTS (
                    SELECT FROM aurora_trigger.lane AS l
                    JOIN aurora_trigger.outbox AS earlier ON earlier.lane = l.lane
                    WHERE l.lane >= 0
                        AND earlier.position < o.position
                        AND earlier.schema_name = o.schema_name
                        AND earlier.table_name = o.table_name
                )
            END
            AND NOT EXISTS (
                SELECT FROM aurora_trigger.stream_table AS s
                WHERE s.schema_name = o.schema_name AND s.table_name = o.table_name AND s.paused
            )
        ORDER BY o.position
        LIMIT call_events + 1
    ), running AS (
        SELECT
            e.place,
            e.position,
            (sum(e.bytes) OVER so_far)::bigint AS bytes,
            row_number() OVER so_far AS number
        FROM event AS e
        WINDOW so_far AS (ORDER BY e.position ROWS UNBOUNDED PRECEDING)
    ), chosen AS (
        SELECT r.*
        FROM running AS r
        WHERE r.number <= call_events AND (r.bytes <= call_bytes OR r.number = 1)
    )
    SELECT
        array_agg(c.place ORDER BY c.position),
        max(c.position),
        max(c.bytes),
        count(*) = (SELECT count(*) FROM running)
    INTO places, last_position, bytes, is_all
    FROM chosen AS c;
END
$body$;
ALTER FUNCTION aurora_trigger.next_of_lane(smallint, txid_snapshot, bigint, integer)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.next_of_lane(smallint, txid_snapshot, bigint, integer)
    FROM PUBLIC;

-- Takes an event that is too big for a call out of its way: reduces it to its key, or keeps it as a
-- dead letter, as its table wants.
CREATE OR REPLACE FUNCTION aurora_trigger.reduce(place tid, bytes bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
BEGIN
    UPDATE aurora_trigger.outbox AS o
    SET before = NULL, after = NULL, key = (
        SELECT json_object_agg(name, coalesce(o.after, o.before) -> name)
        FROM unnest(t.key_names) AS name
    )
    FROM aurora_trigger.stream_table AS t
    WHERE o.ctid = place
        AND t.schema_name = o.schema_name AND t.table_name = o.table_name
        AND t.oversize = 'key_only' AND o.key IS NULL;
    IF NOT FOUND THEN
        PERFORM aurora_trigger.give_up(
            ARRAY[place], ARRAY[format('too big for a call: %s bytes', bytes)]
        );
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.reduce(tid, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.reduce(tid, bigint) FROM PUBLIC;

-- Moves events to the dead letters, each with its reason.
CREATE OR REPLACE FUNCTION aurora_trigger.give_up(places tid[], reasons text[])
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
    INSERT INTO aurora_trigger.dead_letter
        (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
    SELECT
        refused.reason,
        o.schema_name,
        o.table_name,
        o.fingerprint,
        (SELECT s.epoch FROM aurora_trigger.settings AS s),
        o.tx_id,
        o.ts_us,
        o.capture,
        CASE
            WHEN o.key IS NOT NULL THEN json_build_object(
                'seq', coalesce(o.seq, o.position), 'op', o.op, 'key', o.key, 'oversized', true
            )
            ELSE json_build_object(
                'seq', coalesce(o.seq, o.position),
                'op', o.op,
                'before', o.before,
                'after', o.after
            )
        END
    FROM unnest(places, reasons) AS refused (place, reason)
    JOIN aurora_trigger.outbox AS o ON o.ctid = refused.place;
    DELETE FROM aurora_trigger.outbox AS o WHERE o.ctid = ANY (places);
$body$;
ALTER FUNCTION aurora_trigger.give_up(tid[], text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.give_up(tid[], text[]) FROM PUBLIC;

-- What the relay said of the events that it got: deletes what is in the stream, keeps what was
-- refused as dead letters, leaves what is open. Returns how many are open.
CREATE OR REPLACE FUNCTION aurora_trigger.settle(of_lane smallint, places tid[], answer json)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    open_count CONSTANT integer := coalesce(json_array_length(answer -> 'open'), 0);
    refused_places tid[];
    reasons text[];
    open_places tid[];
BEGIN
    IF (answer ->> 'accepted')::bigint + json_array_length(answer -> 'refused') + open_count
        IS DISTINCT FROM cardinality(places)
    THEN
        -- Whoever answers something else is not the relay, and nothing says where the events are.
        RAISE EXCEPTION 'aurora_trigger: the answer to % events is not the relay''s',
            cardinality(places)
            USING DETAIL = left(answer::text, 1000);
    END IF;
    IF json_array_length(answer -> 'refused') > 0 OR open_count > 0 THEN
        WITH event AS (
            SELECT o.ctid AS place, coalesce(o.seq, o.position) AS seq
            FROM aurora_trigger.outbox AS o
            WHERE o.ctid = ANY (places)
        ), refused AS (
            SELECT (r.refused ->> 'seq')::bigint AS seq, r.refused ->> 'reason' AS reason
            FROM json_array_elements(answer -> 'refused') AS r (refused)
        ), still_open AS (
            SELECT s.seq::bigint AS seq
            FROM json_array_elements_text(answer -> 'open') AS s (seq)
        )
        SELECT
            (SELECT array_agg(e.place ORDER BY e.seq) FROM event AS e JOIN refused USING (seq)),
            (SELECT array_agg(r.reason ORDER BY r.seq) FROM event JOIN refused AS r USING (seq)),
            (SELECT array_agg(e.place) FROM event AS e JOIN still_open USING (seq))
        INTO refused_places, reasons, open_places;
        IF coalesce(cardinality(refused_places), 0) <> json_array_length(answer -> 'refused')
            OR coalesce(cardinality(open_places), 0) <> open_count
        THEN
            RAISE EXCEPTION 'aurora_trigger: the answer is not the relay''s: it names other events';
        END IF;
    END IF;
    INSERT INTO aurora_trigger.sent AS s
        (lane, schema_name, table_name, calls, accepted, refused)
    SELECT
        of_lane,
        o.schema_name,
        o.table_name,
        1,
        count(*) FILTER (WHERE NOT o.ctid = ANY (refused_places) IS TRUE),
        count(*) FILTER (WHERE o.ctid = ANY (refused_places))
    FROM aurora_trigger.outbox AS o
    WHERE o.ctid = ANY (places) AND NOT o.ctid = ANY (open_places) IS TRUE
    GROUP BY o.schema_name, o.table_name
    ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
    SET calls = s.calls + 1,
        accepted = s.accepted + excluded.accepted,
        refused = s.refused + excluded.refused;
    IF refused_places IS NOT NULL THEN
        PERFORM aurora_trigger.give_up(refused_places, reasons);
    END IF;
    IF open_places IS NULL THEN
        DELETE FROM aurora_trigger.outbox AS o WHERE o.ctid = ANY (places);
    ELSE
        DELETE FROM aurora_trigger.outbox AS o
        WHERE o.ctid = ANY (ARRAY(SELECT unnest(places) EXCEPT SELECT unnest(open_places)));
    END IF;
    RETURN open_count;
END
$body$;
ALTER FUNCTION aurora_trigger.settle(smallint, tid[], json) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.settle(smallint, tid[], json) FROM PUBLIC;

-- Makes one call for a lane that nobody else is at. Says whether another could follow at once.
CREATE OR REPLACE FUNCTION aurora_trigger.drain_lane(of_lane smallint)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    longest_pause CONSTANT interval := interval '1 minute';
    this aurora_trigger.lane;
    batch record;
    cut_transactions bigint[];
    target text;
    target_region text;
    answer aurora_trigger.lambda_answer;
    open_count integer;
    error_state text;
    error_message text;
    error_detail text;
    pause_until timestamptz;
    durable_now txid_snapshot;
BEGIN
    -- What is read must be read after the lock is held, so by another statement.
    SELECT l.*
    INTO this
    FROM aurora_trigger.lane AS l
    WHERE l.lane = of_lane
        -- A time far ahead was written before the clock was set back.
        AND coalesce(
            l.retry_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + longest_pause, true
        )
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.lane = of_lane) THEN
        RETURN false;
    END IF;
    -- On disk by the end of this transaction, whose commit waits for the disk.
    durable_now := txid_current_snapshot();
    LOOP
        batch := aurora_trigger.next_of_lane(
            of_lane, this.durable, this.call_bytes, {{ call_events }}
        );
        EXIT WHEN batch.places IS NULL;
        IF batch.bytes > {{ drain_bytes }} THEN
            PERFORM aurora_trigger.reduce(batch.places[1], batch.bytes);
            CONTINUE;
        END IF;
        cut_transactions := NULL;
        EXIT WHEN batch.is_all;
        -- A chain can only be told from all events of its transaction.
        cut_transactions := ARRAY(
            SELECT DISTINCT o.tx_id
            FROM aurora_trigger.outbox AS o
            WHERE o.ctid = ANY (batch.places)
                AND EXISTS (
                    SELECT FROM aurora_trigger.outbox AS rest
                    WHERE rest.tx_id = o.tx_id
                        AND rest.lane = of_lane
                        AND rest.position > batch.last_position
                )
        );
        EXIT WHEN NOT (
            SELECT coalesce(bool_or(aurora_trigger.restore_chains(of_lane, cut.tx_id)), false)
            FROM unnest(cut_transactions) AS cut (tx_id)
            WHERE cut.tx_id <> ALL (this.restored)
        );
        this.restored := this.restored || cut_transactions;
    END LOOP;
    IF batch.places IS NULL THEN
        UPDATE aurora_trigger.lane AS l
        SET durable = durable_now, restored = '{}'
        WHERE l.lane = of_lane
            AND (aurora_trigger.next_of_lane(of_lane, durable_now, 0, 1)).places IS NOT NULL;
        RETURN FOUND;
    END IF;
    SELECT s.function_name, s.region INTO target, target_region FROM aurora_trigger.settings AS s;
    BEGIN
        answer := aurora_trigger.invoke(
            target,
            target_region,
            aurora_trigger.payload(batch.places, 'RequestResponse'),
            'RequestResponse'
        );
        open_count := aurora_trigger.settle(of_lane, batch.places, answer.payload);
        error_message := answer.payload ->> 'reason';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS
            error_state = RETURNED_SQLSTATE,
            error_message = MESSAGE_TEXT,
            error_detail = PG_EXCEPTION_DETAIL;
        open_count := cardinality(batch.places);
    END;
    IF open_count = 0 THEN
        this.failures := 0;
    ELSE
        PERFORM aurora_trigger.note_failed_call(
            'drain', of_lane, batch.places, error_state, error_message, error_detail
        );
        this.failures := CASE
            WHEN open_count < cardinality(batch.places) THEN 0
            ELSE least(this.failures + 1, 16)
        END;
        -- Without an answer the relay may still be at work on it, for two seconds at most.
        pause_until := clock_timestamp() + least(
            longest_pause,
            CASE
                WHEN error_state IS NULL THEN interval '100 milliseconds'
                ELSE interval '3 seconds'
            END * power(2, greatest(this.failures - 1, 0))
        );
    END IF;
    UPDATE aurora_trigger.lane AS l
    SET durable = durable_now,
        tried_at = clock_timestamp(),
        call_bytes = CASE
            WHEN open_count = 0 THEN least({{ drain_bytes }}, this.call_bytes * 2)
            ELSE greatest({{ least_drain_bytes }}, batch.bytes / 2)
        END,
        retry_at = pause_until,
        failures = this.failures,
        last_error = CASE WHEN open_count > 0 THEN error_message END,
        restored = coalesce(cut_transactions, '{}')
    WHERE l.lane = of_lane;
    RETURN pause_until IS NULL AND (
        of_lane = -1
        OR (aurora_trigger.next_of_lane(of_lane, durable_now, 0, 1)).places IS NOT NULL
    );
END
$body$;
ALTER FUNCTION aurora_trigger.drain_lane(smallint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain_lane(smallint) FROM PUBLIC;

-- Sends what waits in the outbox: one call for each lane that nobody else is at. Returns whether
-- another drain would have something to do at once.
CREATE OR REPLACE FUNCTION aurora_trigger.drain()
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    next_lane smallint;
    has_more boolean := false;
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'aurora_trigger: this is a replica'
            USING HINT = 'Drain the primary: only there can events be deleted that were sent.';
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
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    DELETE FROM aurora_trigger.failed_call AS f
    WHERE f.id <= (SELECT max(newest.id) - 1000 FROM aurora_trigger.failed_call AS newest);
    FOR next_lane IN
        SELECT l.lane
        FROM aurora_trigger.lane AS l
        WHERE l.lane >= 0
        ORDER BY l.tried_at NULLS FIRST, l.lane
    LOOP
        has_more := aurora_trigger.drain_lane(next_lane) OR has_more;
    END LOOP;
    -- What they have sent it may have waited for, and they wait for it.
    has_more := aurora_trigger.drain_lane(-1::smallint) OR has_more;
    RETURN has_more;
END
$body$;
ALTER FUNCTION aurora_trigger.drain() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain() FROM PUBLIC;

-- Drains until nothing is left to do. CALL it outside of a transaction, since it commits after
-- each.
CREATE OR REPLACE PROCEDURE aurora_trigger.drain_all()
LANGUAGE plpgsql
AS $body$
DECLARE
    has_more boolean := true;
BEGIN
    WHILE has_more LOOP
        has_more := aurora_trigger.drain();
        COMMIT;
    END LOOP;
END
$body$;
ALTER PROCEDURE aurora_trigger.drain_all() OWNER TO aurora_trigger;
REVOKE ALL ON PROCEDURE aurora_trigger.drain_all() FROM PUBLIC;
