-- The tables of which something can be sent: they have batches, and are not paused. Of each, all
-- before its first TRUNCATE that waits; where nothing is before that one, the TRUNCATE itself.
CREATE OR REPLACE FUNCTION aurora_trigger.tables_to_send()
RETURNS TABLE (schema_name text, table_name text, first_truncation bigint)
LANGUAGE sql
STABLE
ROWS 3
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
    -- One look at the index for each table, however many batches there are.
    WITH RECURSIVE found AS (
        (
            SELECT b.schema_name, b.table_name
            FROM aurora_trigger.batch AS b
            ORDER BY b.schema_name, b.table_name
            LIMIT 1
        )
        UNION ALL
        SELECT next.schema_name, next.table_name
        FROM found AS f
        CROSS JOIN LATERAL (
            SELECT b.schema_name, b.table_name
            FROM aurora_trigger.batch AS b
            WHERE (b.schema_name, b.table_name) > (f.schema_name, f.table_name)
            ORDER BY b.schema_name, b.table_name
            LIMIT 1
        ) AS next
    )
    SELECT
        f.schema_name,
        f.table_name,
        coalesce(
            (
                SELECT b.place
                FROM aurora_trigger.batch AS b
                WHERE b.lane = -1
                    AND b.schema_name = f.schema_name AND b.table_name = f.table_name
                ORDER BY b.place
                LIMIT 1
            ),
            9223372036854775807
        )
    FROM found AS f
    WHERE NOT EXISTS (
        SELECT
        FROM aurora_trigger.stream_table AS s
        WHERE s.schema_name = f.schema_name AND s.table_name = f.table_name AND s.paused
    )
$body$;
ALTER FUNCTION aurora_trigger.tables_to_send() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.tables_to_send() FROM PUBLIC;

-- The next batches of a lane, in their order, as many as a call takes.
CREATE OR REPLACE FUNCTION aurora_trigger.next_of_lane(
    of_lane smallint,
    call_bytes bigint,
    OUT places bigint[],
    OUT schema_names text[],
    OUT table_names text[],
    OUT event_counts bigint[],
    OUT bytes bigint,
    OUT is_all boolean,
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
BEGIN
    SELECT
        array_agg(c.place ORDER BY c.place) FILTER (WHERE c.is_next),
        array_agg(c.schema_name ORDER BY c.place) FILTER (WHERE c.is_next),
        array_agg(c.table_name ORDER BY c.place) FILTER (WHERE c.is_next),
        array_agg(c.event_count::bigint ORDER BY c.place) FILTER (WHERE c.is_next),
        max(c.bytes_so_far::bigint) FILTER (WHERE c.is_next),
        bool_and(c.is_next),
        string_agg(array_to_string(c.events, ''), ']},' ORDER BY c.place) FILTER (WHERE c.is_next)
    INTO places, schema_names, table_names, event_counts, bytes, is_all, batches
    FROM (
        SELECT
            s.*,
            s.number = 1
                OR s.bytes_so_far <= call_bytes AND s.events_so_far <= {{ call_events }} AS is_next
        FROM (
            SELECT
                b.*,
                row_number() OVER so_far AS number,
                sum(b.bytes) OVER so_far AS bytes_so_far,
                sum(b.event_count) OVER so_far AS events_so_far
            FROM (
                SELECT waiting.*
                FROM aurora_trigger.tables_to_send() AS t
                CROSS JOIN LATERAL (
                    SELECT b.*
                    FROM aurora_trigger.batch AS b
                    WHERE b.lane = of_lane
                        AND b.schema_name = t.schema_name
                        AND b.table_name = t.table_name
                        AND b.collected_by IS DISTINCT FROM own_tx
                        AND (
                            CASE
                                WHEN of_lane >= 0 THEN b.place < t.first_truncation
                                ELSE b.place = t.first_truncation AND NOT EXISTS (
                                    SELECT
                                    FROM aurora_trigger.batch AS earlier
                                    WHERE earlier.schema_name = t.schema_name
                                        AND earlier.table_name = t.table_name
                                        AND earlier.place < t.first_truncation
                                )
                            END
                        )
                    ORDER BY b.place
                    LIMIT {{ call_events }} + 1
                ) AS waiting
                ORDER BY waiting.place
                LIMIT {{ call_events }} + 1
            ) AS b
            WINDOW so_far AS (ORDER BY b.place ROWS UNBOUNDED PRECEDING)
        ) AS s
    ) AS c;
END
$body$;
ALTER FUNCTION aurora_trigger.next_of_lane(smallint, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.next_of_lane(smallint, bigint) FROM PUBLIC;

-- The events of batches one by one, each with its source.
CREATE OR REPLACE FUNCTION aurora_trigger.batch_events(of_lane smallint, places bigint[])
RETURNS TABLE (place bigint, number bigint, seq bigint, source text, event text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
    SELECT
        e.place,
        e.number,
        -- A quotation mark within a name or a value has a backslash before it.
        substring(e.event FROM '^\{"seq":([0-9]+)')::bigint,
        max(e.source) OVER (PARTITION BY e.place, e.source_number),
        e.event
    FROM (
        SELECT
            p.place,
            p.number,
            CASE
                WHEN p.begins THEN substr(p.text, p.source_end + 11)
                ELSE substr(p.text, 2)
            END AS event,
            CASE
                WHEN p.begins THEN substr(
                    p.text,
                    strpos(p.text, '{"source":') + 10,
                    p.source_end - strpos(p.text, '{"source":') - 10
                )
            END AS source,
            count(*) FILTER (WHERE p.begins) OVER (PARTITION BY p.place ORDER BY p.number)
                AS source_number
        FROM (
            SELECT
                b.place,
                t.number,
                t.text,
                left(t.text, 1) <> ',' AS begins,
                strpos(t.text, ',"events":[') AS source_end
            FROM aurora_trigger.batch AS b
            CROSS JOIN LATERAL unnest(b.events) WITH ORDINALITY AS t (text, number)
            WHERE b.lane = of_lane AND b.place = ANY (places)
        ) AS p
    ) AS e
$body$;
ALTER FUNCTION aurora_trigger.batch_events(smallint, bigint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.batch_events(smallint, bigint[]) FROM PUBLIC;

-- An event of a batch as JSON; one that is nested too deep for the stack that is left, as a string.
CREATE OR REPLACE FUNCTION aurora_trigger.event_as_json(event text)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN event::json;
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN to_json(event);
END
$body$;
ALTER FUNCTION aurora_trigger.event_as_json(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.event_as_json(text) FROM PUBLIC;

-- Takes events out of batches, by their numbers: they are in the stream, or become dead letters,
-- each with its reason.
CREATE OR REPLACE FUNCTION aurora_trigger.take_out(
    of_lane smallint,
    places bigint[],
    sent bigint[],
    refused bigint[],
    reasons text[]
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    places_left bigint[];
BEGIN
    INSERT INTO aurora_trigger.dead_letter
        (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
    SELECT
        s.reason,
        s.source ->> 'schema',
        s.source ->> 'table',
        s.source ->> 'fingerprint',
        (s.source ->> 'epoch')::bigint,
        (s.source ->> 'txId')::bigint,
        (s.source ->> 'ts_us')::bigint,
        s.source ->> 'capture',
        s.event
    FROM (
        SELECT
            r.reason,
            e.seq,
            e.source::json AS source,
            aurora_trigger.event_as_json(e.event) AS event
        FROM aurora_trigger.batch_events(of_lane, places) AS e
        JOIN unnest(refused, reasons) AS r (seq, reason) ON r.seq = e.seq
    ) AS s
    ORDER BY s.seq;
    WITH rest AS (
        SELECT
            e.place,
            count(*) AS event_count,
            sum(octet_length(e.event) + octet_length(e.source)) AS bytes,
            array_agg(
                concat(
                    CASE
                        WHEN e.number = e.first_number THEN ''
                        WHEN e.source = e.source_before THEN ','
                        ELSE ']},'
                    END,
                    CASE
                        WHEN e.source IS DISTINCT FROM e.source_before
                        THEN concat('{"source":', e.source, ',"events":[')
                    END,
                    e.event
                )
                ORDER BY e.number
            ) AS events
        FROM (
            SELECT
                e.*,
                min(e.number) OVER (PARTITION BY e.place) AS first_number,
                lag(e.source) OVER (PARTITION BY e.place ORDER BY e.number) AS source_before
            FROM aurora_trigger.batch_events(of_lane, places) AS e
            WHERE NOT EXISTS (
                SELECT
                FROM unnest(coalesce(sent, '{}') || coalesce(refused, '{}')) AS taken (seq)
                WHERE taken.seq = e.seq
            )
        ) AS e
        GROUP BY e.place
    ), changed AS (
        UPDATE aurora_trigger.batch AS b
        SET event_count = r.event_count, bytes = r.bytes, events = r.events
        FROM rest AS r
        WHERE b.lane = of_lane AND b.place = r.place AND b.event_count <> r.event_count
    )
    SELECT array_agg(r.place) INTO places_left FROM rest AS r;
    DELETE FROM aurora_trigger.batch AS b
    WHERE b.lane = of_lane
        AND b.place = ANY (places)
        AND b.place <> ALL (coalesce(places_left, '{}'));
END
$body$;
ALTER FUNCTION aurora_trigger.take_out(smallint, bigint[], bigint[], bigint[], text[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.take_out(smallint, bigint[], bigint[], bigint[], text[])
    FROM PUBLIC;

-- The numbers of the events in these batches that are nested too deep to be read. Each is read by
-- itself: so one of them costs a drain as much as any other event, however many of them there are.
CREATE OR REPLACE FUNCTION aurora_trigger.nested_too_deep(of_lane smallint, places bigint[])
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    event record;
    deep bigint[] := ARRAY[]::bigint[];
BEGIN
    FOR event IN SELECT e.seq, e.event FROM aurora_trigger.batch_events(of_lane, places) AS e LOOP
        BEGIN
            -- As deep as in a payload.
            PERFORM concat('{"batches":[{"events":[', event.event, ']}]}')::json;
        EXCEPTION WHEN program_limit_exceeded THEN
            deep := array_append(deep, event.seq);
        END;
    END LOOP;
    RETURN deep;
END
$body$;
ALTER FUNCTION aurora_trigger.nested_too_deep(smallint, bigint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.nested_too_deep(smallint, bigint[]) FROM PUBLIC;

-- What the relay said of the events that it got: deletes what is in the stream, keeps what was
-- refused as dead letters, leaves what is open. Returns how many are open.
CREATE OR REPLACE FUNCTION aurora_trigger.settle(
    of_lane smallint,
    places bigint[],
    schema_names text[],
    table_names text[],
    event_counts bigint[],
    answer json
)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    open_count CONSTANT integer := coalesce(json_array_length(answer -> 'open'), 0);
    refused_count CONSTANT integer := json_array_length(answer -> 'refused');
    events CONSTANT bigint := (
        SELECT sum(c.events)::bigint FROM unnest(event_counts) AS c (events)
    );
    refused bigint[];
    reasons text[];
    still_open bigint[];
    named record;
BEGIN
    IF (answer ->> 'accepted')::bigint + refused_count + open_count IS DISTINCT FROM events THEN
        -- Whoever answers something else is not the relay, and nothing says where the events are.
        RAISE EXCEPTION 'aurora_trigger: the answer to % is not the relay''s',
            aurora_trigger.counted(events, 'event', 'events')
            USING DETAIL = left(answer::text, 1000);
    END IF;
    IF refused_count = 0 AND open_count = 0 THEN
        INSERT INTO aurora_trigger.sent AS s
            (lane, schema_name, table_name, calls, accepted, refused)
        SELECT of_lane, t.schema_name, t.table_name, 1, sum(t.events), 0
        FROM unnest(schema_names, table_names, event_counts) AS t (schema_name, table_name, events)
        GROUP BY t.schema_name, t.table_name
        ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
        SET calls = s.calls + 1, accepted = s.accepted + excluded.accepted;
        DELETE FROM aurora_trigger.batch AS b
        USING unnest(schema_names, table_names, places) AS p (schema_name, table_name, place)
        WHERE b.lane = of_lane
            AND b.schema_name = p.schema_name AND b.table_name = p.table_name
            AND b.place = p.place;
        RETURN 0;
    END IF;
    SELECT array_agg((r.refused ->> 'seq')::bigint), array_agg(r.refused ->> 'reason')
    INTO refused, reasons
    FROM json_array_elements(answer -> 'refused') AS r (refused);
    still_open := ARRAY(
        SELECT o.seq::bigint FROM json_array_elements_text(answer -> 'open') AS o (seq)
    );
    SELECT
        count(r.seq) AS refused,
        count(o.seq) AS still_open,
        array_agg(e.seq) FILTER (WHERE o.seq IS NULL AND r.seq IS NULL) AS sent
    INTO named
    FROM aurora_trigger.batch_events(of_lane, places) AS e
    LEFT JOIN unnest(refused) AS r (seq) ON r.seq = e.seq
    LEFT JOIN unnest(still_open) AS o (seq) ON o.seq = e.seq;
    IF named.refused <> refused_count OR named.still_open <> open_count THEN
        RAISE EXCEPTION 'aurora_trigger: the answer is not the relay''s: it names other events';
    END IF;
    INSERT INTO aurora_trigger.sent AS s
        (lane, schema_name, table_name, calls, accepted, refused)
    SELECT
        of_lane,
        e.source ->> 'schema',
        e.source ->> 'table',
        1,
        count(*) - count(e.refused),
        count(e.refused)
    FROM (
        SELECT e.source::json AS source, r.seq AS refused
        FROM aurora_trigger.batch_events(of_lane, places) AS e
        LEFT JOIN unnest(refused) AS r (seq) ON r.seq = e.seq
        LEFT JOIN unnest(still_open) AS o (seq) ON o.seq = e.seq
        WHERE o.seq IS NULL
    ) AS e
    GROUP BY e.source ->> 'schema', e.source ->> 'table'
    ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
    SET calls = s.calls + 1,
        accepted = s.accepted + excluded.accepted,
        refused = s.refused + excluded.refused;
    PERFORM aurora_trigger.take_out(of_lane, places, named.sent, refused, reasons);
    RETURN open_count;
END
$body$;
ALTER FUNCTION aurora_trigger.settle(smallint, bigint[], text[], text[], bigint[], json)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.settle(smallint, bigint[], text[], text[], bigint[], json)
    FROM PUBLIC;

-- Makes one call for a lane that nobody else is at. Returns 'idle' where there was nothing to send,
-- 'called' after a call, and 'more' where another call could follow at once. A cancel during the
-- call counts as a failed call.
CREATE OR REPLACE FUNCTION aurora_trigger.drain_lane(of_lane smallint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    longest_pause CONSTANT interval := interval '1 minute';
    this aurora_trigger.lane;
    chosen record;
    deep bigint[];
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
    IF NOT FOUND THEN
        RETURN 'idle';
    END IF;
    -- What it is where not even the choice succeeds.
    SELECT
        NULL::bigint[] AS places, NULL::text[] AS schema_names, NULL::text[] AS table_names,
        NULL::bigint[] AS event_counts, NULL::bigint AS bytes, false AS is_all,
        NULL::text AS batches
    INTO chosen;
    BEGIN
        -- What is wrong with the events of this lane is in the way of no other lane.
        BEGIN
            LOOP
                chosen := aurora_trigger.next_of_lane(of_lane, this.call_bytes);
                EXIT WHEN chosen.places IS NULL;
                BEGIN
                    payload := aurora_trigger.payload('RequestResponse', chosen.batches);
                    EXIT;
                EXCEPTION WHEN program_limit_exceeded THEN
                    -- A value that the writer's statement could just read can be nested too deep
                    -- for what is left of the stack in here.
                    deep := aurora_trigger.nested_too_deep(of_lane, chosen.places);
                    IF cardinality(deep) = 0 THEN
                        RAISE;
                    END IF;
                    PERFORM aurora_trigger.take_out(
                        of_lane,
                        chosen.places,
                        NULL::bigint[],
                        deep,
                        array_fill(
                            format('it is nested too deep to be read: %s', SQLERRM),
                            ARRAY[cardinality(deep)]
                        )
                    );
                END;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                error_state = RETURNED_SQLSTATE,
                error_message = MESSAGE_TEXT,
                error_detail = PG_EXCEPTION_DETAIL;
        END;
        IF error_state IS NULL AND chosen.places IS NULL THEN
            RETURN 'idle';
        END IF;
        IF error_state IS NULL THEN
            SELECT s.function_name, s.region
            INTO target, target_region
            FROM aurora_trigger.settings AS s;
            BEGIN
                answer := aurora_trigger.invoke(target, target_region, payload, 'RequestResponse');
                open_count := aurora_trigger.settle(
                    of_lane, chosen.places, chosen.schema_names, chosen.table_names,
                    chosen.event_counts, answer.payload
                );
                error_message := answer.payload ->> 'reason';
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS
                    error_state = RETURNED_SQLSTATE,
                    error_message = MESSAGE_TEXT,
                    error_detail = PG_EXCEPTION_DETAIL;
            END;
        END IF;
        is_done := error_state IS NULL AND open_count = 0;
        IF is_done THEN
            this.failures := 0;
        ELSE
            PERFORM aurora_trigger.note_failed_call(
                'drain', of_lane, chosen.schema_names, chosen.table_names, chosen.event_counts,
                error_state, error_message, error_detail
            );
            this.failures := CASE
                WHEN error_state IS NULL AND open_count < (
                    SELECT sum(c.events) FROM unnest(chosen.event_counts) AS c (events)
                ) THEN 0
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
        SET tried_at = clock_timestamp(),
            call_bytes = CASE
                WHEN is_done THEN least({{ drain_bytes }}, this.call_bytes * 2)
                ELSE greatest(
                    {{ least_drain_bytes }},
                    least({{ drain_bytes }}, coalesce(chosen.bytes, this.call_bytes)) / 2
                )
            END,
            retry_at = pause_until,
            failures = this.failures,
            last_error = CASE WHEN NOT is_done THEN error_message END
        WHERE l.lane = of_lane;
        RETURN CASE
            WHEN pause_until IS NULL AND (NOT chosen.is_all OR of_lane = -1) THEN 'more'
            ELSE 'called'
        END;
    EXCEPTION WHEN query_canceled THEN
        -- By somebody, or by statement_timeout. Until then events may have been written to the
        -- stream: without a note of it they would be sent again at once, and again.
        GET STACKED DIAGNOSTICS
            error_state = RETURNED_SQLSTATE,
            error_message = MESSAGE_TEXT,
            error_detail = PG_EXCEPTION_DETAIL;
    END;
    PERFORM aurora_trigger.note_failed_call(
        'drain', of_lane, chosen.schema_names, chosen.table_names, chosen.event_counts,
        error_state, error_message, error_detail
    );
    UPDATE aurora_trigger.lane AS l
    SET tried_at = clock_timestamp(),
        call_bytes = greatest(
            {{ least_drain_bytes }},
            least({{ drain_bytes }}, coalesce(chosen.bytes, l.call_bytes)) / 2
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
ALTER FUNCTION aurora_trigger.drain_lane(smallint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain_lane(smallint) FROM PUBLIC;

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
                    ELSE first.place = t.first_truncation AND NOT EXISTS (
                        SELECT
                        FROM aurora_trigger.batch AS earlier
                        WHERE earlier.schema_name = t.schema_name
                            AND earlier.table_name = t.table_name
                            AND earlier.place < t.first_truncation
                    )
                END
            )
        ORDER BY l.tried_at NULLS FIRST, l.lane
    );
END
$body$;
ALTER FUNCTION aurora_trigger.lanes_to_send() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lanes_to_send() FROM PUBLIC;

-- Whether there is a lane that does not pause, and has less to send than a call takes.
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

-- Gives the room back of what is collected, and of what is sent. It waits for nobody: a part of the
-- outbox to which a transaction has written that is still open stays as it is.
CREATE OR REPLACE FUNCTION aurora_trigger.give_back_room()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    worthwhile CONSTANT bigint := 2000000::bigint;
    this aurora_trigger.collector;
    done_xmax bigint;
    done_open bigint[];
    part text;
    is_done boolean;
BEGIN
    IF pg_total_relation_size('aurora_trigger.outbox_0') < worthwhile
        AND pg_total_relation_size('aurora_trigger.outbox_1') < worthwhile
        AND pg_total_relation_size('aurora_trigger.batch') < worthwhile
        AND pg_total_relation_size('aurora_trigger.kept') < worthwhile
    THEN
        RETURN;
    END IF;
    -- Without the lock of the collector another one could collect what is looked for.
    SELECT c.* INTO this FROM aurora_trigger.collector AS c FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR this.upto IS NOT NULL OR NOT aurora_trigger.is_sealed() THEN
        RETURN;
    END IF;
    done_xmax := txid_snapshot_xmax(this.done);
    done_open := ARRAY(SELECT txid_snapshot_xip(this.done));
    FOREACH part IN ARRAY ARRAY['outbox_0', 'outbox_1'] LOOP
        CONTINUE WHEN pg_total_relation_size('aurora_trigger.' || part) < worthwhile;
        BEGIN
            EXECUTE format('LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
            -- All who have written to it have ended.
            EXECUTE format(
                'SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I AS o WHERE o.tx_id >= $1) '
                'AND NOT EXISTS (SELECT FROM aurora_trigger.%1$I AS o WHERE o.tx_id = ANY ($2))',
                part
            )
            INTO is_done
            USING done_xmax, done_open;
            IF is_done THEN
                EXECUTE format('TRUNCATE aurora_trigger.%I', part);
            ELSE
                -- The lock would be held until the end.
                RAISE lock_not_available;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    FOREACH part IN ARRAY ARRAY['batch', 'kept'] LOOP
        CONTINUE WHEN pg_total_relation_size('aurora_trigger.' || part) < worthwhile;
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I)', part) INTO is_done;
        CONTINUE WHEN NOT is_done;
        BEGIN
            EXECUTE format('LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I)', part) INTO is_done;
            IF is_done THEN
                EXECUTE format('TRUNCATE aurora_trigger.%I', part);
            ELSE
                RAISE lock_not_available;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.give_back_room() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.give_back_room() FROM PUBLIC;

-- Collects, if nobody else is at it. What fails is noted, and is in the way of no call. It does
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
    IF EXISTS (
        SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id = txid_current_if_assigned()
    ) THEN
        RETURN false;
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
    -- What the call has done must not be lost for it.
    BEGIN
        PERFORM aurora_trigger.note_failed_call(
            'drain', NULL::smallint, NULL::text[], NULL::text[], NULL::bigint[],
            error_state, error_message, error_detail
        );
        PERFORM FROM aurora_trigger.collector FOR UPDATE SKIP LOCKED;
        -- A copy stays one until its events are taken over.
        IF FOUND AND aurora_trigger.is_sealed() THEN
            -- The next one takes a smaller step. What fails in the smallest one, too, waits.
            UPDATE aurora_trigger.collector AS c
            SET step_events = greatest({{ least_step_events }}, c.step_events / 4),
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
    FOREACH next_lane IN ARRAY aurora_trigger.lanes_to_send() LOOP
        outcome := aurora_trigger.drain_lane(next_lane);
        EXIT WHEN outcome IN ('called', 'more');
        idle_lanes := array_append(idle_lanes, next_lane);
    END LOOP;
    -- Not more than calls take: what waits in the outbox costs less than what waits in batches.
    IF aurora_trigger.lanes_want_more()
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
