-- The last position that an event was given.
CREATE OR REPLACE FUNCTION aurora_trigger.last_position()
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT s.last_value - CASE WHEN s.is_called THEN 0 ELSE 1 END
        FROM aurora_trigger.event_seq AS s
    );
END
$body$;
ALTER FUNCTION aurora_trigger.last_position() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.last_position() FROM PUBLIC;

-- The position up to which nothing of a lane can be sent that "shown" shows: its floor, or what is
-- before the first event of a transaction that was open when that was found.
CREATE OR REPLACE FUNCTION aurora_trigger.floor_of(
    of_lane smallint,
    floor bigint,
    floor_snapshot txid_snapshot,
    floor_version bigint,
    shown txid_snapshot
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
#variable_conflict use_variable
DECLARE
    next_tx CONSTANT bigint := txid_snapshot_xmax(txid_current_snapshot());
BEGIN
    IF floor_version IS DISTINCT FROM (
        SELECT s.floor_version FROM aurora_trigger.settings AS s
    ) THEN
        RETURN 0::bigint;
    END IF;
    RETURN least(
        floor,
        (
            SELECT min(ended.first_position) - 1
            FROM (
                SELECT (
                    -- By the index of the transaction: the lane can be much longer.
                    SELECT min(o.position + 0)
                    FROM aurora_trigger.outbox AS o
                    WHERE o.tx_id = was_open.tx_id AND o.lane + 0 = of_lane
                ) AS first_position
                FROM txid_snapshot_xip(floor_snapshot) AS was_open (tx_id)
                -- One of another cluster, whose dump was restored here, has ended.
                WHERE txid_visible_in_snapshot(was_open.tx_id, shown)
                    OR was_open.tx_id >= next_tx
            ) AS ended
        )
    );
END
$body$;
ALTER FUNCTION
    aurora_trigger.floor_of(smallint, bigint, txid_snapshot, bigint, txid_snapshot)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.floor_of(smallint, bigint, txid_snapshot, bigint, txid_snapshot)
    FROM PUBLIC;

-- The next events of a lane behind its floor, in their order, as many as a call takes: those that
-- are on disk, of tables that are not paused, and before any TRUNCATE of their table. The floor is
-- found in the same snapshot: otherwise a table could be resumed in between, and the events behind
-- the floor would be sent before those below it.
CREATE OR REPLACE FUNCTION aurora_trigger.next_of_lane(
    of_lane smallint,
    durable txid_snapshot,
    durable_position bigint,
    floor bigint,
    floor_snapshot txid_snapshot,
    floor_version bigint,
    call_bytes bigint,
    call_events integer,
    OUT found_floor bigint,
    OUT places tid[],
    OUT last_position bigint,
    OUT bytes bigint,
    OUT is_all boolean,
    OUT transactions bigint[],
    OUT batches text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    own_tx CONSTANT bigint := txid_current_if_assigned();
    next_tx CONSTANT bigint := txid_snapshot_xmax(txid_current_snapshot());
    -- So that nothing is looked up for each event where there are none.
    has_truncations CONSTANT boolean := EXISTS (
        SELECT FROM aurora_trigger.outbox AS o WHERE o.lane = -1
    );
    has_paused CONSTANT boolean := EXISTS (
        SELECT FROM aurora_trigger.stream_table AS s WHERE s.paused
    );
    -- A long lane is not read in vain, where all of it is newer.
    upto_position CONSTANT bigint := CASE
        WHEN EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id >= next_tx)
        THEN 9223372036854775807
        ELSE durable_position
    END;
    earlier_lanes smallint[];
    earlier_floors bigint[];
BEGIN
    found_floor := aurora_trigger.floor_of(
        of_lane, floor, floor_snapshot, floor_version, durable
    );
    IF of_lane = -1 AND has_truncations THEN
        SELECT
            array_agg(l.lane),
            array_agg(
                aurora_trigger.floor_of(
                    l.lane, l.floor, l.floor_snapshot, l.floor_version, txid_current_snapshot()
                )
            )
        INTO earlier_lanes, earlier_floors
        FROM aurora_trigger.lane AS l
        WHERE l.lane >= 0;
    END IF;
    -- From the innermost query on it is in the order of the index: nothing has to be sorted, and no
    -- more of a long lane is read than a call takes.
    SELECT
        array_agg(e.place) FILTER (WHERE e.is_next),
        max(e.position) FILTER (WHERE e.is_next),
        CASE
            WHEN bool_and(e.event_bytes IS NOT NULL) FILTER (WHERE e.is_next)
            THEN max(e.bytes) FILTER (WHERE e.is_next)
        END,
        bool_and(e.is_next),
        array_agg(e.tx_id) FILTER (WHERE e.is_next AND e.source_bytes > 0),
        string_agg(
            {% include "outbox/event_text.sql" %},
            ''
        )
            -- One that is too big for any call could be too big for a text.
            FILTER (WHERE e.is_next AND e.bytes <= {{ drain_bytes }})
    INTO places, last_position, bytes, is_all, transactions, batches
    FROM (
        SELECT
            n.*,
            n.number = 1 OR n.number <= call_events AND n.bytes <= call_bytes AS is_next
        FROM (
            SELECT
                l.*,
                -- What no UTF-8 tells is not for a call with others, as what is too big.
                sum(coalesce(l.event_bytes, {{ drain_bytes }} + 1) + l.source_bytes)
                    OVER so_far AS bytes,
                row_number() OVER so_far AS number
            FROM (
                SELECT
                    s.*,
                    {% include "outbox/source_bytes.sql" %}
                FROM (
                    SELECT
                        {% include "outbox/event_columns.sql" %}
                    FROM aurora_trigger.outbox AS o
                    WHERE o.lane = of_lane
                        AND o.position > found_floor
                        AND o.position <= upto_position
                        AND (
                            txid_visible_in_snapshot(o.tx_id, durable)
                            -- Of another cluster, whose dump was restored here: ours would not be
                            -- visible yet.
                            OR o.tx_id >= next_tx
                        )
                        -- Its own are not in a snapshot's list, and not committed.
                        AND o.tx_id IS DISTINCT FROM own_tx
                        AND (
                            NOT has_truncations
                            OR NOT EXISTS (
                                SELECT FROM aurora_trigger.outbox AS truncation
                                WHERE truncation.lane = -1
                                    AND truncation.position < o.position
                                    AND truncation.schema_name = o.schema_name
                                    AND truncation.table_name = o.table_name
                            )
                        )
                        AND (
                            of_lane >= 0
                            OR NOT EXISTS (
                                SELECT
                                FROM unnest(earlier_lanes, earlier_floors) AS l (lane, floor)
                                JOIN aurora_trigger.outbox AS earlier ON earlier.lane = l.lane
                                WHERE earlier.position > l.floor
                                    AND earlier.position < o.position
                                    AND earlier.schema_name = o.schema_name
                                    AND earlier.table_name = o.table_name
                            )
                        )
                        AND (
                            NOT has_paused
                            OR NOT EXISTS (
                                SELECT FROM aurora_trigger.stream_table AS s
                                WHERE s.schema_name = o.schema_name
                                    AND s.table_name = o.table_name
                                    AND s.paused
                            )
                        )
                    ORDER BY o.position
                    LIMIT call_events + 1
                ) AS s
            ) AS l
            WINDOW so_far AS (ORDER BY l.position ROWS UNBOUNDED PRECEDING)
        ) AS n
    ) AS e;
END
$body$;
ALTER FUNCTION
    aurora_trigger.next_of_lane(
        smallint, txid_snapshot, bigint, bigint, txid_snapshot, bigint, bigint, integer
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.next_of_lane(
        smallint, txid_snapshot, bigint, bigint, txid_snapshot, bigint, bigint, integer
    )
    FROM PUBLIC;

-- Takes an event out of the way that no call takes, and keeps it as a dead letter.
CREATE OR REPLACE FUNCTION aurora_trigger.refuse(place tid, reason text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM aurora_trigger.keep_refused(ARRAY[place], ARRAY[reason]);
    DELETE FROM aurora_trigger.outbox AS o WHERE o.ctid = place;
END
$body$;
ALTER FUNCTION aurora_trigger.refuse(tid, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.refuse(tid, text) FROM PUBLIC;

-- The same with one that is too big for a call: reduces it to its key, if that can be read and its
-- table wants it. bytes: NULL where no UTF-8 tells it.
CREATE OR REPLACE FUNCTION aurora_trigger.reduce(place tid, bytes bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
DECLARE
    reason CONSTANT text := format('too big for a call: %s bytes', bytes);
BEGIN
    IF bytes IS NULL THEN
        PERFORM aurora_trigger.refuse(
            place,
            format(
                'a text holds a byte that stands for no letter in %s, so no UTF-8 tells it',
                getdatabaseencoding()
            )
        );
        RETURN;
    END IF;
    UPDATE aurora_trigger.outbox AS o
    SET before = NULL, after = NULL, key = (
        SELECT json_object_agg(
            name, aurora_trigger.member(coalesce(o.after, o.before), name)
        )
        FROM unnest(t.key_names) AS name
    )
    FROM aurora_trigger.stream_table AS t
    WHERE o.ctid = place
        AND t.schema_name = o.schema_name AND t.table_name = o.table_name
        AND t.oversize = 'key_only' AND o.key IS NULL;
    IF NOT FOUND THEN
        PERFORM aurora_trigger.refuse(place, reason);
    END IF;
EXCEPTION WHEN program_limit_exceeded THEN
    PERFORM aurora_trigger.refuse(
        place, format('%s, and its key can''t be read: %s', reason, SQLERRM)
    );
END
$body$;
ALTER FUNCTION aurora_trigger.reduce(tid, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.reduce(tid, bigint) FROM PUBLIC;

-- The events among these that are nested too deep to be read. Each is read by itself, once: so one
-- of them costs a drain as much as any other event, however many of them there are.
CREATE OR REPLACE FUNCTION aurora_trigger.nested_too_deep(places tid[])
RETURNS tid[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    event record;
    deep_places tid[] := ARRAY[]::tid[];
BEGIN
    FOR event IN
        SELECT o.ctid AS place, o.before, o.after, o.key
        FROM unnest(places) AS p (place)
        JOIN aurora_trigger.outbox AS o ON o.ctid = p.place
    LOOP
        BEGIN
            -- As deep as in a payload.
            PERFORM concat(
                '{"batches":[{"events":[{"before":', coalesce(event.before, 'null'),
                ',"after":', coalesce(event.after, 'null'),
                ',"key":', coalesce(event.key, 'null'),
                '}]}]}'
            )::json;
        EXCEPTION WHEN program_limit_exceeded THEN
            deep_places := array_append(deep_places, event.place);
        END;
    END LOOP;
    RETURN deep_places;
END
$body$;
ALTER FUNCTION aurora_trigger.nested_too_deep(tid[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.nested_too_deep(tid[]) FROM PUBLIC;

-- Copies events to the dead letters, each with its reason.
CREATE OR REPLACE FUNCTION aurora_trigger.keep_refused(places tid[], reasons text[])
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
        -- Where the row of the settings is lost, the events must not be.
        (SELECT coalesce(max(s.epoch), 0) FROM aurora_trigger.settings AS s),
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
$body$;
ALTER FUNCTION aurora_trigger.keep_refused(tid[], text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.keep_refused(tid[], text[]) FROM PUBLIC;

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
        RAISE EXCEPTION 'aurora_trigger: the answer to % is not the relay''s',
            aurora_trigger.counted(cardinality(places), 'event', 'events')
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
    IF refused_places IS NOT NULL THEN
        PERFORM aurora_trigger.keep_refused(refused_places, reasons);
    END IF;
    IF open_places IS NOT NULL THEN
        places := ARRAY(SELECT unnest(places) EXCEPT SELECT unnest(open_places));
    END IF;
    WITH gone AS (
        DELETE FROM aurora_trigger.outbox AS o
        WHERE o.ctid = ANY (places)
        RETURNING o.schema_name, o.table_name, o.ctid = ANY (refused_places) IS TRUE AS is_refused
    )
    INSERT INTO aurora_trigger.sent AS s
        (lane, schema_name, table_name, calls, accepted, refused)
    SELECT
        of_lane,
        g.schema_name,
        g.table_name,
        1,
        count(*) FILTER (WHERE NOT g.is_refused),
        count(*) FILTER (WHERE g.is_refused)
    FROM gone AS g
    GROUP BY g.schema_name, g.table_name
    ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
    SET calls = s.calls + 1,
        accepted = s.accepted + excluded.accepted,
        refused = s.refused + excluded.refused;
    RETURN open_count;
END
$body$;
ALTER FUNCTION aurora_trigger.settle(smallint, tid[], json) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.settle(smallint, tid[], json) FROM PUBLIC;

-- Those of these transactions that have events of a lane behind this position. A large one mostly
-- has the next event there; for others the index of the transaction is read.
CREATE OR REPLACE FUNCTION aurora_trigger.cut_transactions(
    of_lane smallint,
    transactions bigint[],
    last_position bigint
)
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    next_tx_id CONSTANT bigint := (
        SELECT o.tx_id
        FROM aurora_trigger.outbox AS o
        WHERE o.lane = of_lane AND o.position > last_position
        ORDER BY o.position
        LIMIT 1
    );
BEGIN
    RETURN ARRAY(
        SELECT t.tx_id
        FROM (SELECT DISTINCT unnest(transactions) AS tx_id) AS t
        WHERE t.tx_id = next_tx_id OR (
            SELECT true
            FROM aurora_trigger.outbox AS rest
            WHERE rest.tx_id = t.tx_id
                -- As the index by lane must not be taken for it: what follows in a long lane is
                -- mostly of others.
                AND rest.lane + 0 = of_lane
                AND rest.position + 0 > last_position
            LIMIT 1
        )
    );
END
$body$;
ALTER FUNCTION aurora_trigger.cut_transactions(smallint, bigint[], bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.cut_transactions(smallint, bigint[], bigint) FROM PUBLIC;

-- Whether there is something to send in a lane.
CREATE OR REPLACE FUNCTION aurora_trigger.has_next(
    of_lane smallint,
    durable txid_snapshot,
    durable_position bigint,
    floor bigint,
    floor_snapshot txid_snapshot,
    floor_version bigint
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    places tid[];
BEGIN
    SELECT n.places
    INTO places
    FROM aurora_trigger.next_of_lane(
        of_lane, durable, durable_position, floor, floor_snapshot, floor_version, 0, 1
    ) AS n;
    RETURN places IS NOT NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN true; -- Who comes to send it says what is wrong with it.
END
$body$;
ALTER FUNCTION
    aurora_trigger.has_next(smallint, txid_snapshot, bigint, bigint, txid_snapshot, bigint)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.has_next(smallint, txid_snapshot, bigint, bigint, txid_snapshot, bigint)
    FROM PUBLIC;

-- The position of the first TRUNCATE that waits: what is behind it, of its table, waits for it.
CREATE OR REPLACE FUNCTION aurora_trigger.first_truncation()
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT min(o.position)
        FROM aurora_trigger.outbox AS o
        WHERE o.lane = -1
            AND NOT EXISTS (
                SELECT FROM aurora_trigger.stream_table AS s
                WHERE s.schema_name = o.schema_name
                    AND s.table_name = o.table_name
                    AND s.paused
            )
    );
END
$body$;
ALTER FUNCTION aurora_trigger.first_truncation() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.first_truncation() FROM PUBLIC;

-- Makes one call for a lane that nobody else is at. Returns 'idle' where there was nothing to send,
-- 'noted' where the next transaction can send it, 'called' after a call, and 'more' where another
-- call could follow at once. A cancel during the call counts as a failed call. first_position: the
-- last position that was given before this transaction got its number, or NULL if that is unknown.
CREATE OR REPLACE FUNCTION aurora_trigger.drain_lane(of_lane smallint, first_position bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    longest_pause CONSTANT interval := interval '1 minute';
    this aurora_trigger.lane;
    batch record;
    call_events integer := {{ call_events }};
    cut_transactions bigint[];
    deep_places tid[];
    payload json;
    target text;
    target_region text;
    answer aurora_trigger.lambda_answer;
    open_count integer;
    is_done boolean;
    error_state text;
    error_message text;
    error_detail text;
    pause_until timestamptz;
    durable_now txid_snapshot;
    position_now bigint := aurora_trigger.last_position();
    -- From so many positions on a floor is worth a write.
    worthwhile CONSTANT integer := 1000;
    found_floor bigint;
    version_now bigint;
    first_truncation bigint;
    has_own_events boolean;
    has_next boolean;
BEGIN
    SELECT l.* INTO this FROM aurora_trigger.lane AS l WHERE l.lane = of_lane;
    found_floor := aurora_trigger.floor_of(
        of_lane, this.floor, this.floor_snapshot, this.floor_version, txid_current_snapshot()
    );
    -- Events behind it may be of an open transaction: those are not read each time.
    IF position_now - found_floor < worthwhile AND NOT EXISTS (
        SELECT FROM aurora_trigger.outbox AS o
        WHERE o.lane = of_lane AND o.position > found_floor
    ) THEN
        RETURN 'idle';
    END IF;
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
    IF NOT FOUND THEN
        RETURN 'idle';
    END IF;
    position_now := aurora_trigger.last_position();
    -- On disk by the end of this transaction, whose commit waits for the disk.
    durable_now := txid_current_snapshot();
    -- Before the events are chosen: what comes back, or is truncated, meanwhile is not passed over.
    version_now := (SELECT s.floor_version FROM aurora_trigger.settings AS s);
    first_truncation := aurora_trigger.first_truncation();
    -- Its own transaction is not in its snapshots' lists. A drain in a transaction that has written
    -- events leaves all marks where they are.
    has_own_events := EXISTS (
        SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id = txid_current_if_assigned()
    );
    IF has_own_events THEN
        durable_now := this.durable;
        position_now := this.durable_position;
        first_position := this.last_position;
        this.last_position := this.listed_position;
    END IF;
    -- What it is where not even the choice succeeds.
    SELECT
        NULL::bigint AS found_floor, NULL::tid[] AS places, NULL::bigint AS bytes, false AS is_all
    INTO batch;
    BEGIN
        -- What is wrong with the events of this lane is in the way of no other lane.
        BEGIN
            LOOP
                batch := aurora_trigger.next_of_lane(
                    of_lane, this.durable, this.durable_position,
                    this.floor, this.floor_snapshot, this.floor_version,
                    this.call_bytes, call_events
                );
                EXIT WHEN batch.places IS NULL;
                IF batch.bytes <= {{ drain_bytes }} IS NOT TRUE THEN
                    PERFORM aurora_trigger.reduce(batch.places[1], batch.bytes);
                    CONTINUE;
                END IF;
                cut_transactions := NULL;
                IF NOT batch.is_all THEN
                    -- A chain can only be told from all events of its transaction.
                    cut_transactions := aurora_trigger.cut_transactions(
                        of_lane, batch.transactions, batch.last_position
                    );
                    IF (
                        SELECT bool_or(aurora_trigger.restore_chains(of_lane, cut.tx_id))
                        FROM unnest(cut_transactions) AS cut (tx_id)
                        WHERE cut.tx_id <> ALL (this.restored)
                    ) THEN
                        this.restored := this.restored || cut_transactions;
                        CONTINUE;
                    END IF;
                END IF;
                BEGIN
                    payload := aurora_trigger.payload('RequestResponse', batch.batches);
                    EXIT;
                EXCEPTION WHEN program_limit_exceeded THEN
                    -- A value that the writer's statement could just read can be nested too deep
                    -- for what is left of the stack in here.
                    deep_places := aurora_trigger.nested_too_deep(batch.places);
                    IF cardinality(batch.places) = 1 THEN
                        deep_places := batch.places;
                    END IF;
                    PERFORM aurora_trigger.keep_refused(
                        deep_places,
                        array_fill(
                            format('it is nested too deep to be read: %s', SQLERRM),
                            ARRAY[cardinality(deep_places)]
                        )
                    );
                    DELETE FROM aurora_trigger.outbox AS o WHERE o.ctid = ANY (deep_places);
                    -- The call takes the events that were read by themselves, and no others, so
                    -- that none is read so twice.
                    call_events := cardinality(batch.places) - cardinality(deep_places);
                    IF call_events = 0 THEN
                        call_events := {{ call_events }};
                    ELSIF cardinality(deep_places) = 0 THEN
                        call_events := call_events / 2; -- Only together they are too much.
                    END IF;
                END;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                error_state = RETURNED_SQLSTATE,
                error_message = MESSAGE_TEXT,
                error_detail = PG_EXCEPTION_DETAIL;
        END;
        IF error_state IS NULL AND batch.places IS NULL THEN
            IF has_own_events THEN
                RETURN 'idle';
            END IF;
            found_floor := least(this.listed_position, first_truncation - 1);
            has_next := aurora_trigger.has_next(
                of_lane, durable_now, position_now, found_floor, this.durable, version_now
            );
            UPDATE aurora_trigger.lane AS l
            SET durable = durable_now,
                durable_position = position_now,
                listed_position = this.last_position,
                last_position = coalesce(first_position, this.last_position),
                floor = found_floor,
                floor_snapshot = this.durable,
                floor_version = version_now,
                restored = '{}'
            WHERE l.lane = of_lane
                AND (
                    has_next
                    OR this.floor_version <> version_now
                    OR found_floor - this.floor >= worthwhile
                    OR this.last_position - this.listed_position >= worthwhile
                    OR first_position - this.last_position >= worthwhile
                );
            RETURN CASE WHEN has_next THEN 'noted' ELSE 'idle' END;
        END IF;
        IF error_state IS NULL THEN
            SELECT s.function_name, s.region
            INTO target, target_region
            FROM aurora_trigger.settings AS s;
            BEGIN
                answer := aurora_trigger.invoke(target, target_region, payload, 'RequestResponse');
                open_count := aurora_trigger.settle(of_lane, batch.places, answer.payload);
                error_message := answer.payload ->> 'reason';
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS
                    error_state = RETURNED_SQLSTATE,
                    error_message = MESSAGE_TEXT,
                    error_detail = PG_EXCEPTION_DETAIL;
            END;
        END IF;
        is_done := error_state IS NULL AND open_count = 0;
        -- None was found where the choice has failed.
        found_floor := coalesce(batch.found_floor, 0);
        IF is_done AND NOT has_own_events THEN
            found_floor := least(
                CASE WHEN NOT batch.is_all THEN batch.last_position END,
                this.listed_position,
                first_truncation - 1
            );
            this.floor_snapshot := this.durable;
        END IF;
        IF is_done THEN
            this.failures := 0;
        ELSE
            PERFORM aurora_trigger.note_failed_call(
                'drain', of_lane, batch.places, error_state, error_message, error_detail
            );
            this.failures := CASE
                WHEN error_state IS NULL AND open_count < cardinality(batch.places) THEN 0
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
            durable_position = position_now,
            listed_position = this.last_position,
            last_position = coalesce(first_position, this.last_position),
            floor = found_floor,
            floor_snapshot = this.floor_snapshot,
            floor_version = version_now,
            tried_at = clock_timestamp(),
            call_bytes = CASE
                WHEN is_done THEN least({{ drain_bytes }}, this.call_bytes * 2)
                ELSE greatest(
                    {{ least_drain_bytes }},
                    least({{ drain_bytes }}, coalesce(batch.bytes, this.call_bytes)) / 2
                )
            END,
            retry_at = pause_until,
            failures = this.failures,
            last_error = CASE WHEN NOT is_done THEN error_message END,
            -- What failed before there was a payload has moved nothing.
            restored = CASE
                WHEN payload IS NULL THEN l.restored
                ELSE coalesce(cut_transactions, '{}')
            END
        WHERE l.lane = of_lane;
        IF pause_until IS NULL AND (
            NOT batch.is_all
            OR of_lane = -1
            OR aurora_trigger.has_next(
                of_lane, durable_now, position_now, found_floor, this.floor_snapshot, version_now
            )
        ) THEN
            RETURN 'more';
        END IF;
        RETURN 'called';
    EXCEPTION WHEN query_canceled THEN
        -- By somebody, or by statement_timeout. Until then events may have been written to the
        -- stream: without a note of it they would be sent again at once, and again.
        GET STACKED DIAGNOSTICS
            error_state = RETURNED_SQLSTATE,
            error_message = MESSAGE_TEXT,
            error_detail = PG_EXCEPTION_DETAIL;
    END;
    PERFORM aurora_trigger.note_failed_call(
        'drain', of_lane, batch.places, error_state, error_message, error_detail
    );
    UPDATE aurora_trigger.lane AS l
    SET tried_at = clock_timestamp(),
        call_bytes = greatest(
            {{ least_drain_bytes }},
            least({{ drain_bytes }}, coalesce(batch.bytes, l.call_bytes)) / 2
        ),
        retry_at = clock_timestamp() + least(
            longest_pause, interval '3 seconds' * power(2, l.failures)
        ),
        failures = least(l.failures + 1, 16),
        last_error = error_message
    WHERE l.lane = of_lane;
    -- For drain_all(), which then makes no more calls.
    PERFORM set_config('aurora_trigger.is_cut_off', 'yes', true);
    RETURN 'called';
END
$body$;
ALTER FUNCTION aurora_trigger.drain_lane(smallint, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain_lane(smallint, bigint) FROM PUBLIC;

-- Whether another lane than this one has events, and does not pause.
CREATE OR REPLACE FUNCTION aurora_trigger.other_lanes_wait(than_lane smallint)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
DECLARE
    longest_pause CONSTANT interval := interval '1 minute';
    other_lane smallint;
    other_floor bigint;
BEGIN
    FOR other_lane, other_floor IN
        SELECT
            l.lane,
            aurora_trigger.floor_of(
                l.lane, l.floor, l.floor_snapshot, l.floor_version, txid_current_snapshot()
            )
        FROM aurora_trigger.lane AS l
        WHERE l.lane <> than_lane AND coalesce(
            l.retry_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + longest_pause, true
        )
    LOOP
        -- One by one: a join with a long outbox could read all of it.
        IF EXISTS (
            SELECT FROM aurora_trigger.outbox AS o
            WHERE o.lane = other_lane AND o.position > other_floor
        ) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    -- Asked after a call, whose outcome must not be lost for it.
    PERFORM set_config('aurora_trigger.is_cut_off', 'yes', true);
    RETURN true;
END
$body$;
ALTER FUNCTION aurora_trigger.other_lanes_wait(smallint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.other_lanes_wait(smallint) FROM PUBLIC;

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

-- Sends what waits in the outbox: one call, for the lane that was tried longest ago of those that
-- have something to send and that nobody else is at. So each call is in a transaction of its own,
-- and none is rolled back for another. Returns whether another drain would have something to do at
-- once.
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
    first_position bigint := aurora_trigger.last_position();
    next_lane smallint;
    outcome text;
    has_more boolean := false;
BEGIN
    IF txid_current_if_assigned() IS NOT NULL THEN
        first_position := NULL; -- It had begun before.
    END IF;
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
    DELETE FROM aurora_trigger.failed_call AS f
    WHERE f.id <= (SELECT max(newest.id) - 1000 FROM aurora_trigger.failed_call AS newest);
    FOR next_lane IN
        SELECT l.lane
        FROM aurora_trigger.lane AS l
        ORDER BY l.tried_at NULLS FIRST, l.lane
    LOOP
        outcome := aurora_trigger.drain_lane(next_lane, first_position);
        has_more := has_more OR outcome IN ('noted', 'more');
        IF outcome IN ('called', 'more') THEN
            RETURN has_more OR aurora_trigger.other_lanes_wait(next_lane);
        END IF;
    END LOOP;
    RETURN has_more;
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
