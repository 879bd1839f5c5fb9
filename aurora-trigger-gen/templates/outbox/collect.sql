-- What is committed, with the transaction at hand among those that are open: PostgreSQL leaves it
-- out of its list.
CREATE OR REPLACE FUNCTION aurora_trigger.committed()
RETURNS txid_snapshot
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE
        WHEN own.tx_id >= txid_snapshot_xmax(s.shown) THEN s.shown
        ELSE concat(
            least(txid_snapshot_xmin(s.shown), own.tx_id), ':', txid_snapshot_xmax(s.shown), ':',
            (
                SELECT string_agg(open.tx_id::text, ',' ORDER BY open.tx_id)
                FROM (
                    SELECT txid_snapshot_xip(s.shown) UNION SELECT own.tx_id
                ) AS open (tx_id)
            )
        )::txid_snapshot
    END
    FROM (VALUES (txid_current_snapshot())) AS s (shown), (VALUES (txid_current())) AS own (tx_id)
$body$;
ALTER FUNCTION aurora_trigger.committed() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.committed() FROM PUBLIC;

-- Whether the collector's row is as this server wrote it. One that was copied, by a dump or by
-- replication, counts the transactions of another server.
CREATE OR REPLACE FUNCTION aurora_trigger.is_sealed()
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT EXISTS (
        SELECT
        FROM aurora_trigger.collector AS c
        JOIN aurora_trigger.collector_seal AS s ON s.written_by = c.xmin::text
    )
$body$;
ALTER FUNCTION aurora_trigger.is_sealed() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_sealed() FROM PUBLIC;

-- Writes down how far the collector has come.
CREATE OR REPLACE FUNCTION aurora_trigger.note_collector(state aurora_trigger.collector)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    WITH noted AS (
        UPDATE aurora_trigger.collector AS c
        SET done = state.done,
            done_us = state.done_us,
            upto = state.upto,
            upto_us = state.upto_us,
            events = state.events,
            part_position = state.part_position,
            part_us = state.part_us,
            part_end_position = state.part_end_position,
            part_end_us = state.part_end_us,
            next_hash = state.next_hash,
            retry_at = NULL,
            step_events = state.step_events
        RETURNING c.xmin::text AS written_by
    )
    UPDATE aurora_trigger.collector_seal AS s SET written_by = n.written_by FROM noted AS n
$body$;
ALTER FUNCTION aurora_trigger.note_collector(aurora_trigger.collector) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.note_collector(aurora_trigger.collector) FROM PUBLIC;

-- The transactions that were open when a snapshot was taken, and have ended in a later one.
CREATE OR REPLACE FUNCTION aurora_trigger.ended_since(
    earlier txid_snapshot, later txid_snapshot
)
RETURNS bigint[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT ARRAY(
        SELECT open.tx_id
        FROM txid_snapshot_xip(earlier) AS open (tx_id)
        WHERE txid_visible_in_snapshot(open.tx_id, later)
    )
$body$;
ALTER FUNCTION aurora_trigger.ended_since(txid_snapshot, txid_snapshot) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.ended_since(txid_snapshot, txid_snapshot) FROM PUBLIC;

-- Whether there is something to collect. It takes no lock, since a drain asks each time.
CREATE OR REPLACE FUNCTION aurora_trigger.has_uncollected()
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    worthwhile CONSTANT bigint := 1000000::bigint;
    shown CONSTANT txid_snapshot := txid_current_snapshot();
    this aurora_trigger.collector;
    done_xmax bigint;
    done_open bigint[];
BEGIN
    SELECT c.* INTO this FROM aurora_trigger.collector AS c;
    done_xmax := txid_snapshot_xmax(this.done);
    done_open := aurora_trigger.ended_since(this.done, shown);
    -- A time far ahead was written before the clock was set back.
    IF this.retry_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute' THEN
        RETURN false;
    END IF;
    RETURN this.upto IS NOT NULL
        OR EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id >= done_xmax)
        OR EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id = ANY (done_open))
        OR EXISTS (SELECT FROM aurora_trigger.kept)
        -- So that the events of a transaction that stays open are not looked at each time.
        OR pg_relation_size('aurora_trigger.outbox_0') + pg_relation_size('aurora_trigger.outbox_1')
                > worthwhile
            AND EXISTS (
                SELECT FROM txid_snapshot_xip(shown) AS open (tx_id) WHERE open.tx_id >= done_xmax
            )
        OR NOT aurora_trigger.is_sealed();
END
$body$;
ALTER FUNCTION aurora_trigger.has_uncollected() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.has_uncollected() FROM PUBLIC;

-- Takes over what a copy of the database holds, whose transactions have the numbers of another
-- server. Returns false where writers do not let it.
CREATE OR REPLACE FUNCTION aurora_trigger.adopt_events()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS $body$
DECLARE
    this aurora_trigger.collector;
BEGIN
    LOCK TABLE aurora_trigger.outbox IN ACCESS EXCLUSIVE MODE;
    SELECT c.* INTO this FROM aurora_trigger.collector AS c;
    -- By the clock, since the other server's log was longer or shorter than that of this one.
    UPDATE aurora_trigger.kept AS k SET position = 0;
    INSERT INTO aurora_trigger.kept (
        position, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op, key_hash,
        before, after, at_commit
    )
    SELECT
        0, o.tx_id, o.ts_us, o.schema_name, o.table_name, o.fingerprint, o.capture, o.op,
        o.key_hash, o.before, o.after, false
    FROM aurora_trigger.outbox AS o
    WHERE NOT txid_visible_in_snapshot(o.tx_id, this.done)
            AND NOT coalesce(
                txid_visible_in_snapshot(o.tx_id, this.upto) AND (
                    (o.position, o.ts_us) <= (this.part_position, this.part_us)
                    OR (o.position, o.ts_us) <= (this.part_end_position, this.part_end_us)
                        AND o.key_hash < this.next_hash
                ),
                false
            )
        -- Written here since then.
        OR o.ts_us > CASE WHEN this.upto IS NULL THEN this.done_us ELSE this.upto_us END
    ORDER BY o.ts_us, o.position, o.ordinal;
    TRUNCATE aurora_trigger.outbox;
    this.done := aurora_trigger.committed();
    this.done_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    this.upto := NULL;
    PERFORM aurora_trigger.note_collector(this);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$body$;
ALTER FUNCTION aurora_trigger.adopt_events() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.adopt_events() FROM PUBLIC;

-- What is left of an event that is too big for a call: its key, if that can be read and its table
-- wants it. Otherwise it becomes a dead letter, and NULL is returned. bytes: NULL where no UTF-8
-- tells it.
CREATE OR REPLACE FUNCTION aurora_trigger.reduce(
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    tx_id bigint,
    ts_us bigint,
    seq bigint,
    op "char",
    before json,
    after json,
    bytes bigint
)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_variable
DECLARE
    reason text := format('too big for a call: %s bytes', bytes);
    row_key json;
    letter json;
BEGIN
    IF bytes IS NULL THEN
        reason := format(
            'a text holds a byte that stands for no letter in %s, so no UTF-8 tells it',
            getdatabaseencoding()
        );
    ELSE
        BEGIN
            SELECT json_object_agg(name, aurora_trigger.member(coalesce(after, before), name))
            INTO row_key
            FROM aurora_trigger.stream_table AS t
            CROSS JOIN LATERAL unnest(t.key_names) AS name
            WHERE t.schema_name = schema_name AND t.table_name = table_name
                AND t.oversize = 'key_only' AND coalesce(after, before) IS NOT NULL;
            IF row_key IS NOT NULL THEN
                RETURN row_key;
            END IF;
        EXCEPTION WHEN program_limit_exceeded THEN
            reason := format('%s, and its key can''t be read: %s', reason, SQLERRM);
        END;
    END IF;
    seq := coalesce(seq, nextval('aurora_trigger.event_seq'));
    -- A row of the outbox can have just so much room that a letter has none: it must not be in the
    -- way of all others.
    BEGIN
        letter := json_build_object('seq', seq, 'op', op, 'before', before, 'after', after);
    EXCEPTION WHEN program_limit_exceeded OR out_of_memory OR internal_error THEN
        reason := format('%s, and both images do not fit into one letter: %s', reason, SQLERRM);
        letter := json_build_object('seq', seq, 'op', op);
    END;
    INSERT INTO aurora_trigger.dead_letter
        (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
    SELECT
        reason,
        schema_name,
        table_name,
        fingerprint,
        -- Where the row of the settings is lost, the event must not be.
        (SELECT coalesce(max(s.epoch), 0) FROM aurora_trigger.settings AS s),
        tx_id,
        ts_us,
        capture,
        letter;
    RETURN NULL;
END
$body$;
ALTER FUNCTION
    aurora_trigger.reduce(
        text, text, text, text, bigint, bigint, bigint, "char", json, json, bigint
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.reduce(
        text, text, text, text, bigint, bigint, bigint, "char", json, json, bigint
    )
    FROM PUBLIC;

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

-- Brings the index up to date by which events are found not to be needed: nobody vacuums the
-- outbox.
CREATE OR REPLACE FUNCTION aurora_trigger.summarize()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF pg_relation_size('aurora_trigger.outbox_0') > 200000 THEN
        PERFORM brin_summarize_new_values('aurora_trigger.outbox_0_transaction');
    END IF;
    IF pg_relation_size('aurora_trigger.outbox_1') > 200000 THEN
        PERFORM brin_summarize_new_values('aurora_trigger.outbox_1_transaction');
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.summarize() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.summarize() FROM PUBLIC;

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
    -- What is read must be read after the lock is held, so by other statements.
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
    -- What it is where nothing has to be moved.
    SELECT
        NULL::text[] AS ids, NULL::bigint[] AS positions, NULL::bigint[] AS times,
        NULL::bigint[] AS ordinals, NULL::bigint[] AS numbers
    INTO moved;
    IF seen.has_repeated THEN
        SELECT
            array_agg(m.id) AS ids,
            array_agg(m.position) AS positions,
            array_agg(m.ts_us) AS times,
            array_agg(m.ordinal) AS ordinals,
            array_agg(m.seq) AS numbers
        INTO moved
        FROM (
            WITH event AS (
                SELECT
                    e.relation,
                    e.place,
                    e.position,
                    e.seq,
                    e.ordinal,
                    e.tx_id,
                    e.ts_us,
                    e.schema_name,
                    e.table_name,
                    e.key_hash,
                    -- Nothing moves across a TRUNCATE of its table.
                    sum(CASE WHEN e.op = 't' THEN 1 ELSE 0 END) OVER (
                        PARTITION BY e.tx_id, e.schema_name, e.table_name
                        ORDER BY e.position, e.ts_us, e.seq, e.ordinal
                        ROWS UNBOUNDED PRECEDING
                    ) AS part,
                    md5(e.before::text) AS before,
                    md5(e.after::text) AS after
                FROM (
                    {% include "outbox/uncollected.sql" %}
                ) AS e
                JOIN aurora_trigger.stream_table AS t
                    ON t.schema_name = e.schema_name AND t.table_name = e.table_name
                WHERE t.has_key AND e.key IS NULL AND (
                    e.op = 't' OR (e.tx_id, e.key_hash) IN (
                        SELECT r.tx_id, r.key_hash
                        FROM (
                            {% include "outbox/uncollected.sql" %}
                        ) AS r
                        GROUP BY r.tx_id, r.key_hash
                        HAVING count(*) > 1
                    )
                )
            ), link AS (
                SELECT
                    e.*,
                    row_number() OVER row_order AS nth,
                    e.before IS DISTINCT FROM lag(e.after) OVER row_order
                        AND row_number() OVER row_order > 1 AS is_broken
                FROM event AS e
                WHERE e.key_hash IS NOT NULL
                WINDOW row_order AS (
                    PARTITION BY e.tx_id, e.schema_name, e.table_name, e.key_hash, e.part
                    ORDER BY e.position, e.ts_us, e.seq, e.ordinal
                )
            ), edge AS (
                SELECT
                    l.*,
                    dense_rank() OVER (
                        ORDER BY l.tx_id, l.schema_name, l.table_name, l.key_hash, l.part
                    ) AS row_number
                FROM (
                    SELECT
                        l.*,
                        bool_or(l.is_broken) OVER (
                            PARTITION BY
                                l.tx_id, l.schema_name, l.table_name, l.key_hash, l.part
                        ) AS has_broken
                    FROM link AS l
                ) AS l
                WHERE l.has_broken
            ), node AS (
                SELECT
                    image.row_number,
                    image.digest,
                    row_number() OVER (PARTITION BY image.row_number ORDER BY image.digest)::integer
                        AS number
                FROM (
                    SELECT e.row_number, coalesce(e.before, '') FROM edge AS e
                    UNION
                    SELECT e.row_number, coalesce(e.after, '') FROM edge AS e
                ) AS image (row_number, digest)
            ), broken AS (
                SELECT
                    e.relation,
                    array_agg(e.place ORDER BY e.nth) AS places,
                    array_agg(e.position ORDER BY e.nth) AS positions,
                    array_agg(e.ts_us ORDER BY e.nth) AS times,
                    array_agg(e.ordinal ORDER BY e.nth) AS ordinals,
                    array_agg(e.seq ORDER BY e.nth) AS numbers,
                    array_agg(source.number ORDER BY e.nth) AS edges_from,
                    array_agg(target.number ORDER BY e.nth) AS edges_to,
                    (array_agg(e.after ORDER BY e.nth DESC))[1] IS NULL AS is_gone
                FROM edge AS e
                JOIN node AS source
                    ON source.row_number = e.row_number AND source.digest = coalesce(e.before, '')
                JOIN node AS target
                    ON target.row_number = e.row_number AND target.digest = coalesce(e.after, '')
                GROUP BY e.row_number, e.relation
            )
            SELECT
                b.relation::text || b.places[n.edge]::text AS id,
                b.positions[n.number] AS position,
                b.times[n.number] AS ts_us,
                b.ordinals[n.number] AS ordinal,
                b.numbers[n.number] AS seq
            FROM broken AS b
            CROSS JOIN LATERAL unnest(
                aurora_trigger.chain_order(b.edges_from, b.edges_to, b.is_gone)
            ) WITH ORDINALITY AS n (edge, number)
            WHERE n.edge <> n.number
        ) AS m;
    END IF;
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
