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
    is_divided boolean;
    is_last boolean := true;
    last_hash bigint := last_key;
    queues text[];
    queued_events bigint;
    kept_places tid[];
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
    IF NOT is_divided THEN
        this.upto := aurora_trigger.committed();
        this.upto_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    END IF;
    done_xmax := txid_snapshot_xmax(this.done);
    done_open := aurora_trigger.ended_since(this.done, this.upto);
    SELECT q.queues, q.events
    INTO queues, queued_events
    FROM aurora_trigger.queues_to_collect(done_xmax, done_open, this.upto) AS q;
    IF NOT is_divided THEN
        this.events := queued_events + (
            SELECT count(*)
            FROM aurora_trigger.outbox AS o
            WHERE (o.tx_id >= done_xmax OR o.tx_id = ANY (done_open))
                AND txid_visible_in_snapshot(o.tx_id, this.upto)
        );
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
            AND (o.tx_id >= done_xmax OR o.tx_id = ANY (done_open))
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
                WHERE (o.tx_id >= done_xmax OR o.tx_id = ANY (done_open))
                    AND txid_visible_in_snapshot(o.tx_id, this.upto)
                    AND (o.position, o.ts_us) > (this.part_position, this.part_us)
                    AND (o.position, o.ts_us) <= (this.part_end_position, this.part_end_us)
                    AND o.op NOT IN ('o', 'N')
            );
        END IF;
        last_hash := least(
            this.next_hash::numeric + last_key / (this.events / this.step_events + 1), last_key
        )::bigint;
        is_last := last_hash = last_key;
    ELSE
        kept_places := aurora_trigger.kept_to_collect(this.step_events);
    END IF;
    IF this.events = 0 AND queues = '{}' AND kept_places = '{}' THEN
        this.done := this.upto;
        this.done_us := this.upto_us;
        this.upto := NULL;
        PERFORM aurora_trigger.note_collector(this), aurora_trigger.summarize();
        RETURN false;
    END IF;
    WITH event AS (
        SELECT row_number() OVER () AS id, e.*
        FROM aurora_trigger.captured_events(
            this, done_xmax, done_open, is_divided, last_hash, is_last, queues, kept_places
        ) AS e
    ),
    {% include "outbox/moved.sql" %}, number AS (
        SELECT
            aurora_trigger.take_numbers('aurora_trigger.event_seq', count(*)) AS number_before
        FROM event AS e
    )
    INSERT INTO aurora_trigger.batch
        (
            lane, schema_name, table_name, place, event_count, bytes, oldest_us, collected_by,
            events
        )
    SELECT
        t.lane,
        t.schema_name,
        t.table_name,
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
            p.*,
            CASE
                WHEN p.capture IS DISTINCT FROM lag(p.capture) OVER batch_order
                    OR p.piece IS DISTINCT FROM lag(p.piece) OVER batch_order
                THEN {% include "outbox/source_text.sql" %}
                ELSE ''
            END AS source,
            p.piece IS DISTINCT FROM lag(p.piece) OVER batch_order AS is_first_of_piece
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
                    n.lane,
                    count(*) FILTER (WHERE n.op = 't') OVER (
                        ORDER BY n.slot ROWS UNBOUNDED PRECEDING
                    ) AS part,
                    n.slot,
                    n.schema_name,
                    n.table_name,
                    n.seq,
                    n.tx_id,
                    n.ts_us,
                    n.fingerprint,
                    n.capture,
                    n.op,
                    n.moved_to,
                    CASE WHEN NOT n.is_reduced THEN n.before END AS before,
                    CASE WHEN NOT n.is_reduced THEN n.after END AS after,
                    CASE WHEN n.is_reduced THEN n.reduced_key ELSE n.key END AS key,
                    CASE
                        WHEN n.is_reduced THEN 96 + octet_length(n.reduced_key::text)
                        ELSE n.event_bytes::integer
                    END AS event_bytes,
                    piece_bytes[n.lane + 2] AS piece_bytes
                FROM (
                    SELECT
                        q.*,
                        coalesce(q.event_bytes > {{ drain_bytes }}, true) AS is_reduced,
                        CASE WHEN coalesce(q.event_bytes > {{ drain_bytes }}, true)
                            THEN aurora_trigger.reduce(
                                q.schema_name, q.table_name, q.fingerprint, q.capture, q.tx_id,
                                q.ts_us, coalesce(q.seq, q.slot), q.op, q.before, q.after,
                                q.event_bytes
                            )
                        END AS reduced_key
                    FROM (
                        SELECT
                            (SELECT n.number_before FROM number AS n) + row_number() OVER ()
                                AS slot,
                            o.*
                        FROM (
                            SELECT
                                -- The first columns of a row are the fastest to compare.
                                coalesce(m.position, e.position) AS in_position,
                                coalesce(m.ts_us, e.ts_us) AS at_us,
                                coalesce(m.seq, e.seq, last_key) AS as_seq,
                                coalesce(m.ordinal, e.ordinal) AS as_ordinal,
                                aurora_trigger.lane_of(e.key_hash) AS lane,
                                e.seq,
                                e.tx_id,
                                e.ts_us,
                                e.schema_name,
                                e.table_name,
                                e.fingerprint,
                                e.capture,
                                e.op,
                                e.before,
                                e.after,
                                e.key,
                                m.seq AS moved_to,
                                {% include "outbox/event_bytes.sql" %}
                            FROM event AS e
                            LEFT JOIN moved AS m ON m.id = e.id
                            ORDER BY 1, 2, 3, 4
                        ) AS o
                    ) AS q
                ) AS n
                WHERE NOT n.is_reduced OR n.reduced_key IS NOT NULL
            ) AS s
            WINDOW batch_order AS (
                PARTITION BY s.lane, s.part, s.schema_name, s.table_name
                ORDER BY s.slot ROWS UNBOUNDED PRECEDING
            )
        ) AS p
        WINDOW batch_order AS (
            PARTITION BY p.lane, p.part, p.schema_name, p.table_name ORDER BY p.slot
        )
    ) AS t
    GROUP BY t.lane, t.part, t.schema_name, t.table_name, t.piece;
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
    RETURN has_batches OR this.upto IS NOT NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.collect() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.collect() FROM PUBLIC;
