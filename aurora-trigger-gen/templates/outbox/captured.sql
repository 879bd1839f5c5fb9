-- An image as JSON. NULL: it is so long that two of them might not fit into a row of PostgreSQL's
-- own, or into no text at all.
CREATE OR REPLACE FUNCTION aurora_trigger.big_image(image anyelement)
RETURNS json
LANGUAGE plpgsql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    json_image json;
BEGIN
    json_image := to_json(image);
    RETURN CASE WHEN octet_length(json_image::text) <= 250000000 THEN json_image END;
EXCEPTION WHEN program_limit_exceeded OR out_of_memory THEN
    RETURN NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.big_image(anyelement) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.big_image(anyelement) FROM PUBLIC;

-- The queues that hold something of the collection, by the names of their functions, and how many
-- events there are in them and in the outbox, or some more: an UPDATE that changed nothing is
-- counted, too.
CREATE OR REPLACE FUNCTION aurora_trigger.queues_to_collect(
    done_xmax bigint, done_open bigint[], upto txid_snapshot, OUT queues text[], OUT events bigint
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    SELECT coalesce(array_agg(DISTINCT s.events_name), '{}'), coalesce(sum(w.events), 0)::bigint
    INTO queues, events
    FROM (
        SELECT q.tableoid AS part, count(*) FILTER (WHERE q.op NOT IN ('N', 'X', 'Y')) AS events
        FROM aurora_trigger.queue AS q
        WHERE (
                q.tx_id >= done_xmax AND q.tx_id < txid_snapshot_xmax(upto)
                OR q.tx_id = ANY (done_open)
            )
            AND txid_visible_in_snapshot(q.tx_id, upto)
        GROUP BY q.tableoid
    ) AS w
    JOIN pg_class AS c ON c.oid = w.part
    JOIN aurora_trigger.stream_queue AS s ON c.relname = ANY (s.parts);
    events := events + (
        SELECT count(*)
        FROM aurora_trigger.outbox AS o
        WHERE (
                o.tx_id >= done_xmax AND o.tx_id < txid_snapshot_xmax(upto)
                OR o.tx_id = ANY (done_open)
            )
            AND txid_visible_in_snapshot(o.tx_id, upto)
    );
END
$body$;
ALTER FUNCTION aurora_trigger.queues_to_collect(bigint, bigint[], txid_snapshot)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.queues_to_collect(bigint, bigint[], txid_snapshot)
    FROM PUBLIC;

-- Divides the events between two snapshots into collections of about part_events events. Returns
-- the snapshot at which each collection ends. A collection takes whole transactions, in the order
-- of their last statements: of two transactions that changed one row, the second one waited for the
-- end of the first one.
CREATE OR REPLACE FUNCTION aurora_trigger.collection_snapshots(
    done txid_snapshot, done_open bigint[], upto txid_snapshot, part_events bigint
)
RETURNS txid_snapshot[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    RETURN (
        WITH waiting AS (
            SELECT w.tx_id, count(*) AS events, max(w.position) AS position, max(w.ts_us) AS ts_us
            FROM (
                SELECT o.tx_id, o.position, o.ts_us FROM aurora_trigger.outbox AS o
                UNION ALL
                SELECT q.tx_id, q.position, q.ts_us FROM aurora_trigger.queue AS q
            ) AS w
            WHERE (
                    w.tx_id >= txid_snapshot_xmax(done) AND w.tx_id < txid_snapshot_xmax(upto)
                    OR w.tx_id = ANY (done_open)
                )
                AND txid_visible_in_snapshot(w.tx_id, upto)
            GROUP BY w.tx_id
        ), taken AS (
            SELECT s.tx_id, dense_rank() OVER (ORDER BY s.share) AS part
            FROM (
                SELECT
                    w.tx_id,
                    (sum(w.events) OVER commit_order - w.events)::bigint / part_events AS share
                FROM waiting AS w
                WINDOW commit_order AS (
                    ORDER BY w.position, w.ts_us, w.tx_id ROWS UNBOUNDED PRECEDING
                )
            ) AS s
        ), part AS (
            SELECT
                t.part,
                greatest(
                    txid_snapshot_xmax(done), max(max(t.tx_id)) OVER (ORDER BY t.part) + 1
                ) AS xmax
            FROM taken AS t
            GROUP BY t.part
        ), left_out AS (
            -- Began before a transaction that is taken in an earlier part.
            SELECT t.tx_id, t.part
            FROM taken AS t
            JOIN part AS p ON p.part = t.part - 1
            WHERE t.tx_id < p.xmax
            UNION ALL
            SELECT open.tx_id, 9223372036854775807 FROM txid_snapshot_xip(upto) AS open (tx_id)
        )
        SELECT array_agg(
            concat(coalesce(p.xmin, p.xmax), ':', p.xmax, ':', p.open)::txid_snapshot
            ORDER BY p.part
        )
        FROM (
            SELECT
                p.part,
                p.xmax,
                min(l.tx_id) AS xmin,
                string_agg(l.tx_id::text, ',' ORDER BY l.tx_id) AS open
            FROM part AS p
            LEFT JOIN left_out AS l ON l.part > p.part AND l.tx_id < p.xmax
            GROUP BY p.part, p.xmax
        ) AS p
    );
END
$body$;
ALTER FUNCTION
    aurora_trigger.collection_snapshots(txid_snapshot, bigint[], txid_snapshot, bigint)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.collection_snapshots(txid_snapshot, bigint[], txid_snapshot, bigint)
    FROM PUBLIC;

-- The events of a step of the collector: of these queues, of the outbox, and the kept ones at these
-- places.
CREATE OR REPLACE FUNCTION aurora_trigger.captured_events(
    this aurora_trigger.collector,
    done_xmax bigint,
    done_open bigint[],
    is_divided boolean,
    last_hash bigint,
    is_last boolean,
    queues text[],
    kept_places tid[]
)
RETURNS SETOF aurora_trigger.captured_event
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    events_name text;
BEGIN
    FOREACH events_name IN ARRAY queues LOOP
        RETURN QUERY EXECUTE
            format('SELECT * FROM aurora_trigger.%I($1, $2, $3, $4, $5)', events_name)
        USING this, done_xmax, done_open, is_divided, last_hash;
    END LOOP;
    RETURN QUERY
    SELECT
        NULL::bigint AS seq, o.position, o.ordinal, o.tx_id, o.ts_us, o.schema_name,
        o.table_name, o.fingerprint, o.capture, o.op, o.key_hash, o.before, o.after,
        NULL::json AS key
    FROM aurora_trigger.outbox AS o
    WHERE (
            o.tx_id >= done_xmax AND o.tx_id < txid_snapshot_xmax(this.upto)
            OR o.tx_id = ANY (done_open)
        )
        AND txid_visible_in_snapshot(o.tx_id, this.upto)
        AND (
            NOT is_divided
            OR (o.position, o.ts_us) > (this.part_position, this.part_us)
                AND (o.position, o.ts_us) <= (this.part_end_position, this.part_end_us)
                AND coalesce(o.key_hash BETWEEN this.next_hash AND last_hash, is_last)
        )
    UNION ALL
    SELECT
        k.seq, k.position, 0, k.tx_id, k.ts_us, k.schema_name, k.table_name, k.fingerprint,
        k.capture, k.op, k.key_hash, k.before, k.after, k.key
    FROM aurora_trigger.kept AS k
    WHERE k.ctid = ANY (kept_places);
END
$body$;
ALTER FUNCTION
    aurora_trigger.captured_events(
        aurora_trigger.collector, bigint, bigint[], boolean, bigint, boolean, text[], tid[]
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.captured_events(
        aurora_trigger.collector, bigint, bigint[], boolean, bigint, boolean, text[], tid[]
    )
    FROM PUBLIC;
