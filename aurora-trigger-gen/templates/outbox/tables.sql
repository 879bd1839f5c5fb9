DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    position_query pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF to_regclass('aurora_trigger.outbox') IS NULL THEN
        -- It has no number: a drain gives it one, in the order in which transactions committed.
        CREATE TABLE aurora_trigger.outbox (
            -- Its parts take turns: one is emptied while transactions write to the other.
            turn smallint NOT NULL,
            -- Grows from one statement to the next that changes the same row.
            position bigint NOT NULL,
            -- The event's place in its statement: a table does not keep the order of its rows.
            ordinal bigint NOT NULL,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            fingerprint text NOT NULL,
            capture text NOT NULL,
            op "char" NOT NULL,
            -- Of the row's key; NULL: a TRUNCATE.
            key_hash bigint,
            before json,
            after json
        ) PARTITION BY LIST (turn);
        -- Compressing would cost the writer more than the space is worth for seconds. And so a
        -- value's size is known without reading it.
        ALTER TABLE aurora_trigger.outbox
            ALTER COLUMN before SET STORAGE EXTERNAL,
            ALTER COLUMN after SET STORAGE EXTERNAL;
        ALTER TABLE aurora_trigger.outbox OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.outbox IS
            'Events as transactions wrote them. aurora_trigger.drain() collects them into batches.';
    END IF;
    FOR turn IN 0..1 LOOP
        IF to_regclass('aurora_trigger.outbox_' || turn) IS NULL THEN
            -- Nothing is changed or deleted, so there is nothing to vacuum.
            EXECUTE format(
                'CREATE TABLE aurora_trigger.outbox_%s PARTITION OF aurora_trigger.outbox '
                'FOR VALUES IN (%1$s) '
                'WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)',
                turn
            );
            EXECUTE format('ALTER TABLE aurora_trigger.outbox_%s OWNER TO aurora_trigger', turn);
            EXECUTE format(
                'CREATE INDEX outbox_%s_transaction ON aurora_trigger.outbox_%1$s '
                'USING brin (tx_id) WITH (pages_per_range = 16)',
                turn
            );
        END IF;
    END LOOP;
    IF to_regclass('aurora_trigger.queue') IS NULL THEN
        -- The common columns of the queues of all tables. Each queue has two parts, which take
        -- turns, too, and hold an image a row.
        CREATE TABLE aurora_trigger.queue (
            position bigint NOT NULL,
            -- The row's place in its statement, the same for both images of an UPDATE's row.
            ordinal bigint NOT NULL,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            -- c: created, d: deleted, o and n: the old and the new image of an updated one, O and
            -- N: the same where the statement lost rows, so that some O has no N. All but o and N
            -- are counted as an event.
            op "char" NOT NULL
        );
        ALTER TABLE aurora_trigger.queue OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.queue IS
            'Images as transactions wrote them. aurora_trigger.drain() collects them into batches.';
    END IF;
    IF to_regclass('aurora_trigger.stream_queue') IS NULL THEN
        CREATE TABLE aurora_trigger.stream_queue (
            -- The names of its objects in this schema.
            events_name text PRIMARY KEY,
            image_name text NOT NULL,
            parts text[] NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            -- The transaction since which it is out of use. What waits in it is still sent.
            retired_by bigint
        );
        ALTER TABLE aurora_trigger.stream_queue OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.stream_queue IS
            'The queues of the streamed tables, one for each version of a struct that still waits.';
    END IF;
    -- The tables that writers write to, which take turns and are emptied by TRUNCATE.
    CREATE OR REPLACE VIEW aurora_trigger.part AS
    SELECT i.inhrelid AS id
    FROM pg_inherits AS i
    WHERE i.inhparent IN ('aurora_trigger.outbox'::regclass, 'aurora_trigger.queue'::regclass);
    ALTER VIEW aurora_trigger.part OWNER TO aurora_trigger;
    IF to_regtype('aurora_trigger.captured_event') IS NULL THEN
        -- An event before it is collected.
        CREATE TYPE aurora_trigger.captured_event AS (
            -- NULL: it has no number yet.
            seq bigint,
            position bigint,
            ordinal bigint,
            tx_id bigint,
            ts_us bigint,
            schema_name text,
            table_name text,
            fingerprint text,
            capture text,
            op "char",
            key_hash bigint,
            before json,
            after json,
            key json
        );
        ALTER TYPE aurora_trigger.captured_event OWNER TO aurora_trigger;
        REVOKE ALL ON TYPE aurora_trigger.captured_event FROM PUBLIC;
    END IF;
    IF to_regclass('aurora_trigger.kept') IS NULL THEN
        CREATE TABLE aurora_trigger.kept (
            seq bigint NOT NULL,
            -- Makes the primary key unique whatever the numbers are: an insert must not fail for it
            -- where they come again, as after a restore. A publication needs the key.
            tiebreaker double precision NOT NULL DEFAULT random(),
            position bigint NOT NULL,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            fingerprint text NOT NULL,
            capture text NOT NULL,
            op "char" NOT NULL,
            key_hash bigint,
            before json,
            after json,
            -- Of an event that was too big: all that is left of it.
            key json,
            -- Whether the transaction that wrote it sends it itself, as long as it can.
            at_commit boolean NOT NULL,
            PRIMARY KEY (seq, tiebreaker)
        ) WITH (
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_cost_delay = 0,
            autovacuum_analyze_scale_factor = 0,
            autovacuum_analyze_threshold = 1000000000,
            toast.autovacuum_vacuum_scale_factor = 0,
            toast.autovacuum_vacuum_threshold = 5000,
            toast.autovacuum_vacuum_cost_delay = 0
        );
        ALTER TABLE aurora_trigger.kept
            ALTER COLUMN before SET STORAGE EXTERNAL,
            ALTER COLUMN after SET STORAGE EXTERNAL,
            ALTER COLUMN key SET STORAGE EXTERNAL;
        ALTER TABLE aurora_trigger.kept OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.kept IS
            'Events that have their number: for the end of their transaction, or after a call that '
            'failed. aurora_trigger.drain() collects them into batches.';
    END IF;
    IF to_regclass('aurora_trigger.collector') IS NULL THEN
        CREATE TABLE aurora_trigger.collector (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            -- The snapshot whose events of the outbox are collected.
            done txid_snapshot NOT NULL DEFAULT '1:1:',
            done_us bigint NOT NULL DEFAULT 0,
            -- The snapshots of the collections that come next, of what was committed at upto_us.
            next_snapshots txid_snapshot[] NOT NULL DEFAULT '{}',
            -- Of a collection that takes several steps: its end has collected all of it. Each
            -- step takes the keys from next_hash on, of the events up to the next TRUNCATE.
            upto txid_snapshot,
            upto_us bigint NOT NULL DEFAULT 0,
            events bigint NOT NULL DEFAULT 0,
            part_position bigint NOT NULL DEFAULT -1,
            part_us bigint NOT NULL DEFAULT 0,
            part_end_position bigint NOT NULL DEFAULT 9223372036854775807,
            part_end_us bigint NOT NULL DEFAULT 0,
            next_hash bigint NOT NULL DEFAULT 0,
            -- After a failure.
            retry_at timestamptz,
            -- The events that a step takes, about. Less after one that failed.
            step_events bigint NOT NULL DEFAULT {{ step_events }}
        ) WITH (
            fillfactor = 50,
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 500
        );
        ALTER TABLE aurora_trigger.collector OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.collector IS
            'Who collects events into batches holds the lock on its row.';
    END IF;
    IF to_regclass('aurora_trigger.collector_seal') IS NULL THEN
        -- The transaction that wrote the collector's row, as PostgreSQL has it. In a copy another
        -- one wrote it: so the numbers of its snapshots are known to be of another server.
        CREATE TABLE aurora_trigger.collector_seal (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            written_by text NOT NULL
        ) WITH (
            fillfactor = 50,
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 500
        );
        ALTER TABLE aurora_trigger.collector_seal OWNER TO aurora_trigger;
    END IF;
    IF to_regclass('aurora_trigger.batch') IS NULL THEN
        CREATE TABLE aurora_trigger.batch (
            -- Of the keys of its events: what has one key is sent one after the other. -1: a
            -- TRUNCATE, sent after all before it and before all behind it.
            lane smallint NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            -- Its place in the order.
            place bigint NOT NULL,
            event_count integer NOT NULL,
            bytes bigint NOT NULL,
            oldest_us bigint NOT NULL,
            -- The transaction that collected it. It does not send it: were it rolled back, the
            -- events would get other numbers.
            collected_by bigint NOT NULL,
            -- As they stand in a payload, each behind its source where that is another one.
            events text[] NOT NULL,
            PRIMARY KEY (lane, schema_name, table_name, place)
        ) WITH (
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 500,
            autovacuum_vacuum_cost_delay = 0,
            autovacuum_analyze_scale_factor = 0,
            autovacuum_analyze_threshold = 1000000000,
            toast.autovacuum_vacuum_scale_factor = 0,
            toast.autovacuum_vacuum_threshold = 5000,
            toast.autovacuum_vacuum_cost_delay = 0
        );
        ALTER TABLE aurora_trigger.batch ALTER COLUMN events SET STORAGE EXTERNAL;
        ALTER TABLE aurora_trigger.batch OWNER TO aurora_trigger;
        CREATE INDEX batch_table ON aurora_trigger.batch (schema_name, table_name, place);
        COMMENT ON TABLE aurora_trigger.batch IS
            'Parts of calls, ready to be sent by aurora_trigger.drain().';
    END IF;
    IF to_regclass('aurora_trigger.lane') IS NULL THEN
        CREATE TABLE aurora_trigger.lane (
            lane smallint PRIMARY KEY,
            -- How much a call takes: less after one that failed.
            call_bytes integer NOT NULL DEFAULT {{ drain_bytes }},
            tried_at timestamptz,
            retry_at timestamptz,
            failures integer NOT NULL DEFAULT 0,
            last_error text
        ) WITH (
            fillfactor = 50,
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 500
        );
        ALTER TABLE aurora_trigger.lane OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.lane IS
            'Who sends the events of a lane holds the lock on its row.';
    END IF;
    IF to_regprocedure('aurora_trigger.lane_count()') IS NULL THEN
        CREATE FUNCTION aurora_trigger.lane_count() RETURNS integer
        LANGUAGE sql IMMUTABLE AS 'SELECT 8';
        ALTER FUNCTION aurora_trigger.lane_count() OWNER TO aurora_trigger;
        REVOKE ALL ON FUNCTION aurora_trigger.lane_count() FROM PUBLIC;
    END IF;
    -- Also where the tables were copied without their data. ON CONFLICT alone would wait for a
    -- drain.
    INSERT INTO aurora_trigger.lane (lane)
    SELECT n.lane
    FROM generate_series(-1, aurora_trigger.lane_count() - 1) AS n (lane)
    WHERE NOT EXISTS (SELECT FROM aurora_trigger.lane AS l WHERE l.lane = n.lane)
    ON CONFLICT DO NOTHING;
    WITH state AS (
        INSERT INTO aurora_trigger.collector (only_row)
        SELECT true WHERE NOT EXISTS (SELECT FROM aurora_trigger.collector)
        ON CONFLICT DO NOTHING
        RETURNING xmin
    )
    INSERT INTO aurora_trigger.collector_seal AS s (written_by)
    SELECT state.xmin::text FROM state
    ON CONFLICT ON CONSTRAINT collector_seal_pkey DO UPDATE SET written_by = excluded.written_by;
    -- A row that has lost its seal counts as a copy.
    INSERT INTO aurora_trigger.collector_seal (written_by)
    SELECT '' WHERE NOT EXISTS (SELECT FROM aurora_trigger.collector_seal)
    ON CONFLICT DO NOTHING;
    IF to_regclass('aurora_trigger.sent') IS NULL THEN
        -- By lane, so that two who send do not wait for each other.
        CREATE TABLE aurora_trigger.sent (
            lane smallint NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            calls bigint NOT NULL,
            accepted bigint NOT NULL,
            refused bigint NOT NULL,
            PRIMARY KEY (lane, schema_name, table_name)
        ) WITH (
            fillfactor = 50,
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 500
        );
        ALTER TABLE aurora_trigger.sent OWNER TO aurora_trigger;
    END IF;
    -- The end of the server's log. If it is not to be had, the clock decides, which stands beside
    -- it. Without a SET clause the planner puts it in place of a call.
    BEGIN
        PERFORM pg_current_wal_insert_lsn();
        position_query := 'SELECT pg_catalog.pg_wal_lsn_diff('
            'pg_catalog.pg_current_wal_insert_lsn(), ''0/0'')::bigint';
    EXCEPTION WHEN OTHERS THEN
        position_query := 'SELECT 0::bigint';
    END;
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION aurora_trigger.statement_position() RETURNS bigint '
        'LANGUAGE sql AS %L',
        position_query
    );
    ALTER FUNCTION aurora_trigger.statement_position() OWNER TO aurora_trigger;
    REVOKE ALL ON FUNCTION aurora_trigger.statement_position() FROM PUBLIC;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}

-- The hash by which a row has its lane and a long collection is divided: of the text of its key,
-- or of what its events are spread by, which can be nothing. The planner puts it in place of the
-- call.
CREATE OR REPLACE FUNCTION aurora_trigger.key_hash(row_key text)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
AS $body$
    SELECT coalesce(pg_catalog.hashtextextended(row_key, 0), 0) & 9223372036854775807
$body$;
ALTER FUNCTION aurora_trigger.key_hash(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.key_hash(text) FROM PUBLIC;

-- The lane of an event.
CREATE OR REPLACE FUNCTION aurora_trigger.lane_of(key_hash bigint)
RETURNS smallint
LANGUAGE sql
IMMUTABLE
AS $body$
    SELECT coalesce(key_hash % aurora_trigger.lane_count(), -1)::smallint
$body$;
ALTER FUNCTION aurora_trigger.lane_of(bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lane_of(bigint) FROM PUBLIC;

-- Another number of lanes: so many calls can be on their way at a time, each by a drain of its own.
CREATE OR REPLACE FUNCTION aurora_trigger.set_lanes(lanes integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    -- Another one would look for batches with a snapshot from before the lock.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'aurora_trigger: the number of lanes can be changed in READ COMMITTED '
            'only, not in %', upper(current_setting('transaction_isolation'))
            USING HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED; '
                'SELECT aurora_trigger.set_lanes(...); COMMIT;';
    END IF;
    IF lanes NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'aurora_trigger: % lanes are not possible', lanes
            USING HINT = 'Choose from 1 to 64.';
    END IF;
    -- Nothing is collected meanwhile: a key whose events were in two lanes would lose its order.
    PERFORM FROM aurora_trigger.collector FOR UPDATE;
    IF EXISTS (SELECT FROM aurora_trigger.waiting) THEN
        RAISE EXCEPTION 'aurora_trigger: the number of lanes can''t be changed while events wait'
            USING HINT = 'Drain first: SELECT aurora_trigger.drain(), until it returns false.';
    END IF;
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION aurora_trigger.lane_count() RETURNS integer '
        'LANGUAGE sql IMMUTABLE AS ''SELECT %s''', lanes
    );
    DELETE FROM aurora_trigger.lane AS l WHERE l.lane >= lanes;
    INSERT INTO aurora_trigger.lane (lane)
    SELECT generate_series(0, lanes - 1)
    ON CONFLICT DO NOTHING;
END
$body$;
ALTER FUNCTION aurora_trigger.set_lanes(integer) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.set_lanes(integer) FROM PUBLIC;
