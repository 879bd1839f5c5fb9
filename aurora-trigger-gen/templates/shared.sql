-- What all tables share: a role that owns the functions and has rights on nothing else, its schema,
-- the settings.
DO $body$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'aurora_trigger') THEN
        BEGIN
            CREATE ROLE aurora_trigger NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- An installation in another database of the server was faster.
        END;
    END IF;
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles AS r
        WHERE r.rolname = 'aurora_trigger'
            AND (r.rolsuper OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb
                OR r.rolreplication OR r.rolbypassrls
                OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.member = r.oid))
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the role aurora_trigger has more rights than it may have'
            USING HINT = 'It runs the trigger functions, so it must be a plain NOLOGIN role and a '
                'member of no other. Was it made by somebody else? Then look at what it owns, drop '
                'it, and run this file again.';
    END IF;
    IF NOT pg_catalog.pg_has_role(current_user, 'aurora_trigger', 'USAGE') THEN
        EXECUTE pg_catalog.format('GRANT aurora_trigger TO %I', current_user);
    END IF;
    -- Whoever owns a schema or a function can change what it does.
    IF EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname = 'aurora_trigger' AND n.nspowner <> 'aurora_trigger'::regrole
    ) OR EXISTS (
        SELECT FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('aurora_trigger')
            AND p.proowner <> 'aurora_trigger'::regrole
            AND NOT pg_catalog.pg_has_role(current_user, p.proowner, 'USAGE')
    ) OR EXISTS (
        SELECT FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = pg_catalog.to_regnamespace('aurora_trigger')
            AND c.relowner <> 'aurora_trigger'::regrole
            AND NOT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the schema aurora_trigger, or something in it, belongs to '
            'another role'
            USING HINT = 'Its owner could change what the triggers do. Look at what it holds, drop '
                'it, and run this file again.';
    END IF;
    IF pg_catalog.to_regnamespace('aurora_trigger') IS NULL THEN
        CREATE SCHEMA aurora_trigger AUTHORIZATION aurora_trigger;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('aws_lambda') AND p.proname = 'invoke'
    ) THEN
        CREATE EXTENSION IF NOT EXISTS aws_lambda CASCADE;
    END IF;
    GRANT USAGE ON SCHEMA aws_lambda, aws_commons TO aurora_trigger;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_lambda, aws_commons TO aurora_trigger;
END
$body$;

DO $body$
BEGIN
    IF pg_catalog.to_regclass('aurora_trigger.settings') IS NULL THEN
        CREATE TABLE aurora_trigger.settings (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            function_name text,
            region text,
            epoch bigint NOT NULL DEFAULT 1
        );
        ALTER TABLE aurora_trigger.settings OWNER TO aurora_trigger;
        INSERT INTO aurora_trigger.settings DEFAULT VALUES;
        COMMENT ON TABLE aurora_trigger.settings IS
            'Which function is called, and the epoch of the events. '
            'Set by aurora_trigger.configure().';
    END IF;
    IF pg_catalog.to_regclass('aurora_trigger.event_seq') IS NULL THEN
        -- Without cache, so that it grows in the order in which sessions take from it.
        CREATE SEQUENCE aurora_trigger.event_seq AS bigint CACHE 1;
        ALTER SEQUENCE aurora_trigger.event_seq OWNER TO aurora_trigger;
    END IF;
    IF pg_catalog.to_regtype('aurora_trigger.lambda_answer') IS NULL THEN
        -- What aws_lambda.invoke returns, in the documented order.
        CREATE TYPE aurora_trigger.lambda_answer AS (
            status_code integer,
            payload json,
            executed_version text,
            log_result text
        );
        ALTER TYPE aurora_trigger.lambda_answer OWNER TO aurora_trigger;
    END IF;
{%- if keeps_dead_letters %}
    IF pg_catalog.to_regclass('aurora_trigger.dead_letter') IS NULL THEN
        CREATE TABLE aurora_trigger.dead_letter (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kept_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            reason text NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            fingerprint text NOT NULL,
            epoch bigint NOT NULL,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            capture text NOT NULL,
            event json NOT NULL
        );
        ALTER TABLE aurora_trigger.dead_letter OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.dead_letter IS
            'Events that could not be sent, whole, each with the reason.';
    END IF;
{%- endif %}
END
$body$;

-- Which function the triggers call: its ARN or name, and its region where the name has none.
CREATE OR REPLACE FUNCTION aurora_trigger.configure(function_name text, region text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF configure.function_name IS NULL OR btrim(configure.function_name) = '' THEN
        RAISE EXCEPTION 'aurora_trigger: the function''s name is empty'
            USING HINT = 'Give the ARN of the relay: '
                'SELECT aurora_trigger.configure(''arn:aws:lambda:…'');';
    END IF;
    UPDATE aurora_trigger.settings AS s
    SET function_name = configure.function_name, region = configure.region;
    IF NOT FOUND THEN
        INSERT INTO aurora_trigger.settings (function_name, region)
        VALUES (configure.function_name, configure.region);
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.configure(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.configure(text, text) FROM PUBLIC;

-- Whether values of the sample's type become JSON and text by PostgreSQL's own code: a cast is code
-- of whoever owns the type, and would run with the rights of a trigger function. Immutable, and
-- called with constants only, so that the planner asks it once per plan, and again after a column
-- got another type; a row costs nothing.
-- In an expression, an enum or composite type is fine too as long as no cast from it is a function.
CREATE OR REPLACE FUNCTION aurora_trigger.is_trusted(sample anyelement, in_expression boolean)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    first_user_type CONSTANT oid := 16384;
    found_type regtype;
BEGIN
    IF pg_typeof(sample)::oid < first_user_type THEN
        RETURN true;
    END IF;
    WITH RECURSIVE reachable (id) AS (
        SELECT pg_typeof(sample)::oid
        UNION
        SELECT part.id
        FROM reachable AS r
        JOIN pg_type AS t ON t.oid = r.id
        CROSS JOIN LATERAL (
            SELECT t.typbasetype WHERE t.typtype = 'd'
            UNION ALL
            SELECT t.typelem WHERE t.typcategory = 'A'
            UNION ALL
            SELECT a.atttypid
            FROM pg_attribute AS a
            WHERE t.typtype = 'c'
                AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS part (id)
        WHERE t.oid >= first_user_type
    )
    SELECT t.oid INTO found_type
    FROM reachable AS r
    JOIN pg_type AS t ON t.oid = r.id
    WHERE t.oid >= first_user_type
        AND t.typtype <> 'd'
        AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
        )
        AND NOT (
            in_expression
            AND t.typtype IN ('c', 'e')
            AND NOT EXISTS (
                SELECT FROM pg_cast AS c WHERE c.castsource = t.oid AND c.castfunc <> 0
            )
        )
    LIMIT 1;
    IF found_type IS NOT NULL THEN
        RAISE EXCEPTION 'aurora_trigger: a streamed column is now of type %, whose owner could run '
            'code in the trigger', found_type
            USING HINT = 'Was the column altered? Change the struct''s field to the new type and '
                'run the new installation file.';
    END IF;
    RETURN true;
END
$body$;
ALTER FUNCTION aurora_trigger.is_trusted(anyelement, boolean) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_trusted(anyelement, boolean) FROM PUBLIC;
{% if sends_keys %}
-- What is left of an event that is too big: its key.
CREATE OR REPLACE FUNCTION aurora_trigger.key_only(event json, key_names text[])
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN json_build_object(
        'seq', event -> 'seq',
        'op', event -> 'op',
        'key', (
            SELECT json_object_agg(
                key_name, coalesce(event -> 'after' -> key_name, event -> 'before' -> key_name)
            )
            FROM unnest(key_names) AS key_name
        ),
        'oversized', true
    );
END
$body$;
ALTER FUNCTION aurora_trigger.key_only(json, text[]) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.key_only(json, text[]) FROM PUBLIC;
{% endif %}
{%- if keeps_dead_letters %}
-- Keeps an event that can't be sent. It is rolled back with the write.
CREATE OR REPLACE FUNCTION aurora_trigger.keep_dead_letter(
    reason text,
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    ts_us bigint,
    event json
)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    INSERT INTO aurora_trigger.dead_letter
        (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
    VALUES (
        reason,
        schema_name,
        table_name,
        fingerprint,
        (SELECT s.epoch FROM aurora_trigger.settings AS s),
        txid_current(),
        ts_us,
        capture,
        event
    );
    RETURN true;
END
$body$;
ALTER FUNCTION aurora_trigger.keep_dead_letter(text, text, text, text, text, bigint, json)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.keep_dead_letter(text, text, text, text, text, bigint, json)
    FROM PUBLIC;
{% endif %}
-- One call of the relay with the events of one statement, or a part of them. Raises what the call
-- raises.
CREATE OR REPLACE FUNCTION aurora_trigger.send(
    invocation text,
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    ts_us bigint,
    events json[]
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
DECLARE
    target text;
    target_region text;
    payload json;
    answer aurora_trigger.lambda_answer;
    refused json;
BEGIN
    -- One query for the settings and the payload: each query costs a one-row write some
    -- microseconds.
    SELECT
        s.function_name,
        s.region,
        json_build_object(
            'aurora_trigger', {{ format_version }},
            'invocation', invocation,
            'batches', json_build_array(json_build_object(
                'source', json_build_object(
                    'db', current_database(),
                    'schema', schema_name,
                    'table', table_name,
                    'fingerprint', fingerprint,
                    'epoch', s.epoch,
                    'txId', txid_current(),
                    'ts_us', ts_us,
                    'capture', capture,
                    'snapshot', false
                ),
                'events', array_to_json(events)
            ))
        )
    INTO target, target_region, payload
    FROM aurora_trigger.settings AS s;
    IF target IS NULL THEN
        -- The installation is not finished: what happens before is not captured, and nobody's write
        -- fails for it.
        RAISE WARNING 'aurora_trigger: changes of %.% are not captured yet',
            schema_name, table_name
            USING HINT = 'Name the relay: SELECT aurora_trigger.configure(''<its ARN>'');';
        RETURN false;
    END IF;
    answer := aws_lambda.invoke(
        function_name => target,
        payload => payload,
        region => target_region,
        invocation_type => invocation
    );
    IF invocation = 'Event' THEN
        IF answer.status_code IS DISTINCT FROM 202 THEN
            RAISE EXCEPTION 'aurora_trigger: Lambda answered % to an asynchronous call, not 202',
                answer.status_code;
        END IF;
        RETURN true;
    END IF;
    -- Whoever answers something else is not the relay, and nothing says where the events are.
    IF answer.status_code IS DISTINCT FROM 200
        OR (answer.payload ->> 'accepted')::bigint IS DISTINCT FROM cardinality(events)
    THEN
        refused := answer.payload -> 'refused';
        RAISE EXCEPTION 'aurora_trigger: the relay accepted % of % events of %.%',
            coalesce(answer.payload ->> 'accepted', 'an unknown number'),
            cardinality(events),
            schema_name,
            table_name
            USING DETAIL = 'Status ' || coalesce(answer.status_code::text, 'unknown') || coalesce(
                ', refused: ' || left(refused::text, 1000), ', no list of refused events'
            );
    END IF;
    RETURN true;
END
$body$;
ALTER FUNCTION aurora_trigger.send(text, text, text, text, text, bigint, json[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.send(text, text, text, text, text, bigint, json[])
    FROM PUBLIC;
{% if warns %}
-- The same for a write that must not fail because of it. Takes and returns how many calls of the
-- statement have failed: after three it sends no more, since each could take the time-out, with the
-- transaction's locks held.
CREATE OR REPLACE FUNCTION aurora_trigger.send_or_warn(
    failed_calls integer,
    invocation text,
    schema_name text,
    table_name text,
    fingerprint text,
    capture text,
    ts_us bigint,
    events json[]
)
RETURNS integer
LANGUAGE plpgsql
AS $body$
DECLARE
    error_state text;
    error_message text;
    error_detail text;
    sent boolean;
BEGIN
    IF failed_calls >= 3 THEN
        RAISE WARNING 'aurora_trigger: % events of %.% were not sent',
            cardinality(events), schema_name, table_name
            USING DETAIL = 'Three calls of the statement had failed before.';
        RETURN failed_calls;
    END IF;
    sent := aurora_trigger.send(
        invocation, schema_name, table_name, fingerprint, capture, ts_us, events
    );
    RETURN failed_calls;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        error_state = RETURNED_SQLSTATE,
        error_message = MESSAGE_TEXT,
        error_detail = PG_EXCEPTION_DETAIL;
    RAISE WARNING 'aurora_trigger: % events of %.% were not sent: %',
        cardinality(events), schema_name, table_name, error_message
        USING ERRCODE = error_state, DETAIL = error_detail;
    RETURN failed_calls + 1;
END
$body$;
ALTER FUNCTION
    aurora_trigger.send_or_warn(integer, text, text, text, text, text, bigint, json[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.send_or_warn(integer, text, text, text, text, text, bigint, json[])
    FROM PUBLIC;
{% endif %}
