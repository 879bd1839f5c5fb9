{% include "step_end.sql" %}

DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF to_regclass('aurora_trigger.at_commit') IS NULL THEN
        -- A row is gone when its transaction ends, so a crash loses none. No publication has it.
        CREATE UNLOGGED TABLE aurora_trigger.at_commit (
            tx_id bigint PRIMARY KEY,
            is_last boolean NOT NULL DEFAULT false
        ) WITH (
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_cost_delay = 0
        );
        ALTER TABLE aurora_trigger.at_commit OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.at_commit IS
            'The transactions that send their events when they commit. Empty for everybody else.';
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}

-- Has the events that are kept at these places sent when the transaction commits. They are noted in
-- a setting, which a savepoint's rollback takes back. Any role can write it: who does can leave
-- their own events to the drain, and no more, since each is looked at before it is sent.
CREATE OR REPLACE FUNCTION aurora_trigger.send_later(places text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    earlier text := current_setting('aurora_trigger.kept', true);
BEGIN
    -- More than its calls will take is left to the drain.
    IF octet_length(earlier) < 64000 IS NOT FALSE THEN
        PERFORM set_config(
            'aurora_trigger.kept', concat_ws(' ', nullif(earlier, ''), places), true
        );
    END IF;
    INSERT INTO aurora_trigger.at_commit (tx_id) VALUES (txid_current()) ON CONFLICT DO NOTHING;
END
$body$;
ALTER FUNCTION aurora_trigger.send_later(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.send_later(text) FROM PUBLIC;

-- Sends the events of the transaction that commits, as far as four calls take them. What fails, and
-- what is left, is left to the drain, and nobody's COMMIT fails for it.
CREATE OR REPLACE FUNCTION aurora_trigger.send_at_commit()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    kept text;
    kept_places tid[];
    batch record;
    target text;
    target_region text;
    error_state text;
    error_message text;
    error_detail text;
BEGIN
    -- By its place: who reads the index is, for SERIALIZABLE, in the way of all who insert.
    DELETE FROM aurora_trigger.at_commit AS a WHERE a.ctid = NEW.ctid;
    IF NOT NEW.is_last THEN
        -- Once more round, behind the deferred triggers of others, which may write as well.
        INSERT INTO aurora_trigger.at_commit (tx_id, is_last) VALUES (NEW.tx_id, true);
        RETURN NULL;
    END IF;
    SELECT s.function_name, s.region INTO target, target_region FROM aurora_trigger.settings AS s;
    IF target IS NULL THEN
        RETURN NULL;
    END IF;
    kept := current_setting('aurora_trigger.kept', true);
    PERFORM set_config('aurora_trigger.kept', '', true);
    BEGIN
        kept_places := string_to_array(kept, ' ')::tid[];
    EXCEPTION WHEN invalid_text_representation THEN
        RETURN NULL; -- Somebody else wrote it.
    END;
    -- What it is where not even the choice succeeds.
    SELECT
        NULL::tid[] AS places, NULL::text[] AS schema_names, NULL::text[] AS table_names,
        NULL::bigint[] AS event_counts, NULL::text AS batches
    INTO batch;
    FOR calls IN 1..4 LOOP
        BEGIN
            batch := aurora_trigger.next_of_transaction(NEW.tx_id, kept_places);
            EXIT WHEN batch.places IS NULL;
            PERFORM aurora_trigger.invoke(
                target,
                target_region,
                aurora_trigger.payload('Event', batch.batches),
                'Event'
            );
            DELETE FROM aurora_trigger.kept AS k WHERE k.ctid = ANY (batch.places);
        EXCEPTION WHEN serialization_failure THEN
            RAISE; -- It is the application's, and nothing mends it.
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                error_state = RETURNED_SQLSTATE,
                error_message = MESSAGE_TEXT,
                error_detail = PG_EXCEPTION_DETAIL;
        END;
        IF error_state IS NOT NULL THEN
            PERFORM aurora_trigger.note_failed_call(
                'commit', NULL, batch.schema_names, batch.table_names, batch.event_counts,
                error_state, error_message, error_detail
            );
            EXIT;
        END IF;
    END LOOP;
    RETURN NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.send_at_commit() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.send_at_commit() FROM PUBLIC;

-- The next events of a transaction that commits, of these places. It reads no index and nothing of
-- others, which would make transactions fail under REPEATABLE READ or SERIALIZABLE.
CREATE OR REPLACE FUNCTION aurora_trigger.next_of_transaction(
    of_tx bigint,
    kept_places tid[],
    OUT places tid[],
    OUT schema_names text[],
    OUT table_names text[],
    OUT event_counts bigint[],
    OUT batches text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_indexscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
BEGIN
    SELECT
        array_agg(t.place ORDER BY t.slot),
        array_agg(t.schema_name ORDER BY t.slot),
        array_agg(t.table_name ORDER BY t.slot),
        array_agg(1::bigint),
        string_agg(
            {% include "outbox/event_text.sql" %},
            ''
            ORDER BY t.slot
        )
    INTO places, schema_names, table_names, event_counts, batches
    FROM (
        SELECT
            s.*,
            sum(
                s.event_bytes + CASE
                    WHEN getdatabaseencoding() = 'UTF8' THEN octet_length(s.source)
                    ELSE aurora_trigger.utf8_size(s.source)
                END
            ) OVER so_far AS bytes,
            row_number() OVER so_far = 1 AS is_first_of_piece
        FROM (
            SELECT
                p.*,
                CASE
                    WHEN p.capture IS DISTINCT FROM lag(p.capture) OVER (ORDER BY p.slot)
                    THEN {% include "outbox/source_text.sql" %}
                    ELSE ''
                END AS source
            FROM (
                SELECT
                    e.*,
                    e.ctid AS place,
                    e.seq AS slot,
                    NULL::bigint AS moved_to,
                    {% include "outbox/event_bytes.sql" %}
                FROM aurora_trigger.kept AS e
                WHERE e.ctid = ANY (kept_places)
                    AND e.tx_id = of_tx
                    AND e.at_commit
                    AND NOT EXISTS (
                        SELECT FROM aurora_trigger.stream_table AS t
                        WHERE t.schema_name = e.schema_name
                            AND t.table_name = e.table_name
                            AND t.paused
                    )
            ) AS p
            -- What is too big for this way, with its source, is left to the drain, whose way is
            -- wider.
            WHERE p.event_bytes <= {{ commit_bytes }} - 4000
        ) AS s
        WINDOW so_far AS (ORDER BY s.slot ROWS UNBOUNDED PRECEDING)
    ) AS t
    WHERE t.bytes <= {{ commit_bytes }};
END
$body$;
ALTER FUNCTION aurora_trigger.next_of_transaction(bigint, tid[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.next_of_transaction(bigint, tid[]) FROM PUBLIC;

{% include "step_end.sql" %}

DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF NOT EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = 'aurora_trigger.at_commit'::regclass AND t.tgname = 'send_at_commit'
    ) THEN
        CREATE CONSTRAINT TRIGGER send_at_commit
            AFTER INSERT ON aurora_trigger.at_commit
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION aurora_trigger.send_at_commit();
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}
