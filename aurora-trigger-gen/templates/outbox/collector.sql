-- The snapshot of the moment, with the transaction at hand among those that are open: PostgreSQL
-- leaves it out of its list.
CREATE OR REPLACE FUNCTION aurora_trigger.committed()
RETURNS txid_snapshot
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT CASE
            WHEN own.tx_id >= txid_snapshot_xmax(s.shown) THEN s.shown
            ELSE concat(
                least(txid_snapshot_xmin(s.shown), own.tx_id), ':',
                txid_snapshot_xmax(s.shown), ':',
                (
                    SELECT string_agg(open.tx_id::text, ',' ORDER BY open.tx_id)
                    FROM (
                        SELECT txid_snapshot_xip(s.shown) UNION SELECT own.tx_id
                    ) AS open (tx_id)
                )
            )::txid_snapshot
        END
        FROM (VALUES (txid_current_snapshot())) AS s (shown)
        CROSS JOIN (VALUES (txid_current())) AS own (tx_id)
    );
END
$body$;
ALTER FUNCTION aurora_trigger.committed() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.committed() FROM PUBLIC;

-- True if this server wrote the collector's row. A row that was copied, by a dump or by
-- replication, counts the transactions of another server.
CREATE OR REPLACE FUNCTION aurora_trigger.is_sealed()
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM aurora_trigger.collector AS c
        JOIN aurora_trigger.collector_seal AS s ON s.written_by = c.xmin::text
    );
END
$body$;
ALTER FUNCTION aurora_trigger.is_sealed() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_sealed() FROM PUBLIC;

-- Writes down how far the collector has come.
CREATE OR REPLACE FUNCTION aurora_trigger.note_collector(state aurora_trigger.collector)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    WITH noted AS (
        UPDATE aurora_trigger.collector AS c
        SET done = state.done,
            done_us = state.done_us,
            next_snapshots = state.next_snapshots,
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
    UPDATE aurora_trigger.collector_seal AS s SET written_by = n.written_by FROM noted AS n;
END
$body$;
ALTER FUNCTION aurora_trigger.note_collector(aurora_trigger.collector) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.note_collector(aurora_trigger.collector) FROM PUBLIC;

-- The transactions that were open when a snapshot was taken, and have ended in a later one.
CREATE OR REPLACE FUNCTION aurora_trigger.ended_since(
    earlier txid_snapshot, later txid_snapshot
)
RETURNS bigint[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN ARRAY(
        SELECT open.tx_id
        FROM txid_snapshot_xip(earlier) AS open (tx_id)
        WHERE txid_visible_in_snapshot(open.tx_id, later)
    );
END
$body$;
ALTER FUNCTION aurora_trigger.ended_since(txid_snapshot, txid_snapshot) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.ended_since(txid_snapshot, txid_snapshot) FROM PUBLIC;

-- True if there is something to collect. It takes no lock, since a drain asks each time.
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
    IF this.upto IS NOT NULL
        OR cardinality(this.next_snapshots) > 0
        OR EXISTS (SELECT FROM aurora_trigger.kept)
        OR EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id >= done_xmax)
        OR EXISTS (SELECT FROM aurora_trigger.queue AS q WHERE q.tx_id >= done_xmax)
        OR NOT aurora_trigger.is_sealed()
    THEN
        RETURN true;
    END IF;
    -- A look into all queues takes a while, where there are many.
    IF done_open <> '{}' THEN
        IF EXISTS (SELECT FROM aurora_trigger.outbox AS o WHERE o.tx_id = ANY (done_open))
            OR EXISTS (SELECT FROM aurora_trigger.queue AS q WHERE q.tx_id = ANY (done_open))
        THEN
            RETURN true;
        END IF;
    END IF;
    -- So that the events of a transaction that stays open are not looked at each time.
    RETURN EXISTS (
            SELECT FROM txid_snapshot_xip(shown) AS open (tx_id) WHERE open.tx_id >= done_xmax
        )
        AND EXISTS (
            SELECT FROM aurora_trigger.part AS p WHERE pg_relation_size(p.id) > worthwhile
        );
END
$body$;
ALTER FUNCTION aurora_trigger.has_uncollected() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.has_uncollected() FROM PUBLIC;

-- True if no row of a part waits. The caller holds a lock on it that no writer has.
CREATE OR REPLACE FUNCTION aurora_trigger.is_collected(part text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    done txid_snapshot;
    is_collected boolean;
BEGIN
    SELECT c.done
    INTO done
    FROM aurora_trigger.collector AS c
    WHERE c.upto IS NULL AND aurora_trigger.is_sealed();
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I AS w WHERE w.tx_id >= $1) '
        'AND NOT EXISTS (SELECT FROM aurora_trigger.%1$I AS w WHERE w.tx_id = ANY ($2))',
        part
    )
    INTO is_collected
    USING txid_snapshot_xmax(done), ARRAY(SELECT txid_snapshot_xip(done));
    RETURN is_collected;
END
$body$;
ALTER FUNCTION aurora_trigger.is_collected(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_collected(text) FROM PUBLIC;

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
    everything aurora_trigger.collector;
BEGIN
    LOCK TABLE aurora_trigger.outbox, aurora_trigger.queue IN ACCESS EXCLUSIVE MODE;
    SELECT c.* INTO this FROM aurora_trigger.collector AS c;
    everything := this;
    everything.upto := '9223372036854775807:9223372036854775807:';
    -- By the clock, since the other server's log was longer or shorter than that of this one.
    UPDATE aurora_trigger.kept AS k SET position = 0;
    WITH event AS (
        SELECT e.*
        FROM aurora_trigger.captured_events(
            everything, 0, '{}', false, 0, true,
            ARRAY(SELECT s.events_name FROM aurora_trigger.stream_queue AS s), '{}'
        ) AS e
        WHERE NOT txid_visible_in_snapshot(e.tx_id, this.done)
                AND NOT coalesce(
                    txid_visible_in_snapshot(e.tx_id, this.upto) AND (
                        (e.position, e.ts_us) <= (this.part_position, this.part_us)
                        OR (e.position, e.ts_us) <= (this.part_end_position, this.part_end_us)
                            AND e.key_hash < this.next_hash
                    ),
                    false
                )
            -- Written here since then.
            OR e.ts_us > CASE WHEN this.upto IS NULL THEN this.done_us ELSE this.upto_us END
    ), number AS (
        SELECT
            aurora_trigger.take_numbers('aurora_trigger.event_seq', count(*)) AS number_before
        FROM event AS e
    )
    INSERT INTO aurora_trigger.kept (
        seq, position, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op, key_hash,
        before, after, key, at_commit
    )
    SELECT
        (SELECT n.number_before FROM number AS n)
            + row_number() OVER (ORDER BY e.ts_us, e.position, e.ordinal),
        0, e.tx_id, e.ts_us, e.schema_name, e.table_name, e.fingerprint, e.capture, e.op,
        e.key_hash, e.before, e.after, e.key, false
    FROM event AS e;
    TRUNCATE aurora_trigger.queue;
    TRUNCATE aurora_trigger.outbox;
    this.done := aurora_trigger.committed();
    this.done_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    this.next_snapshots := '{}';
    this.upto := NULL;
    PERFORM aurora_trigger.note_collector(this);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$body$;
ALTER FUNCTION aurora_trigger.adopt_events() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.adopt_events() FROM PUBLIC;

-- Brings the index up to date by which events are found not to be needed: nobody vacuums the
-- outbox.
CREATE OR REPLACE FUNCTION aurora_trigger.summarize()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    index_id oid;
BEGIN
    FOR index_id IN
        SELECT i.indexrelid
        FROM aurora_trigger.part AS p
        JOIN pg_index AS i ON i.indrelid = p.id
        WHERE pg_relation_size(p.id) > 200000
    LOOP
        PERFORM brin_summarize_new_values(index_id);
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.summarize() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.summarize() FROM PUBLIC;
