-- Drops the queues of a table that are collected, but those that are kept. A write that began
-- before the installation may still have a function that writes into an old one: so that one is
-- dropped when all transactions have ended that were open when it went out of use. kept is empty:
-- the table is no longer captured, and nobody writes. A queue that is in use is left to the next
-- installation.
CREATE OR REPLACE FUNCTION aurora_trigger.drop_queues(
    schema_name text, table_name text, kept text[]
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    oldest_open CONSTANT bigint := txid_snapshot_xmin(txid_current_snapshot());
    found record;
    part text;
BEGIN
    FOR found IN
        SELECT s.*
        FROM aurora_trigger.stream_queue AS s
        WHERE s.schema_name = drop_queues.schema_name AND s.table_name = drop_queues.table_name
            AND s.events_name <> ALL (kept)
            AND (kept = '{}' OR s.retired_by < oldest_open)
    LOOP
        BEGIN
            FOREACH part IN ARRAY found.parts LOOP
                EXECUTE format(
                    'LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part
                );
                IF NOT aurora_trigger.is_collected(part) THEN
                    -- The locks would be held until the end.
                    RAISE lock_not_available;
                END IF;
            END LOOP;
            EXECUTE format(
                'DROP FUNCTION aurora_trigger.%I(aurora_trigger.collector, bigint, bigint[], '
                'boolean, bigint)', found.events_name
            );
            FOREACH part IN ARRAY found.parts LOOP
                EXECUTE format('DROP TABLE aurora_trigger.%I', part);
            END LOOP;
            EXECUTE format('DROP TYPE aurora_trigger.%I', found.image_name);
            DELETE FROM aurora_trigger.stream_queue AS s WHERE s.events_name = found.events_name;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    UPDATE aurora_trigger.stream_queue AS s
    SET retired_by = txid_current()
    WHERE s.schema_name = drop_queues.schema_name AND s.table_name = drop_queues.table_name
        AND s.events_name <> ALL (kept) AND s.retired_by IS NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.drop_queues(text, text, text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.drop_queues(text, text, text[]) FROM PUBLIC;
