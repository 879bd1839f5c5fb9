-- Carries out the relay's answer: deletes what is in the stream, keeps what was
-- refused as dead letters, leaves what is open. Returns how many are open.
CREATE OR REPLACE FUNCTION aurora_trigger.settle(
    lanes smallint[],
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
        SELECT lanes[1], t.schema_name, t.table_name, 1, sum(t.events), 0
        FROM unnest(schema_names, table_names, event_counts) AS t (schema_name, table_name, events)
        GROUP BY t.schema_name, t.table_name
        ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
        SET calls = s.calls + 1, accepted = s.accepted + excluded.accepted;
        DELETE FROM aurora_trigger.batch AS b
        USING unnest(schema_names, table_names, places) AS p (schema_name, table_name, place)
        WHERE b.lane = ANY (lanes)
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
    FROM aurora_trigger.batch_events(lanes, places) AS e
    LEFT JOIN unnest(refused) AS r (seq) ON r.seq = e.seq
    LEFT JOIN unnest(still_open) AS o (seq) ON o.seq = e.seq;
    IF named.refused <> refused_count OR named.still_open <> open_count THEN
        RAISE EXCEPTION 'aurora_trigger: the answer is not the relay''s: it names other events';
    END IF;
    INSERT INTO aurora_trigger.sent AS s
        (lane, schema_name, table_name, calls, accepted, refused)
    SELECT
        lanes[1],
        e.source ->> 'schema',
        e.source ->> 'table',
        1,
        count(*) - count(e.refused),
        count(e.refused)
    FROM (
        SELECT e.source::json AS source, r.seq AS refused
        FROM aurora_trigger.batch_events(lanes, places) AS e
        LEFT JOIN unnest(refused) AS r (seq) ON r.seq = e.seq
        LEFT JOIN unnest(still_open) AS o (seq) ON o.seq = e.seq
        WHERE o.seq IS NULL
    ) AS e
    GROUP BY e.source ->> 'schema', e.source ->> 'table'
    ON CONFLICT ON CONSTRAINT sent_pkey DO UPDATE
    SET calls = s.calls + 1,
        accepted = s.accepted + excluded.accepted,
        refused = s.refused + excluded.refused;
    PERFORM aurora_trigger.take_out(lanes, places, named.sent, refused, reasons);
    RETURN open_count;
END
$body$;
ALTER FUNCTION aurora_trigger.settle(smallint[], bigint[], text[], text[], bigint[], json)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.settle(smallint[], bigint[], text[], text[], bigint[], json)
    FROM PUBLIC;

-- Makes one call for those of these lanes that nobody else is at. Returns 'idle' where there was
-- nothing to send, 'called' after a call, and 'more' where another call could follow at once. A
-- cancel during the call counts as a failed call.
CREATE OR REPLACE FUNCTION aurora_trigger.drain_lanes(wanted smallint[])
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    longest_pause CONSTANT interval := interval '1 minute';
    lanes smallint[];
    max_bytes integer;
    failed_times integer;
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
    -- The batches must be read after the lock is held, so by another statement.
    SELECT array_agg(l.lane), min(l.call_bytes), max(l.failures)
    INTO lanes, max_bytes, failed_times
    FROM (
        SELECT l.*
        FROM aurora_trigger.lane AS l
        WHERE l.lane = ANY (wanted)
            -- A time far ahead was written before the clock was set back.
            AND coalesce(
                l.retry_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + longest_pause, true
            )
            AND (l.failures = 0 OR cardinality(wanted) = 1)
        FOR UPDATE SKIP LOCKED
    ) AS l;
    IF lanes IS NULL THEN
        RETURN 'idle';
    END IF;
    -- What it is where not even the choice succeeds.
    SELECT
        NULL::bigint[] AS places, NULL::text[] AS schema_names, NULL::text[] AS table_names,
        NULL::bigint[] AS event_counts, NULL::bigint AS bytes, false AS is_all,
        NULL::text AS batches
    INTO chosen;
    BEGIN
        -- What is wrong with these events is in the way of no other lane.
        BEGIN
            LOOP
                chosen := aurora_trigger.next_of_lanes(lanes, max_bytes);
                EXIT WHEN chosen.places IS NULL;
                BEGIN
                    payload := aurora_trigger.payload('RequestResponse', chosen.batches);
                    EXIT;
                EXCEPTION WHEN program_limit_exceeded THEN
                    -- A value that the writer's statement could just read can be nested too deep
                    -- for what is left of the stack in here.
                    deep := aurora_trigger.nested_too_deep(lanes, chosen.places);
                    IF cardinality(deep) = 0 THEN
                        RAISE;
                    END IF;
                    PERFORM aurora_trigger.take_out(
                        lanes,
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
        IF error_state IS NULL AND chosen.places IS NULL
            -- Alone, one of them fails, and the others don't.
            OR error_state IS NOT NULL AND cardinality(lanes) > 1
        THEN
            RETURN 'idle';
        END IF;
        IF error_state IS NULL THEN
            SELECT s.function_name, s.region
            INTO target, target_region
            FROM aurora_trigger.settings AS s;
            BEGIN
                answer := aurora_trigger.invoke(target, target_region, payload, 'RequestResponse');
                open_count := aurora_trigger.settle(
                    lanes, chosen.places, chosen.schema_names, chosen.table_names,
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
            failed_times := 0;
        ELSE
            PERFORM aurora_trigger.note_failed_call(
                'drain', lanes, chosen.schema_names, chosen.table_names, chosen.event_counts,
                error_state, error_message, error_detail
            );
            failed_times := CASE
                WHEN error_state IS NULL AND open_count < (
                    SELECT sum(c.events) FROM unnest(chosen.event_counts) AS c (events)
                ) THEN 0
                ELSE least(failed_times + 1, 16)
            END;
            -- Without an answer the relay may still be at work on it, for two seconds at most.
            pause_until := clock_timestamp() + least(
                longest_pause,
                CASE
                    WHEN error_state IS NULL THEN interval '100 milliseconds'
                    ELSE interval '3 seconds'
                END * power(2, greatest(failed_times - 1, 0))
            );
        END IF;
        UPDATE aurora_trigger.lane AS l
        SET tried_at = clock_timestamp(),
            call_bytes = CASE
                WHEN is_done THEN least({{ drain_bytes }}, l.call_bytes * 2)
                ELSE greatest(
                    {{ least_drain_bytes }},
                    least({{ drain_bytes }}, coalesce(chosen.bytes, l.call_bytes)) / 2
                )
            END,
            retry_at = pause_until,
            failures = failed_times,
            last_error = CASE WHEN NOT is_done THEN error_message END
        WHERE l.lane = ANY (lanes);
        RETURN CASE
            WHEN pause_until IS NULL AND (NOT chosen.is_all OR lanes = '{-1}') THEN 'more'
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
        'drain', lanes, chosen.schema_names, chosen.table_names, chosen.event_counts,
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
    WHERE l.lane = ANY (lanes);
    -- For drain_all(), which then makes no more calls.
    PERFORM set_config('aurora_trigger.is_cut_off', 'yes', true);
    RETURN 'called';
END
$body$;
ALTER FUNCTION aurora_trigger.drain_lanes(smallint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drain_lanes(smallint[]) FROM PUBLIC;
