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
SET jit = off
AS $body$
DECLARE
    last_key CONSTANT bigint := 9223372036854775807;
    this aurora_trigger.collector;
    done_xmax bigint;
    done_open bigint[];
    is_divided boolean;
    is_last boolean := true;
    last_hash bigint := last_key;
    kept_places tid[];
    seen record;
    event record;
    moved record;
    reduced_ids text[];
    reduced_keys text[];
    event_key json;
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
    IF NOT is_divided THEN
        this.events := (
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
                FROM aurora_trigger.outbox AS o
                WHERE (o.tx_id >= done_xmax OR o.tx_id = ANY (done_open))
                    AND txid_visible_in_snapshot(o.tx_id, this.upto)
                    AND (o.position, o.ts_us) > (this.part_position, this.part_us)
                    AND (o.position, o.ts_us) <= (this.part_end_position, this.part_end_us)
            );
        END IF;
        last_hash := least(
            this.next_hash::numeric + last_key / (this.events / this.step_events + 1), last_key
        )::bigint;
        is_last := last_hash = last_key;
    ELSE
        kept_places := aurora_trigger.kept_to_collect(this.step_events);
    END IF;
    SELECT
        coalesce(sum(of_key.events), 0) AS events,
        bool_or(of_key.events > 1 AND of_key.key_hash IS NOT NULL) AS has_repeated,
        max(of_key.largest) AS largest
    INTO seen
    FROM (
        SELECT
            sized.tx_id,
            sized.key_hash,
            count(*) AS events,
            max(coalesce(sized.event_bytes, {{ drain_bytes }} + 1)) AS largest
        FROM (
            SELECT
                e.tx_id,
                e.key_hash,
                {% include "outbox/event_bytes.sql" %}
            FROM (
                {% include "outbox/uncollected.sql" %}
            ) AS e
        ) AS sized
        GROUP BY sized.tx_id, sized.key_hash
    ) AS of_key;
    IF seen.events = 0 AND NOT is_divided THEN
        this.done := this.upto;
        this.done_us := this.upto_us;
        this.upto := NULL;
        PERFORM aurora_trigger.note_collector(this), aurora_trigger.summarize();
        RETURN false;
    END IF;
    IF seen.largest > {{ drain_bytes }} THEN
        FOR event IN
            SELECT sized.*
            FROM (
                SELECT
                    e.*,
                    {% include "outbox/event_bytes.sql" %}
                FROM (
                    {% include "outbox/uncollected.sql" %}
                ) AS e
            ) AS sized
            WHERE coalesce(sized.event_bytes > {{ drain_bytes }}, true)
            ORDER BY sized.position, sized.ts_us, sized.seq, sized.ordinal
        LOOP
            event_key := aurora_trigger.reduce(
                event.schema_name, event.table_name, event.fingerprint, event.capture,
                event.tx_id, event.ts_us, event.seq, event.op, event.before, event.after,
                event.event_bytes
            );
            reduced_ids := array_append(
                reduced_ids, event.relation::text || event.place::text
            );
            reduced_keys := array_append(reduced_keys, event_key::text);
        END LOOP;
    END IF;
    moved := aurora_trigger.moved_events(
        seen.has_repeated, this, done_xmax, done_open, is_divided, last_hash, is_last, kept_places
    );
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
                ARRAY[
                    count(*) FILTER (WHERE s.event_bytes > s.piece_bytes) OVER batch_order,
                    (s.event_bytes <= s.piece_bytes)::integer,
                    (sum(s.event_bytes) OVER batch_order - s.event_bytes) / s.piece_bytes
                ]::bigint[] AS piece
            FROM (
                SELECT
                    n.*,
                    l.lane,
                    least({{ least_drain_bytes }}, l.call_bytes) AS piece_bytes,
                    count(*) FILTER (WHERE n.op = 't') OVER (
                        ORDER BY n.slot ROWS UNBOUNDED PRECEDING
                    ) AS part
                FROM (
                    SELECT
                        q.*,
                        nextval('aurora_trigger.event_seq') AS slot
                    FROM (
                        SELECT
                            e.seq,
                            e.tx_id,
                            e.ts_us,
                            e.schema_name,
                            e.table_name,
                            e.fingerprint,
                            e.capture,
                            e.op,
                            aurora_trigger.lane_of(e.key_hash) AS of_lane,
                            CASE WHEN r.id IS NULL THEN e.before END AS before,
                            CASE WHEN r.id IS NULL THEN e.after END AS after,
                            CASE WHEN r.id IS NULL THEN e.key ELSE r.key::json END AS key,
                            CASE
                                WHEN r.id IS NULL THEN e.event_bytes
                                ELSE 96 + octet_length(r.key)
                            END AS event_bytes,
                            m.seq AS moved_to
                        FROM (
                            SELECT
                                e.*,
                                {% include "outbox/event_bytes.sql" %}
                            FROM (
                                {% include "outbox/uncollected.sql" %}
                            ) AS e
                        ) AS e
                        LEFT JOIN unnest(
                            moved.ids, moved.positions, moved.times, moved.ordinals, moved.numbers
                        ) AS m (id, position, ts_us, ordinal, seq)
                            ON m.id = CASE
                                WHEN moved.ids IS NOT NULL THEN e.relation::text || e.place::text
                            END
                        LEFT JOIN unnest(reduced_ids, reduced_keys) AS r (id, key)
                            ON r.id = CASE
                                WHEN reduced_ids IS NOT NULL THEN e.relation::text || e.place::text
                            END
                        WHERE r.id IS NULL OR r.key IS NOT NULL
                        ORDER BY
                            coalesce(m.position, e.position),
                            coalesce(m.ts_us, e.ts_us),
                            coalesce(m.seq, e.seq),
                            coalesce(m.ordinal, e.ordinal)
                    ) AS q
                ) AS n
                JOIN aurora_trigger.lane AS l ON l.lane = n.of_lane
            ) AS s
            WINDOW batch_order AS (
                PARTITION BY s.lane, s.schema_name, s.table_name, s.part
                ORDER BY s.slot ROWS UNBOUNDED PRECEDING
            )
        ) AS p
        WINDOW batch_order AS (
            PARTITION BY p.lane, p.schema_name, p.table_name, p.part ORDER BY p.slot
        )
    ) AS t
    GROUP BY t.lane, t.schema_name, t.table_name, t.part, t.piece;
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
    RETURN true;
END
$body$;
ALTER FUNCTION aurora_trigger.collect() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.collect() FROM PUBLIC;
