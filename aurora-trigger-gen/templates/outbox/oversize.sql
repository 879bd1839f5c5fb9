-- The key of an event that is too big for a call, all that is left of it, if the key can be read
-- and the table wants it. Otherwise the event becomes a dead letter, and NULL is returned. bytes:
-- NULL where no UTF-8 tells it.
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
        -- The event must not be lost where the row of the settings is.
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
