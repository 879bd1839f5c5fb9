-- What all tables share: a role that owns the functions and has rights on nothing else, its schema,
-- the settings.
DO $body$
DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
BEGIN
    -- An operator that somebody made in a schema of the session's path would run with our rights.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL') THEN
        RAISE EXCEPTION 'aurora_trigger: what the texts of this database say in UTF-8 can''t be '
            'told, since its encoding is %', getdatabaseencoding()
            USING HINT = 'Move to a database whose encoding gives each byte a meaning: '
                'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'aurora_trigger') THEN
        BEGIN
            CREATE ROLE aurora_trigger NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- An installation in another database of the server was faster.
        END;
    END IF;
    IF EXISTS (
        SELECT FROM pg_roles AS r
        WHERE r.rolname = 'aurora_trigger'
            AND (r.rolsuper OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb
                OR r.rolreplication OR r.rolbypassrls
                OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid))
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the role aurora_trigger has more rights than it may have'
            USING HINT = 'It runs the trigger functions, so it must be a plain NOLOGIN role and a '
                'member of no other. Was it made by somebody else? Then look at what it owns, drop '
                'it, and run this file again.';
    END IF;
    IF NOT pg_has_role(current_user, 'aurora_trigger', 'USAGE') THEN
        EXECUTE format('GRANT aurora_trigger TO %I', current_user);
    END IF;
    -- Whoever owns a schema or a function can change what it does.
    IF EXISTS (
        SELECT FROM pg_namespace AS n
        WHERE n.nspname = 'aurora_trigger' AND n.nspowner <> 'aurora_trigger'::regrole
    ) OR EXISTS (
        SELECT FROM (
            SELECT p.pronamespace, p.proowner FROM pg_proc AS p
            UNION
            SELECT c.relnamespace, c.relowner FROM pg_class AS c
            UNION
            SELECT t.typnamespace, t.typowner FROM pg_type AS t
        ) AS held (namespace, owner)
        JOIN pg_roles AS r ON r.oid = held.owner
        WHERE held.namespace = to_regnamespace('aurora_trigger')
            -- Ourselves or another superuser: an installation that stopped before it gave it away.
            AND r.rolname NOT IN ('aurora_trigger', current_user) AND NOT r.rolsuper
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the schema aurora_trigger, or something in it, belongs to '
            'another role'
            USING HINT = 'Its owner could change what the triggers do. Look at what it holds, drop '
                'it, and run this file again.';
    END IF;
    IF to_regnamespace('aurora_trigger') IS NULL THEN
        CREATE SCHEMA aurora_trigger AUTHORIZATION aurora_trigger;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace('aws_lambda') AND p.proname = 'invoke'
    ) THEN
        PERFORM set_config('search_path', search_path_before, true);
        CREATE EXTENSION IF NOT EXISTS aws_lambda CASCADE;
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    END IF;
    -- What the triggers call gets all rows, and runs with their rights.
    IF EXISTS (
        SELECT FROM (
            SELECT n.oid, n.nspowner FROM pg_namespace AS n
            UNION
            SELECT p.pronamespace, p.proowner
            FROM pg_proc AS p
            WHERE NOT EXISTS (
                SELECT FROM pg_depend AS d
                JOIN pg_extension AS e ON e.oid = d.refobjid
                WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                    AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
                    AND e.extname = 'aws_lambda'
            )
        ) AS held (namespace, owner)
        JOIN pg_roles AS r ON r.oid = held.owner
        WHERE held.namespace = 'aws_lambda'::regnamespace
            AND NOT r.rolsuper AND r.rolname <> current_user
            AND r.oid NOT IN (
                SELECT e.extowner FROM pg_extension AS e WHERE e.extname = 'aws_lambda'
            )
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: the schema aws_lambda, or a function in it, is not the '
            'extension''s'
            USING HINT = 'Its owner would get all that the triggers send. Look at what it holds, '
                'drop it, and run this file again.';
    END IF;
    -- Asked for first: who may not grant it need not, where somebody else has.
    IF NOT has_schema_privilege('aurora_trigger', 'aws_lambda', 'USAGE') OR EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = 'aws_lambda'::regnamespace
            AND NOT has_function_privilege('aurora_trigger', p.oid, 'EXECUTE')
    ) THEN
        BEGIN
            GRANT USAGE ON SCHEMA aws_lambda, aws_commons TO aurora_trigger;
            GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_lambda, aws_commons TO aurora_trigger;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL; -- Without a right at all it is an error, without the right to grant a warning.
        END;
    END IF;
    IF NOT has_schema_privilege('aurora_trigger', 'aws_lambda', 'USAGE') OR EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = 'aws_lambda'::regnamespace AND p.proname = 'invoke'
            AND NOT has_function_privilege('aurora_trigger', p.oid, 'EXECUTE')
    ) THEN
        RAISE EXCEPTION 'aurora_trigger: % can''t give the role aurora_trigger the right to call '
            'aws_lambda.invoke', current_user
            USING HINT = 'As the owner of the extension: GRANT USAGE ON SCHEMA aws_lambda, '
                'aws_commons TO aurora_trigger; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA '
                'aws_lambda, aws_commons TO aurora_trigger; then run this file again.';
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

DO $body$
DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF to_regclass('aurora_trigger.settings') IS NULL THEN
        CREATE TABLE aurora_trigger.settings (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            function_name text,
            region text,
            epoch bigint NOT NULL DEFAULT 1,
            mask_key_inner bytea,
            mask_key_outer bytea
        );
        ALTER TABLE aurora_trigger.settings OWNER TO aurora_trigger;
        INSERT INTO aurora_trigger.settings DEFAULT VALUES;
        COMMENT ON TABLE aurora_trigger.settings IS
            'Which function is called, the epoch of the events, and the key of masks. '
            'Set by functions of this schema.';
    END IF;
    IF to_regclass('aurora_trigger.event_seq') IS NULL THEN
        -- Without cache, so that it grows in the order in which sessions take from it.
        CREATE SEQUENCE aurora_trigger.event_seq AS bigint CACHE 1;
        ALTER SEQUENCE aurora_trigger.event_seq OWNER TO aurora_trigger;
    END IF;
    IF to_regtype('aurora_trigger.lambda_answer') IS NULL THEN
        -- What aws_lambda.invoke returns, in the documented order.
        CREATE TYPE aurora_trigger.lambda_answer AS (
            status_code integer,
            payload json,
            executed_version text,
            log_result text
        );
        ALTER TYPE aurora_trigger.lambda_answer OWNER TO aurora_trigger;
    END IF;
{%- if has_dead_letters %}
    IF to_regclass('aurora_trigger.dead_letter') IS NULL THEN
        CREATE TABLE aurora_trigger.dead_letter (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
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
    PERFORM set_config('search_path', search_path_before, true);
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
                'SELECT aurora_trigger.configure(''arn:aws:lambda:...'');';
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

-- Whether values of the sample's type become JSON and text by PostgreSQL's own code, or that of
-- somebody who can act as aurora_trigger anyway: a cast is code of whoever owns the type, and would
-- run with the rights of a trigger function. Immutable, and called with constants only, so that the
-- planner asks it once per plan, and again after a column got another type; a row costs nothing.
CREATE OR REPLACE FUNCTION aurora_trigger.is_trusted(sample anyelement)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    first_user_type CONSTANT oid := 16384::oid;
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
    SELECT r.id::regtype INTO found_type
    FROM reachable AS r
    -- A repeatable snapshot does not show a type that is younger: that one is not trusted.
    LEFT JOIN pg_type AS t ON t.oid = r.id
    WHERE r.id >= first_user_type
        AND coalesce(
            t.typtype <> 'd'
                AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
                AND NOT pg_has_role(t.typowner, 'aurora_trigger', 'MEMBER'),
            true
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
ALTER FUNCTION aurora_trigger.is_trusted(anyelement) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_trusted(anyelement) FROM PUBLIC;
{% if sends_keys || keeps_events %}
-- A member of a captured value. PostgreSQL's own operator fails where a string anywhere in the
-- value holds an escape that is no letter of the database, as a json column may: \u0000, half of a
-- surrogate pair, or one that the encoding lacks.
CREATE OR REPLACE FUNCTION aurora_trigger.member(value json, name text)
RETURNS json
LANGUAGE plpgsql
AS $body$
DECLARE
    -- Not in a literal: how one with a backslash reads depends on a setting.
    backslash CONSTANT text := chr(92);
    letter_escape CONSTANT text := backslash || 'u';
    stand_in text;
BEGIN
    IF strpos(value::text, letter_escape) = 0 THEN
        RETURN value -> name;
    END IF;
    -- Nobody can foresee it, so nobody's value holds it. An escape itself, so that a backslash
    -- before one is still a backslash.
    stand_in := backslash || 'n' || md5(random()::text || clock_timestamp()::text);
    RETURN replace(
        (
            replace(value::text, letter_escape, stand_in)::json
            -> (replace(to_json(name)::text, letter_escape, stand_in)::json #>> '{}')
        )::text,
        stand_in,
        letter_escape
    )::json;
END
$body$;
ALTER FUNCTION aurora_trigger.member(json, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.member(json, text) FROM PUBLIC;
{% endif %}
{%- if sends_keys %}
-- What is left of an event that is too big: its key.
CREATE OR REPLACE FUNCTION aurora_trigger.key_only(event json, key_names text[])
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    image json := coalesce(
        aurora_trigger.member(event, 'after'), aurora_trigger.member(event, 'before')
    );
BEGIN
    RETURN json_build_object(
        'seq', aurora_trigger.member(event, 'seq'),
        'op', aurora_trigger.member(event, 'op'),
        'key', (
            SELECT json_object_agg(key_name, aurora_trigger.member(image, key_name))
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
{% include "warn.sql" %}
{% include "epoch.sql" %}
{%- if masks_by_hash %}
{% include "mask_key.sql" %}
{%- endif %}
-- How many bytes a text takes in UTF-8. NULL: it holds a byte that stands for no letter, which
-- encodings with gaps take from a session that speaks them.
CREATE OR REPLACE FUNCTION aurora_trigger.utf8_size(value text)
RETURNS integer
LANGUAGE plpgsql
IMMUTABLE
AS $body$
BEGIN
    RETURN octet_length(convert_to(value, 'UTF8'));
EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
    RETURN NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.utf8_size(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.utf8_size(text) FROM PUBLIC;

{% include "invoke.sql" %}
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
    epoch bigint;
    source json;
    payload json;
    answer aurora_trigger.lambda_answer;
    refused json;
BEGIN
    SELECT s.function_name, s.region, s.epoch
    INTO target, target_region, epoch
    FROM aurora_trigger.settings AS s;
    IF target IS NULL THEN
        -- The installation is not finished: what happens before is not captured, and nobody's write
        -- fails for it.
        PERFORM aurora_trigger.warn(
            format('changes of %s.%s are not captured yet', schema_name, table_name),
            hint => 'Name the relay: SELECT aurora_trigger.configure(''<its ARN>'');'
        );
        RETURN false;
    END IF;
    -- In plain assignments, a part after the other: each copies all events, and in one expression
    -- or query all of these copies would be there at a time.
    source := json_build_object(
        'db', current_database(),
        'schema', schema_name,
        'table', table_name,
        'fingerprint', fingerprint,
        'epoch', epoch,
        'txId', txid_current(),
        'ts_us', ts_us,
        'capture', capture,
        'snapshot', false
    );
    payload := json_build_object('source', source, 'events', events);
    payload := json_build_array(payload);
    payload := json_build_object(
        'aurora_trigger', {{ format_version }}, 'invocation', invocation, 'batches', payload
    );
    IF getdatabaseencoding() <> 'UTF8' AND aurora_trigger.utf8_size(payload::text) IS NULL THEN
        RAISE EXCEPTION 'aurora_trigger: a text of %.% holds a byte that stands for no letter in '
            '%, so no UTF-8 tells it', schema_name, table_name, getdatabaseencoding()
            USING ERRCODE = 'untranslatable_character',
                HINT = 'Write the letter that is meant. A session whose client_encoding is UTF8 '
                    'can''t write such a byte.';
    END IF;
    answer := aurora_trigger.invoke(target, target_region, payload, invocation);
    IF invocation = 'Event' THEN
        RETURN true;
    END IF;
    -- Whoever answers something else is not the relay, and nothing says where the events are.
    IF (answer.payload ->> 'accepted')::bigint IS DISTINCT FROM cardinality(events) THEN
        refused := answer.payload -> 'refused';
        RAISE EXCEPTION 'aurora_trigger: the relay accepted % of % events of %.%',
            coalesce(answer.payload ->> 'accepted', 'an unknown number'),
            cardinality(events),
            schema_name,
            table_name
            USING DETAIL = coalesce(
                'Refused: ' || left(refused::text, 1000), 'No list of refused events'
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
        PERFORM aurora_trigger.warn(
            format(
                '%s events of %s.%s were not sent',
                cardinality(events), schema_name, table_name
            ),
            detail => 'Three calls of the statement had failed before.'
        );
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
    PERFORM aurora_trigger.warn(
        format(
            '%s events of %s.%s were not sent: %s',
            cardinality(events), schema_name, table_name, error_message
        ),
        error_state,
        error_detail
    );
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
{%- if keeps_events %}
{% include "outbox/registry.sql" %}
{% include "outbox/tables.sql" %}
{% include "outbox/keep.sql" %}
{% include "outbox/chain.sql" %}
{% include "outbox/payload.sql" %}
{% include "outbox/drain.sql" %}
{%- if sends_at_commit %}
{% include "outbox/commit.sql" %}
{%- endif %}
{% include "outbox/status.sql" %}
{% include "outbox/operate.sql" %}
{% include "outbox/schedule.sql" %}
{%- endif %}
