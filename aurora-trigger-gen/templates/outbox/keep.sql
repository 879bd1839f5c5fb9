-- The key of a row, of its image: by it a row has its lane, as a text that the capture makes of the
-- columns.
CREATE OR REPLACE FUNCTION aurora_trigger.row_key(image json, key_names text[])
RETURNS text
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE cardinality(key_names)
        WHEN 1 THEN aurora_trigger.member(image, key_names[1])::text
        ELSE (
            SELECT json_agg(aurora_trigger.member(image, name))::text
            FROM unnest(key_names) AS name
        )
    END
$body$;
ALTER FUNCTION aurora_trigger.row_key(json, text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.row_key(json, text[]) FROM PUBLIC;

-- Puts events into the outbox that were made for a call. One that can't be taken apart, as it is
-- nested too deep, becomes a dead letter.
CREATE OR REPLACE FUNCTION aurora_trigger.keep(
    tx_id bigint,
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    ts_us bigint,
    key_names text[],
    events json[]
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_variable
DECLARE
    event json;
BEGIN
    -- One that could not be read is a text.
    IF json_typeof(events[1]) = 'string' THEN
        RAISE program_limit_exceeded;
    END IF;
    INSERT INTO aurora_trigger.kept (
        seq, position, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op, key_hash,
        before, after, key, at_commit
    )
    SELECT
        parts.seq,
        aurora_trigger.statement_position(),
        tx_id,
        ts_us,
        schema_name,
        table_name,
        fingerprint,
        capture,
        parts.op,
        CASE
            WHEN parts.op <> 't' THEN aurora_trigger.key_hash(
                aurora_trigger.row_key(coalesce(parts.after, parts.before, parts.key), key_names)
            )
        END,
        parts.before,
        parts.after,
        parts.key,
        false
    FROM unnest(events) AS e (whole)
    CROSS JOIN LATERAL (
        SELECT
            aurora_trigger.member(e.whole, 'seq')::text::bigint AS seq,
            (aurora_trigger.member(e.whole, 'op') #>> '{}')::"char" AS op,
            aurora_trigger.member(e.whole, 'before') AS before,
            aurora_trigger.member(e.whole, 'after') AS after,
            aurora_trigger.member(e.whole, 'key') AS key
    ) AS parts;
EXCEPTION WHEN program_limit_exceeded THEN
    IF cardinality(events) > 1 THEN
        FOREACH event IN ARRAY events LOOP
            PERFORM aurora_trigger.keep(
                tx_id, schema_name, table_name, fingerprint, capture, ts_us, key_names,
                ARRAY[event]
            );
        END LOOP;
    ELSE
        INSERT INTO aurora_trigger.dead_letter
            (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
        SELECT
            format('it is nested too deep to be read: %s', SQLERRM),
            schema_name,
            table_name,
            fingerprint,
            -- Where the row of the settings is lost, the event must not be.
            (SELECT coalesce(max(s.epoch), 0) FROM aurora_trigger.settings AS s),
            tx_id,
            ts_us,
            capture,
            events[1];
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.keep(bigint, text, text, text, text, bigint, text[], json[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.keep(bigint, text, text, text, text, bigint, text[], json[])
    FROM PUBLIC;

-- Sends the events of a write that must neither fail nor lose them: what the call does not take is
-- kept in the outbox. Takes and returns how many calls of the statement have failed: after three it
-- makes no more, since each could take the time-out, with the transaction's locks held.
CREATE OR REPLACE FUNCTION aurora_trigger.send_or_keep(
    failed_calls integer,
    invocation text,
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    ts_us bigint,
    key_names text[],
    events json[]
)
RETURNS integer
LANGUAGE plpgsql
AS $body$
DECLARE
    error_state text;
    error_message text;
    error_detail text;
BEGIN
    IF failed_calls < 3 AND EXISTS (
        SELECT FROM aurora_trigger.settings AS s WHERE s.function_name IS NOT NULL
    ) AND NOT EXISTS (
        SELECT FROM aurora_trigger.stream_table AS s
        WHERE s.schema_name = send_or_keep.schema_name
            AND s.table_name = send_or_keep.table_name
            AND s.paused
    ) THEN
        BEGIN
            IF aurora_trigger.send(
                invocation, schema_name, table_name, fingerprint, capture, ts_us, events
            ) THEN
                RETURN failed_calls;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                error_state = RETURNED_SQLSTATE,
                error_message = MESSAGE_TEXT,
                error_detail = PG_EXCEPTION_DETAIL;
        END;
        IF error_state IS NOT NULL THEN
            INSERT INTO aurora_trigger.failed_call
                (caller, schema_name, table_name, events, sqlstate, message, detail)
            VALUES (
                'async', schema_name, table_name, cardinality(events),
                error_state, error_message, error_detail
            );
            failed_calls := failed_calls + 1;
        END IF;
    END IF;
    PERFORM aurora_trigger.keep(
        txid_current(), schema_name, table_name, fingerprint, capture, ts_us, key_names, events
    );
    RETURN failed_calls;
END
$body$;
ALTER FUNCTION
    aurora_trigger.send_or_keep(integer, text, text, text, text, text, bigint, text[], json[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.send_or_keep(integer, text, text, text, text, text, bigint, text[], json[])
    FROM PUBLIC;
