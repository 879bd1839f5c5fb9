-- What the operations' commands call, in place of the installation: it writes down what it was asked,
-- and answers what the test has said. Schema aurora_trigger is the contract, schema stub the test's side of it.
CREATE SCHEMA stub;

CREATE TABLE stub.asked (what text NOT NULL);

-- Each drain() that was committed.
CREATE TABLE stub.drained (
    pid integer NOT NULL DEFAULT pg_backend_pid(),
    transaction bigint NOT NULL DEFAULT txid_current(),
    isolation text NOT NULL DEFAULT current_setting('transaction_isolation'),
    timeouts text NOT NULL DEFAULT concat(
        current_setting('statement_timeout'), ',', current_setting('transaction_timeout', true)
    )
);

-- How many drain() there are for, and the error that each raises.
CREATE TABLE stub.outbox (calls integer NOT NULL, error_code text);
INSERT INTO stub.outbox (calls) VALUES (0);

-- The drain() that were begun, whatever became of them.
CREATE SEQUENCE stub.tries;

CREATE TABLE stub.tables (
    schema_name text, table_name text, delivery text, on_failure text, paused boolean DEFAULT false,
    pending bigint DEFAULT 0, oldest_pending_at timestamptz, dead_letters bigint DEFAULT 0,
    calls bigint DEFAULT 0, sent bigint DEFAULT 0, refused bigint DEFAULT 0,
    failed_calls bigint DEFAULT 0, last_error_at timestamptz, last_error text
);

CREATE TABLE stub.captures (
    schema_name text, table_name text, app text, rust_path text, version text, installed_at timestamptz,
    captured boolean, problem text
);

CREATE TABLE stub.lanes (lane smallint, retry_at timestamptz, failures integer, last_error text);

CREATE SCHEMA aurora_trigger;

CREATE VIEW aurora_trigger.status AS TABLE stub.tables;

CREATE VIEW aurora_trigger.capture_status AS TABLE stub.captures;

CREATE VIEW aurora_trigger.lane_status AS TABLE stub.lanes;

CREATE FUNCTION aurora_trigger.drain() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    outbox stub.outbox;
BEGIN
    PERFORM nextval('stub.tries');
    -- A test that holds this lock has the call in hand.
    PERFORM pg_advisory_xact_lock_shared(1);
    SELECT * INTO outbox FROM stub.outbox;
    IF outbox.error_code IS NOT NULL THEN
        RAISE EXCEPTION 'the stub fails' USING ERRCODE = outbox.error_code;
    END IF;
    INSERT INTO stub.drained DEFAULT VALUES;
    UPDATE stub.outbox SET calls = greatest(calls - 1, 0);
    RETURN outbox.calls > 1;
END
$$;

CREATE FUNCTION stub.ask(what text, answer bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stub.asked VALUES (what);
    RETURN answer;
END
$$;

CREATE FUNCTION aurora_trigger.pause(streamed_table regclass DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask(format('pause(%s)', coalesce(streamed_table::text, 'NULL')), CASE WHEN streamed_table IS NULL THEN 3 ELSE 1 END)
$$;

CREATE FUNCTION aurora_trigger.resume(streamed_table regclass DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask(format('resume(%s)', coalesce(streamed_table::text, 'NULL')), CASE WHEN streamed_table IS NULL THEN 3 ELSE 1 END)
$$;

CREATE FUNCTION aurora_trigger.redrive(streamed_table regclass DEFAULT NULL, dead_letter bigint DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask(
        format('redrive(%s, %s)', coalesce(streamed_table::text, 'NULL'), coalesce(dead_letter::text, 'NULL')),
        CASE WHEN dead_letter IS NULL THEN 12 WHEN dead_letter = 99 THEN 0 ELSE 1 END)
$$;

CREATE FUNCTION aurora_trigger.purge(
    streamed_table regclass DEFAULT NULL, dead_letter bigint DEFAULT NULL, everything boolean DEFAULT false)
RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask(
        format('purge(%s, %s, %s)',
            coalesce(streamed_table::text, 'NULL'), coalesce(dead_letter::text, 'NULL'), everything),
        CASE WHEN dead_letter IS NULL THEN 12 WHEN dead_letter = 99 THEN 0 ELSE 1 END)
$$;

CREATE FUNCTION aurora_trigger.stop_capture(streamed_table text) RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask(format('stop_capture(%s)', streamed_table), CASE streamed_table WHEN 'sales.orders' THEN 7 ELSE 0 END)
$$;

CREATE FUNCTION aurora_trigger.new_epoch() RETURNS bigint LANGUAGE sql AS $$
    SELECT stub.ask('new_epoch()', 5)
$$;

CREATE SCHEMA sales;
CREATE TABLE sales.orders (id integer PRIMARY KEY);
CREATE TABLE sales."Odd.Name" (id integer PRIMARY KEY);
