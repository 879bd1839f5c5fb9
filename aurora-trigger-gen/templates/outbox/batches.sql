-- The tables of which something can be sent: they have batches, and are not paused. Of each, all
-- before its first TRUNCATE that waits; if nothing is before the TRUNCATE, it is next itself.
CREATE OR REPLACE FUNCTION aurora_trigger.tables_to_send()
RETURNS TABLE (
    schema_name text, table_name text, first_truncation bigint, truncation_is_next boolean
)
LANGUAGE plpgsql
STABLE
ROWS 3
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
        coalesce(truncation.place, 9223372036854775807),
        coalesce(truncation.place = first.place, false)
    FROM found AS f
    CROSS JOIN LATERAL (
        SELECT b.place
        FROM aurora_trigger.batch AS b
        WHERE b.schema_name = f.schema_name AND b.table_name = f.table_name
        ORDER BY b.place
        LIMIT 1
    ) AS first
    LEFT JOIN LATERAL (
        SELECT b.place
        FROM aurora_trigger.batch AS b
        WHERE b.lane = -1 AND b.schema_name = f.schema_name AND b.table_name = f.table_name
        ORDER BY b.place
        LIMIT 1
    ) AS truncation
        ON true
    WHERE NOT EXISTS (
        SELECT
        FROM aurora_trigger.stream_table AS s
        WHERE s.schema_name = f.schema_name AND s.table_name = f.table_name AND s.paused
    );
END
$body$;
ALTER FUNCTION aurora_trigger.tables_to_send() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.tables_to_send() FROM PUBLIC;

-- The next batches of these lanes, in their order, as many as a call takes.
CREATE OR REPLACE FUNCTION aurora_trigger.next_of_lanes(
    lanes smallint[],
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
                CROSS JOIN unnest(lanes) AS of (lane)
                CROSS JOIN LATERAL (
                    SELECT b.*
                    FROM aurora_trigger.batch AS b
                    WHERE b.lane = of.lane
                        AND b.schema_name = t.schema_name
                        AND b.table_name = t.table_name
                        AND b.collected_by IS DISTINCT FROM own_tx
                        AND CASE
                            WHEN of.lane >= 0 THEN b.place < t.first_truncation
                            ELSE b.place = t.first_truncation AND t.truncation_is_next
                        END
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
ALTER FUNCTION aurora_trigger.next_of_lanes(smallint[], bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.next_of_lanes(smallint[], bigint) FROM PUBLIC;

-- The events of batches one by one, each with its source.
CREATE OR REPLACE FUNCTION aurora_trigger.batch_events(lanes smallint[], places bigint[])
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
            WHERE b.lane = ANY (lanes) AND b.place = ANY (places)
        ) AS p
    ) AS e
$body$;
ALTER FUNCTION aurora_trigger.batch_events(smallint[], bigint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.batch_events(smallint[], bigint[]) FROM PUBLIC;

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
    lanes smallint[],
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
        FROM aurora_trigger.batch_events(lanes, places) AS e
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
            FROM aurora_trigger.batch_events(lanes, places) AS e
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
        WHERE b.lane = ANY (lanes) AND b.place = r.place AND b.event_count <> r.event_count
    )
    SELECT array_agg(r.place) INTO places_left FROM rest AS r;
    DELETE FROM aurora_trigger.batch AS b
    WHERE b.lane = ANY (lanes)
        AND b.place = ANY (places)
        AND b.place <> ALL (coalesce(places_left, '{}'));
END
$body$;
ALTER FUNCTION aurora_trigger.take_out(smallint[], bigint[], bigint[], bigint[], text[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.take_out(smallint[], bigint[], bigint[], bigint[], text[])
    FROM PUBLIC;

-- The numbers of the events in these batches that are nested too deep to be read. Each is read by
-- itself: so one of them costs a drain as much as any other event, however many of them there are.
CREATE OR REPLACE FUNCTION aurora_trigger.nested_too_deep(lanes smallint[], places bigint[])
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
    FOR event IN SELECT e.seq, e.event FROM aurora_trigger.batch_events(lanes, places) AS e LOOP
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
ALTER FUNCTION aurora_trigger.nested_too_deep(smallint[], bigint[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.nested_too_deep(smallint[], bigint[]) FROM PUBLIC;
