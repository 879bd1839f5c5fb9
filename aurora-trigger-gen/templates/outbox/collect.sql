-- The places of the kept events that are collected next: all, or where there are more than that,
-- all of some keys up to the first TRUNCATE, or that alone.
CREATE OR REPLACE FUNCTION aurora_trigger.kept_to_collect(step_events bigint)
RETURNS tid[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    own_tx CONSTANT bigint := txid_current_if_assigned();
    truncation record;
    last_hash bigint;
BEGIN
    SELECT NULL::bigint AS position, NULL::bigint AS ts_us, NULL::bigint AS seq INTO truncation;
    IF (
        SELECT count(*)
        FROM (SELECT FROM aurora_trigger.kept AS k LIMIT step_events + 1) AS counted
    ) > step_events THEN
        SELECT k.position, k.ts_us, k.seq
        INTO truncation
        FROM aurora_trigger.kept AS k
        WHERE k.op = 't' AND k.tx_id IS DISTINCT FROM own_tx
        ORDER BY k.position, k.ts_us, k.seq
        LIMIT 1;
        SELECT k.key_hash
        INTO last_hash
        FROM aurora_trigger.kept AS k
        WHERE k.key_hash IS NOT NULL
            AND coalesce(
                (k.position, k.ts_us, k.seq)
                    < (truncation.position, truncation.ts_us, truncation.seq),
                true
            )
        ORDER BY k.key_hash
        OFFSET step_events
        LIMIT 1;
    END IF;
    RETURN ARRAY(
        SELECT k.ctid
        FROM aurora_trigger.kept AS k
        WHERE k.tx_id IS DISTINCT FROM own_tx
            AND coalesce(k.key_hash <= last_hash, last_hash IS NULL)
            AND coalesce(
                (k.position, k.ts_us, k.seq)
                    <= (truncation.position, truncation.ts_us, truncation.seq),
                true
            )
    );
END
$body$;
ALTER FUNCTION aurora_trigger.kept_to_collect(bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.kept_to_collect(bigint) FROM PUBLIC;

-- Collects what transactions have committed into batches, or a part of it, and gives it its
-- numbers. Their content stays as it is from now on, on each try. Who commits it has written to the
-- disk what it holds, and with it the transactions that wrote the events. Returns whether there is
-- something to send for it, or more to collect.
CREATE OR REPLACE FUNCTION aurora_trigger.collect()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
-- The planner does not know how many events there are.
SET enable_nestloop = off
SET jit = off
SET work_mem = '64MB'
AS $body$
DECLARE
    last_key CONSTANT bigint := 9223372036854775807;
    this aurora_trigger.collector;
    done_xmax bigint;
    done_open bigint[];
    is_new boolean;
    is_divided boolean;
    is_last boolean := true;
    last_hash bigint := last_key;
    queues text[];
    waiting_events bigint;
    kept_places tid[] := ARRAY[]::tid[];
    has_batches boolean;
    -- The size of a batch, for each lane from -1 on.
    piece_bytes CONSTANT integer[] := ARRAY(
        SELECT least({{ least_drain_bytes }}, l.call_bytes)
        FROM aurora_trigger.lane AS l
        ORDER BY l.lane
    );
BEGIN
    IF NOT aurora_trigger.has_uncollected() THEN
        RETURN false;
    END IF;
    -- The events must be read after the lock is held, so by other statements.
    SELECT c.* INTO this FROM aurora_trigger.collector AS c FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF NOT aurora_trigger.is_sealed() THEN
        RETURN aurora_trigger.adopt_events();
    END IF;
    is_divided := this.upto IS NOT NULL;
    is_new := NOT is_divided AND cardinality(this.next_snapshots) = 0;
    IF is_new THEN
        this.next_snapshots := ARRAY[aurora_trigger.committed()];
        this.upto_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    END IF;
    done_xmax := txid_snapshot_xmax(this.done);
    LOOP
        IF NOT is_divided THEN
            this.upto := this.next_snapshots[1];
        END IF;
        done_open := aurora_trigger.ended_since(this.done, this.upto);
        SELECT q.queues, q.events
        INTO queues, waiting_events
        FROM aurora_trigger.queues_to_collect(done_xmax, done_open, this.upto) AS q;
        EXIT WHEN NOT is_new OR waiting_events <= this.step_events;
        this.next_snapshots := aurora_trigger.collection_snapshots(
            this.done, done_open, this.upto, this.step_events / 2
        );
        is_new := false;
    END LOOP;
    IF NOT is_divided THEN
        this.next_snapshots := this.next_snapshots[2:];
        this.events := waiting_events;
        -- One transaction has so many.
        is_divided := this.events > this.step_events;
        this.part_position := -1;
        this.part_us := 0;
        this.next_hash := 0;
    END IF;
    IF is_divided THEN
        SELECT o.position, o.ts_us
        INTO this.part_end_position, this.part_end_us
        FROM aurora_trigger.outbox AS o
        WHERE o.op = 't'
            AND (
                o.tx_id >= done_xmax AND o.tx_id < txid_snapshot_xmax(this.upto)
                OR o.tx_id = ANY (done_open)
            )
            AND txid_visible_in_snapshot(o.tx_id, this.upto)
            AND (o.position, o.ts_us) > (this.part_position, this.part_us)
        ORDER BY o.position, o.ts_us
        LIMIT 1;
        IF NOT FOUND THEN
            this.part_end_position := last_key;
            this.part_end_us := last_key;
        END IF;
        IF this.next_hash = 0 THEN
            this.events := (
                SELECT count(*)
                FROM (
                    SELECT o.position, o.ts_us, o.tx_id, o.op FROM aurora_trigger.outbox AS o
                    UNION ALL
                    SELECT q.position, q.ts_us, q.tx_id, q.op FROM aurora_trigger.queue AS q
                ) AS o
                WHERE (
                        o.tx_id >= done_xmax AND o.tx_id < txid_snapshot_xmax(this.upto)
                        OR o.tx_id = ANY (done_open)
                    )
                    AND txid_visible_in_snapshot(o.tx_id, this.upto)
                    AND (o.position, o.ts_us) > (this.part_position, this.part_us)
                    AND (o.position, o.ts_us) <= (this.part_end_position, this.part_end_us)
                    AND o.op NOT IN ('N', 'X', 'Y')
            );
        END IF;
        last_hash := least(
            this.next_hash::numeric + last_key / (this.events / this.step_events + 1), last_key
        )::bigint;
        is_last := last_hash = last_key;
    ELSIF cardinality(this.next_snapshots) = 0 THEN
        kept_places := aurora_trigger.kept_to_collect(this.step_events);
    END IF;
    IF this.events = 0 AND queues = '{}' AND kept_places = '{}' THEN
        this.done := this.upto;
        this.done_us := this.upto_us;
        this.upto := NULL;
        PERFORM aurora_trigger.note_collector(this), aurora_trigger.summarize();
        RETURN cardinality(this.next_snapshots) > 0;
    END IF;
    WITH event AS (
        SELECT
            e.ordinality AS id,
            e.*,
            {% include "outbox/event_bytes.sql" %}
        FROM aurora_trigger.captured_events(
            this, done_xmax, done_open, is_divided, last_hash, is_last, queues, kept_places
        ) WITH ORDINALITY AS e
    ),
    {% include "outbox/moved.sql" %}, number AS (
        SELECT
            aurora_trigger.take_numbers('aurora_trigger.event_seq', count(*)) AS number_before
        FROM event AS e
    ), streamed AS (
        SELECT t.schema_name, t.table_name, row_number() OVER () AS number
        FROM (SELECT DISTINCT e.schema_name, e.table_name FROM event AS e) AS t
    ), numbered AS (
        -- Without the images, which would take a while to be moved around. The first columns of a
        -- row are the fastest to compare.
        SELECT
            (SELECT n.number_before FROM number AS n) + row_number() OVER so_far AS slot,
            count(*) FILTER (WHERE o.op = 't') OVER so_far AS part,
            o.*
        FROM (
            SELECT
                coalesce(m.position, e.position) AS in_position,
                coalesce(m.ts_us, e.ts_us) AS at_us,
                coalesce(m.seq, e.seq, last_key) AS as_seq,
                coalesce(m.ordinal, e.ordinal) AS as_ordinal,
                e.id,
                e.tx_id,
                e.ts_us,
                hashtextextended(e.capture, 0) AS capture_hash,
                s.number AS table_number,
                aurora_trigger.lane_of(e.key_hash) AS lane,
                e.op,
                e.event_bytes,
                coalesce(e.event_bytes > {{ drain_bytes }}, true) AS is_reduced,
                m.seq AS moved_to
            FROM event AS e
            JOIN streamed AS s
                ON s.schema_name = e.schema_name AND s.table_name = e.table_name
            LEFT JOIN moved AS m ON m.id = e.id
            ORDER BY 1, 2, 3, 4
        ) AS o
        WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
    ), reduced AS (
        SELECT
            n.id,
            aurora_trigger.reduce(
                e.schema_name, e.table_name, e.fingerprint, e.capture, e.tx_id, e.ts_us,
                coalesce(e.seq, n.slot), e.op, e.before, e.after, e.event_bytes
            ) AS key
        FROM numbered AS n
        JOIN event AS e ON e.id = n.id
        WHERE n.is_reduced
    ), placed AS (
        SELECT
            p.*,
            p.piece IS DISTINCT FROM lag(p.piece) OVER batch_order AS is_first_of_piece,
            p.piece IS DISTINCT FROM lag(p.piece) OVER batch_order
                OR p.capture_hash <> lag(p.capture_hash) OVER batch_order
                OR p.ts_us <> lag(p.ts_us) OVER batch_order
                OR p.tx_id <> lag(p.tx_id) OVER batch_order AS begins_source
        FROM (
            SELECT
                s.*,
                -- One that is bigger than a piece is one of its own.
                (
                    2 * count(*) FILTER (WHERE s.event_bytes > s.piece_bytes) OVER batch_order
                    - (s.event_bytes > s.piece_bytes)::integer
                ) * 1000000000 + (
                    sum(s.event_bytes) OVER batch_order - s.event_bytes
                ) / s.piece_bytes AS piece
            FROM (
                SELECT
                    -- No batch holds events of two tables, of two lanes, or from before and behind
                    -- a TRUNCATE.
                    (n.part << 32) + (n.table_number << 8) + n.lane AS bucket,
                    n.slot,
                    n.id,
                    n.tx_id,
                    n.ts_us,
                    n.capture_hash,
                    n.lane,
                    n.moved_to,
                    n.is_reduced,
                    CASE
                        WHEN n.is_reduced THEN 96 + octet_length(r.key::text)
                        ELSE n.event_bytes::integer
                    END AS event_bytes,
                    piece_bytes[n.lane + 2] AS piece_bytes
                FROM numbered AS n
                LEFT JOIN reduced AS r ON r.id = n.id
                WHERE NOT n.is_reduced OR r.key IS NOT NULL
            ) AS s
            WINDOW batch_order AS (
                PARTITION BY s.bucket ORDER BY s.slot ROWS UNBOUNDED PRECEDING
            )
        ) AS p
        WINDOW batch_order AS (PARTITION BY p.bucket ORDER BY p.slot)
    )
    INSERT INTO aurora_trigger.batch
        (
            lane, schema_name, table_name, place, event_count, bytes, oldest_us, collected_by,
            events
        )
    SELECT
        min(t.lane),
        min(t.schema_name),
        min(t.table_name),
        min(t.slot),
        count(*),
        sum(
            t.event_bytes + CASE
                WHEN getdatabaseencoding() = 'UTF8' THEN octet_length(t.source)
                ELSE aurora_trigger.utf8_size(t.source)
            END
        ),
        min(t.ts_us),
        txid_current(),
        array_agg(
            {% include "outbox/event_text.sql" %}
            ORDER BY t.slot
        )
    FROM (
        SELECT
            n.bucket,
            n.piece,
            n.slot,
            n.lane,
            n.event_bytes,
            n.moved_to,
            n.is_first_of_piece,
            p.schema_name,
            p.table_name,
            p.seq,
            p.ts_us,
            p.op,
            CASE WHEN NOT n.is_reduced THEN p.before END AS before,
            CASE WHEN NOT n.is_reduced THEN p.after END AS after,
            CASE WHEN n.is_reduced THEN r.key ELSE p.key END AS key,
            CASE
                WHEN n.begins_source
                THEN {% include "outbox/source_text.sql" %}
                ELSE ''
            END AS source
        FROM placed AS n
        JOIN event AS p ON p.id = n.id
        LEFT JOIN reduced AS r ON r.id = n.id
    ) AS t
    GROUP BY t.bucket, t.piece;
    has_batches := FOUND;
    DELETE FROM aurora_trigger.kept AS k WHERE k.ctid = ANY (kept_places);
    IF NOT is_last THEN
        this.next_hash := last_hash + 1;
    ELSIF is_divided AND this.part_end_position < last_key THEN
        this.part_position := this.part_end_position;
        this.part_us := this.part_end_us;
        this.next_hash := 0;
    ELSE
        this.done := this.upto;
        this.done_us := this.upto_us;
        this.upto := NULL;
    END IF;
    this.step_events := least({{ step_events }}, this.step_events * 2);
    PERFORM aurora_trigger.note_collector(this), aurora_trigger.summarize();
    RETURN has_batches OR this.upto IS NOT NULL OR cardinality(this.next_snapshots) > 0;
END
$body$;
ALTER FUNCTION aurora_trigger.collect() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.collect() FROM PUBLIC;
