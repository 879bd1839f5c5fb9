-- Events of the outbox as the payload of a call: a batch for each capture. A capture sees rows that
-- its transaction has locked, so of two that saw the same row all of one is before all of the
-- other.
CREATE OR REPLACE FUNCTION aurora_trigger.payload(places tid[], invocation text)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    RETURN (
        SELECT json_build_object(
            'aurora_trigger', {{ format_version }},
            'invocation', invocation,
            'partial', invocation = 'RequestResponse',
            'batches', json_agg(b.batch ORDER BY b.first)
        )
        FROM (
            SELECT
                min(o.position) AS first,
                json_build_object(
                    'source', json_build_object(
                        'db', current_database(),
                        'schema', o.schema_name,
                        'table', o.table_name,
                        'fingerprint', o.fingerprint,
                        'epoch', (SELECT s.epoch FROM aurora_trigger.settings AS s),
                        'txId', o.tx_id,
                        'ts_us', o.ts_us,
                        'capture', o.capture,
                        'snapshot', false
                    ),
                    'events', json_agg(
                        CASE
                            WHEN o.key IS NOT NULL AND o.seq IS NULL THEN json_build_object(
                                'seq', o.position, 'op', o.op, 'key', o.key, 'oversized', true
                            )
                            WHEN o.key IS NOT NULL THEN json_build_object(
                                'seq', o.seq, 'position', o.position,
                                'op', o.op, 'key', o.key, 'oversized', true
                            )
                            WHEN o.seq IS NOT NULL THEN json_build_object(
                                'seq', o.seq, 'position', o.position,
                                'op', o.op, 'before', o.before, 'after', o.after
                            )
                            ELSE json_build_object(
                                'seq', o.position, 'op', o.op, 'before', o.before, 'after', o.after
                            )
                        END
                        ORDER BY o.position
                    )
                ) AS batch
            FROM aurora_trigger.outbox AS o
            WHERE o.ctid = ANY (places)
            GROUP BY
                o.schema_name, o.table_name, o.fingerprint, o.tx_id, o.ts_us, o.capture
        ) AS b
    );
END
$body$;
ALTER FUNCTION aurora_trigger.payload(tid[], text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.payload(tid[], text) FROM PUBLIC;

-- Notes a call that failed, for each table whose events it had. It only ever inserts: writers whose
-- calls fail at one time must not wait for each other.
CREATE OR REPLACE FUNCTION aurora_trigger.note_failed_call(
    caller text,
    of_lane smallint,
    places tid[],
    error_state text,
    error_message text,
    error_detail text
)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $body$
    INSERT INTO aurora_trigger.failed_call
        (caller, lane, schema_name, table_name, events, sqlstate, message, detail)
    SELECT
        caller,
        of_lane,
        o.schema_name,
        o.table_name,
        count(*),
        error_state,
        error_message,
        error_detail
    FROM aurora_trigger.outbox AS o
    WHERE o.ctid = ANY (places)
    GROUP BY o.schema_name, o.table_name
$body$;
ALTER FUNCTION aurora_trigger.note_failed_call(text, smallint, tid[], text, text, text)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.note_failed_call(text, smallint, tid[], text, text, text)
    FROM PUBLIC;
