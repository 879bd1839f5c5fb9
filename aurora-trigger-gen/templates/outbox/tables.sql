DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF to_regclass('aurora_trigger.outbox') IS NULL THEN
        CREATE TABLE aurora_trigger.outbox (
            -- Of the key: what has one key is sent one after the other. -1: a TRUNCATE, sent after
            -- all before it and before all behind it.
            lane smallint NOT NULL,
            -- Its place in the order. By default, since nextval in a query is one node more in
            -- the plan of each insert.
            position bigint NOT NULL DEFAULT nextval('aurora_trigger.event_seq'),
            -- Makes the primary key unique whatever the positions are: an insert must not fail for
            -- it where positions come again, as after a restore, and two events must be able to
            -- exchange theirs. A publication that has the table needs the key.
            tiebreaker double precision NOT NULL DEFAULT random(),
            -- Its number, where the chain of its row was restored and it got another place.
            seq bigint,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            fingerprint text NOT NULL,
            capture text NOT NULL,
            op "char" NOT NULL,
            before json,
            after json,
            -- Of an event that was too big: all that is left of it.
            key json,
            -- Whether the transaction that wrote it sends it itself, as long as it can.
            at_commit boolean NOT NULL,
            PRIMARY KEY (lane, position, tiebreaker)
        ) WITH (
            -- Rows live for seconds, and none is changed.
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_cost_delay = 0,
            autovacuum_analyze_scale_factor = 0,
            autovacuum_analyze_threshold = 1000000000,
            toast.autovacuum_vacuum_scale_factor = 0,
            toast.autovacuum_vacuum_threshold = 5000,
            toast.autovacuum_vacuum_cost_delay = 0
        );
        -- Compressing would cost the writer more than the space is worth for seconds. And so a
        -- value's size is known without reading it.
        ALTER TABLE aurora_trigger.outbox
            ALTER COLUMN before SET STORAGE EXTERNAL,
            ALTER COLUMN after SET STORAGE EXTERNAL,
            ALTER COLUMN key SET STORAGE EXTERNAL;
        ALTER TABLE aurora_trigger.outbox OWNER TO aurora_trigger;
        CREATE INDEX outbox_transaction ON aurora_trigger.outbox (tx_id);
        COMMENT ON TABLE aurora_trigger.outbox IS
            'Events that wait for aurora_trigger.drain(), or for the end of their transaction.';
    END IF;
    IF to_regclass('aurora_trigger.lane') IS NULL THEN
        CREATE TABLE aurora_trigger.lane (
            lane smallint PRIMARY KEY,
            -- What it shows was committed, and on disk, before the last drain ended. Only that is
            -- sent: what a transaction with synchronous_commit = off wrote can still be lost.
            durable txid_snapshot NOT NULL DEFAULT '1:1:',
            -- The last position that was given before it was taken. No drain reads further.
            durable_position bigint NOT NULL DEFAULT 0,
            -- All who were given a position up to this one have ended, or are in its list: it does
            -- not list those whose numbers are above that of the last one that has ended.
            listed_position bigint NOT NULL DEFAULT 0,
            -- The last position that was given before the last drain got its transaction's number:
            -- the next listed position, since whoever had been given one had a lower number.
            last_position bigint NOT NULL DEFAULT 0,
            -- All is sent up to this position that floor_snapshot shows, but events of paused
            -- tables. A drain begins behind it: so it does not read again what it must leave, nor
            -- rows that are deleted and that VACUUM can't remove.
            floor bigint NOT NULL DEFAULT 0,
            floor_snapshot txid_snapshot NOT NULL DEFAULT '1:1:',
            -- That of the settings when the floor was found. With another one nothing is below it.
            floor_version bigint NOT NULL DEFAULT 0,
            -- How much a call takes: less after one that failed.
            call_bytes integer NOT NULL DEFAULT {{ drain_bytes }},
            tried_at timestamptz,
            retry_at timestamptz,
            failures integer NOT NULL DEFAULT 0,
            last_error text,
            -- The transactions of which a part is sent, and all of whose chains are whole.
            restored bigint[] NOT NULL DEFAULT '{}'
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
        -- As a function that is a constant for the planner it costs a write nothing.
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
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}

-- The lane of a row, by the text of its key; a table without a key may have nothing in the columns
-- that its events are spread by. The planner puts it in place of the call.
CREATE OR REPLACE FUNCTION aurora_trigger.lane_of(row_key text)
RETURNS smallint
LANGUAGE sql
IMMUTABLE
AS $body$
    SELECT (
        (coalesce(pg_catalog.hashtext(row_key), 0) & 2147483647) % aurora_trigger.lane_count()
    )::smallint
$body$;
ALTER FUNCTION aurora_trigger.lane_of(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.lane_of(text) FROM PUBLIC;

-- Another number of lanes: so many calls can be on their way at a time, each by a drain of its own.
CREATE OR REPLACE FUNCTION aurora_trigger.set_lanes(lanes integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    outbox CONSTANT regclass[] := ARRAY['aurora_trigger.outbox']::regclass[];
    lock_timeout_before CONSTANT text := current_setting('lock_timeout');
    tries integer := 0;
BEGIN
    -- Another one would look for events that wait with a snapshot from before the lock.
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
    -- A key whose events were in two lanes would lose its order. Whoever waits for this lock holds
    -- up all who write.
    LOOP
        BEGIN
            PERFORM aurora_trigger.try_lock(tries + 1, outbox, 'ACCESS EXCLUSIVE');
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, outbox);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    IF EXISTS (SELECT FROM aurora_trigger.outbox) THEN
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
