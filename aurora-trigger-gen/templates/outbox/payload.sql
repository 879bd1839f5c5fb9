-- The payload of a call with these batches, each without its end; NULL: with none. They come in the
-- order of their events, so a capture that others interrupted is in several of them. The relay
-- makes a metric of the number of dead letters, which is counted to a thousand.
CREATE OR REPLACE FUNCTION aurora_trigger.payload(invocation text, batches text)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN concat(
        '{"aurora_trigger":', {{ format_version }}, ',"invocation":"', invocation, '"',
        CASE invocation
            WHEN 'RequestResponse' THEN concat(
                ',"partial":', 'true',
                ',"dead_letters":', (
                    SELECT count(*) FROM (
                        SELECT FROM aurora_trigger.dead_letter AS d LIMIT 1000
                    ) AS counted
                )
            )
        END,
        ',"batches":[', batches || ']}', ']}'
    )::json;
END
$body$;
ALTER FUNCTION aurora_trigger.payload(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.payload(text, text) FROM PUBLIC;

-- Notes a call that failed, for each table whose events it had, or none where it failed before they
-- were known. It only ever inserts: writers whose calls fail at one time must not wait for each
-- other.
CREATE OR REPLACE FUNCTION aurora_trigger.note_failed_call(
    caller text,
    lanes smallint[],
    schema_names text[],
    table_names text[],
    events bigint[],
    error_state text,
    error_message text,
    error_detail text
)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    INSERT INTO aurora_trigger.failed_call
        (caller, lanes, schema_name, table_name, events, sqlstate, message, detail)
    SELECT
        caller,
        note_failed_call.lanes,
        t.schema_name,
        t.table_name,
        coalesce(sum(t.events), 0),
        error_state,
        error_message,
        error_detail
    FROM (VALUES (true)) AS call (failed)
    LEFT JOIN unnest(schema_names, table_names, events) AS t (schema_name, table_name, events)
        ON true
    GROUP BY t.schema_name, t.table_name
$body$;
ALTER FUNCTION
    aurora_trigger.note_failed_call(
        text, smallint[], text[], text[], bigint[], text, text, text
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.note_failed_call(
        text, smallint[], text[], text[], bigint[], text, text, text
    )
    FROM PUBLIC;
