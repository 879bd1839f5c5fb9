-- What all tables share: a role that owns the functions and has rights on nothing else, its schema,
-- the settings. The role belongs to the whole server: its members, as whoever runs this file, can
-- read what is captured in every database of it. Between two installations
-- REVOKE aurora_trigger FROM <who ran it>; takes that away.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    -- From version 16 on each membership says what it allows.
    has_options boolean;
    expected_members pg_catalog.text[];
    names pg_catalog.text;
    statements pg_catalog.text;
    found pg_catalog.record;
    moved integer := 0;
BEGIN
    -- An operator that somebody made in a schema of the session's path would run with our rights.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- Two installations at once would make the same objects.
    {% include "wait_for_others.sql" %}
    IF getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL') THEN
        RAISE EXCEPTION 'aurora_trigger: what the texts of this database say in UTF-8 can''t be '
            'told, since its encoding is %', getdatabaseencoding()
            USING HINT = 'Move to a database whose encoding gives each byte a meaning: '
                'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    has_options := current_setting('server_version_num')::integer >= 160000;
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'aurora_trigger') THEN
        BEGIN
            CREATE ROLE aurora_trigger NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- An installation in another database of the server was faster.
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'aurora_trigger: % may not create the role aurora_trigger',
                    current_user
                    USING ERRCODE = 'insufficient_privilege',
                        HINT = format(
                            'As a role that may, on RDS and Aurora the master user: CREATE ROLE '
                            'aurora_trigger NOLOGIN; GRANT aurora_trigger TO %I%s; Then run this '
                            'file again.',
                            current_user,
                            CASE WHEN has_options THEN ' WITH INHERIT TRUE, SET TRUE' END
                        );
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
    -- Members of the role can read and change all that is captured, in every database of the
    -- server. Whoever made it before the first installation may have made it for that.
    expected_members := string_to_array(
        replace(current_setting('aurora_trigger.expected_members', true), ' ', ''), ','
    );
    SELECT
        string_agg(DISTINCT quote_ident(r.rolname), ', '),
        string_agg(
            format(
                'REVOKE aurora_trigger FROM %I%s CASCADE;',
                r.rolname,
                CASE WHEN has_options THEN format(' GRANTED BY %I', g.rolname) END
            ),
            ' '
        )
    INTO names, statements
    FROM pg_auth_members AS m
    JOIN pg_roles AS r ON r.oid = m.member
    LEFT JOIN pg_roles AS g ON g.oid = m.grantor
    WHERE m.roleid = 'aurora_trigger'::regrole
        AND NOT r.rolsuper
        AND r.rolname NOT IN (current_user, session_user)
        AND r.rolname <> ALL (coalesce(expected_members, '{}'))
        -- The administrators of RDS and Aurora, where nobody else can have made a superuser.
        AND NOT EXISTS (
            SELECT FROM pg_roles AS host
            JOIN pg_roles AS administrator ON administrator.rolname = 'rds_superuser'
            WHERE host.rolname = 'rdsadmin' AND host.rolsuper
                AND pg_has_role(r.oid, administrator.oid, 'MEMBER')
        );
    IF names IS NOT NULL AND EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'aurora_trigger' AND c.relname = 'settings'
    ) THEN
        RAISE NOTICE 'aurora_trigger: the role aurora_trigger also has the members %', names
            USING DETAIL = 'They can read and change all that is captured, in every database of '
                'this server.',
                HINT = format('Where that is not meant: %s', statements);
    ELSIF names IS NOT NULL THEN
        RAISE EXCEPTION 'aurora_trigger: the role aurora_trigger was there before the first '
            'installation, and has the members %', names
            USING DETAIL = 'They could read and change all that is captured, in every database of '
                'this server.',
                HINT = format(
                    'Where no other database needs the role: DROP ROLE aurora_trigger; Else, as a '
                    'superuser: %s Where they are meant to be members: '
                    'SET aurora_trigger.expected_members = %L; Then run this file again.',
                    statements,
                    names
                );
    END IF;
    SELECT
        string_agg(p.oid::regprocedure::text, ', '),
        string_agg(format('DROP ROUTINE %s;', p.oid::regprocedure), ' ')
    INTO names, statements
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.proowner = 'aurora_trigger'::regrole AND p.prosecdef AND n.nspname <> 'aurora_trigger';
    IF names IS NOT NULL THEN
        RAISE EXCEPTION 'aurora_trigger: functions of another schema run with the rights of the '
            'role aurora_trigger: %', names
            USING HINT = format(
                'Whoever may call them could read all that is captured. Look at them, then: %s',
                statements
            );
    END IF;
    -- To make objects, and to give them to the role.
    IF NOT pg_has_role(current_user, 'aurora_trigger', 'USAGE') OR (
        CASE WHEN has_options THEN NOT pg_has_role(current_user, 'aurora_trigger', 'SET') END
    ) THEN
        statements := format(
            'GRANT aurora_trigger TO %I%s',
            current_user,
            CASE WHEN has_options THEN ' WITH INHERIT TRUE, SET TRUE' END
        );
        BEGIN
            IF has_options OR NOT pg_has_role(current_user, 'aurora_trigger', 'MEMBER') THEN
                EXECUTE statements;
            END IF;
        EXCEPTION
            WHEN unique_violation THEN
                NULL; -- An installation in another database of the server was faster.
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'aurora_trigger: % may not act as the role aurora_trigger',
                    current_user
                    USING ERRCODE = 'insufficient_privilege',
                        HINT = format(
                            'As a superuser or who made the role: %s; Then run this file again.',
                            statements
                        );
        END;
        IF NOT pg_has_role(current_user, 'aurora_trigger', 'USAGE') THEN
            RAISE EXCEPTION 'aurora_trigger: % does not inherit the rights of the role '
                'aurora_trigger', current_user
                USING ERRCODE = 'insufficient_privilege',
                    HINT = format(
                        'Before version 16 that is a property of the role: ALTER ROLE %I INHERIT; '
                        'Or install as another one.', current_user
                    );
        END IF;
    END IF;
    -- Whoever owns a schema or a function can change what it does. What a restore without owners,
    -- or an installation that stopped, has left with us or with a superuser is given to the role.
    names := NULL;
    FOR found IN
        SELECT
            held.kind,
            held.name,
            r.rolname AS owner,
            (
                r.rolname = current_user
                OR r.rolsuper
                OR r.rolname = coalesce(current_setting('aurora_trigger.adopt_from', true), '')
            ) AND pg_has_role(current_user, r.oid, 'USAGE') AS is_ours
        FROM (
            -- First, since the role needs it to own the rest.
            SELECT 0, 'SCHEMA', quote_ident(n.nspname), n.nspowner
            FROM pg_namespace AS n
            WHERE n.nspname = 'aurora_trigger'
            UNION ALL
            SELECT
                1,
                CASE c.relkind
                    WHEN 'c' THEN 'TYPE'
                    WHEN 'S' THEN 'SEQUENCE'
                    WHEN 'v' THEN 'VIEW'
                    WHEN 'm' THEN 'MATERIALIZED VIEW'
                    WHEN 'f' THEN 'FOREIGN TABLE'
                    ELSE 'TABLE'
                END,
                c.oid::regclass::text,
                c.relowner
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = 'aurora_trigger'
                AND c.relkind IN ('c', 'S', 'v', 'm', 'f', 'r', 'p')
                -- The sequence of a column goes with its table.
                AND NOT EXISTS (
                    SELECT FROM pg_depend AS d
                    WHERE c.relkind = 'S'
                        AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                )
            UNION ALL
            SELECT 2, 'ROUTINE', p.oid::regprocedure::text, p.proowner
            FROM pg_proc AS p
            JOIN pg_namespace AS n ON n.oid = p.pronamespace
            WHERE n.nspname = 'aurora_trigger'
            UNION ALL
            SELECT 3, 'TYPE', t.oid::regtype::text, t.typowner
            FROM pg_type AS t
            JOIN pg_namespace AS n ON n.oid = t.typnamespace
            WHERE n.nspname = 'aurora_trigger' AND t.typtype IN ('d', 'e', 'r')
        ) AS held (step, kind, name, owner)
        JOIN pg_roles AS r ON r.oid = held.owner
        WHERE r.rolname <> 'aurora_trigger'
        ORDER BY held.step, held.name
    LOOP
        IF found.is_ours IS NOT TRUE THEN
            RAISE EXCEPTION 'aurora_trigger: the schema aurora_trigger, or something in it, '
                'belongs to another role'
                USING DETAIL = format('%s %s belongs to %s.', found.kind, found.name, found.owner),
                    HINT = format(
                        'Its owner could change what the triggers do. Was it restored by that role '
                        'without owners, and do you trust it? Then run this file as that role, or, '
                        'as a superuser, first: SET aurora_trigger.adopt_from = %L; Else look at '
                        'what it holds, drop it, and run this file again.',
                        found.owner
                    );
        END IF;
        EXECUTE format('ALTER %s %s OWNER TO aurora_trigger', found.kind, found.name);
        moved := moved + 1;
        IF strpos(concat(', ', names, ','), format(', %I,', found.owner)) = 0 THEN
            names := concat_ws(', ', names, quote_ident(found.owner));
        END IF;
    END LOOP;
    IF moved > 0 THEN
        RAISE NOTICE 'aurora_trigger: % objects of the schema aurora_trigger belonged to %, and '
            'belong to the role aurora_trigger now', moved, names;
    END IF;
    IF to_regnamespace('aurora_trigger') IS NULL THEN
        CREATE SCHEMA aurora_trigger AUTHORIZATION aurora_trigger;
    END IF;
    CREATE OR REPLACE FUNCTION aurora_trigger.wait_for_other_installations()
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $function$
    {% include "wait_for_others.sql" %}
    $function$;
    ALTER FUNCTION aurora_trigger.wait_for_other_installations() OWNER TO aurora_trigger;
    REVOKE ALL ON FUNCTION aurora_trigger.wait_for_other_installations() FROM PUBLIC;
{%- if keeps_events %}
    -- Its members may drain and see the status, and nothing else.
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'aurora_trigger_drain') THEN
        BEGIN
            CREATE ROLE aurora_trigger_drain NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- An installation in another database of the server was faster.
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'aurora_trigger: % may not create the role aurora_trigger_drain',
                    current_user
                    USING HINT = 'Without it only members of aurora_trigger may drain. As a role '
                        'that may: CREATE ROLE aurora_trigger_drain NOLOGIN; Then run this file '
                        'again.';
        END;
    END IF;
{%- endif %}
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

-- The file of one app neither changes nor removes what the file of another app installed.
DO {{ ownership }};

{% let step = "$step$" %}{% include "step_begin.sql" %}
{% include "numbers.sql" %}
{% include "step_end.sql" %}

DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    IF to_regclass('aurora_trigger.settings') IS NULL THEN
        CREATE TABLE aurora_trigger.settings (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            function_name text,
            region text,
            -- Begins at the clock, in milliseconds since 1970: one that was used never comes again.
            epoch bigint NOT NULL,
            mask_key_inner bytea,
            mask_key_outer bytea
        );
        ALTER TABLE aurora_trigger.settings OWNER TO aurora_trigger;
        COMMENT ON TABLE aurora_trigger.settings IS
            'Which function is called, the epoch of the events, and the key of masks. '
            'Set by functions of this schema.';
    END IF;
    -- Also where the table was copied without its data. ON CONFLICT would wait for who changes the
    -- row.
    IF NOT EXISTS (SELECT FROM aurora_trigger.settings) THEN
        INSERT INTO aurora_trigger.settings (epoch)
        VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    END IF;
    IF to_regclass('aurora_trigger.event_seq') IS NULL THEN
        -- Without cache, so that it grows in the order in which sessions take from it.
        CREATE SEQUENCE aurora_trigger.event_seq AS bigint CACHE 1;
        ALTER SEQUENCE aurora_trigger.event_seq OWNER TO aurora_trigger;
    END IF;
    IF to_regclass('aurora_trigger.number_lock') IS NULL THEN
        -- A view, since nobody vacuums or analyzes one, which would lock it, too.
        CREATE VIEW aurora_trigger.number_lock AS SELECT 'Who takes numbers locks it.' AS use;
        ALTER VIEW aurora_trigger.number_lock OWNER TO aurora_trigger;
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
{%- if keeps_events %}
    IF to_regtype('aurora_trigger.no_column') IS NULL THEN
        -- The type of what stands for a column that a table no longer has.
        CREATE TYPE aurora_trigger.no_column AS ENUM ();
        ALTER TYPE aurora_trigger.no_column OWNER TO aurora_trigger;
    END IF;
{%- endif %}
{%- if has_dead_letters %}
    IF to_regclass('aurora_trigger.dead_letter') IS NULL THEN
        CREATE SEQUENCE aurora_trigger.dead_letter_id_seq AS bigint CACHE 1;
        CREATE TABLE aurora_trigger.dead_letter (
            id bigint PRIMARY KEY
                DEFAULT aurora_trigger.take_numbers('aurora_trigger.dead_letter_id_seq', 1) + 1,
            kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            reason text NOT NULL,
            schema_name text NOT NULL,
            table_name text NOT NULL,
            fingerprint text NOT NULL,
            epoch bigint NOT NULL,
            tx_id bigint NOT NULL,
            ts_us bigint NOT NULL,
            capture text NOT NULL,
            event json NOT NULL,
            -- Its images hold each value as its text: the table did not fit its struct.
            is_raw boolean NOT NULL DEFAULT false
        );
        ALTER TABLE aurora_trigger.dead_letter OWNER TO aurora_trigger;
        ALTER SEQUENCE aurora_trigger.dead_letter_id_seq OWNER TO aurora_trigger;
        ALTER SEQUENCE aurora_trigger.dead_letter_id_seq OWNED BY aurora_trigger.dead_letter.id;
        -- By -id, as capture_status asks for it: by the order of the primary key, the planner
        -- would look for letters of a table without any among all those of others.
        CREATE INDEX dead_letter_table
            ON aurora_trigger.dead_letter (schema_name, table_name, (-id))
            WHERE is_raw;
        CREATE INDEX dead_letter_struct ON aurora_trigger.dead_letter (fingerprint, (-id))
            WHERE is_raw;
        COMMENT ON TABLE aurora_trigger.dead_letter IS
            'Events that could not be sent, whole, each with the reason.';
    END IF;
{%- endif %}
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "registry.sql" %}
{% include "step_begin.sql" %}
{% include "locks.sql" %}
-- What an epoch begins with: milliseconds since 1970.
CREATE OR REPLACE FUNCTION aurora_trigger.clock_epoch()
RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
$body$;
ALTER FUNCTION aurora_trigger.clock_epoch() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.clock_epoch() FROM PUBLIC;

-- The error of a transaction that finds no row in the settings: with the snapshot of one that began
-- before the installation it finds none, and is to be tried again.
CREATE OR REPLACE FUNCTION aurora_trigger.raise_no_settings(effect text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'aurora_trigger: %, since the transaction began before the installation',
            effect
            USING ERRCODE = 'serialization_failure',
                HINT = 'Try the transaction again. If it fails so each time, run the installation '
                    'file again.';
    END IF;
    RAISE EXCEPTION 'aurora_trigger: %, since the table aurora_trigger.settings is empty', effect
        USING HINT = 'Was the schema copied without its data, or truncated? Run the installation '
            'file again.';
END
$body$;
ALTER FUNCTION aurora_trigger.raise_no_settings(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.raise_no_settings(text) FROM PUBLIC;

{% include "function_name.sql" %}
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
{%- if pairs_rows %}

{% include "is_partitioned.sql" %}
{%- endif %}
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
        -- Where the row of the settings is lost, the event must not be.
        (SELECT coalesce(max(s.epoch), 0) FROM aurora_trigger.settings AS s),
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
{%- if explains_misfits %}
-- What an error of a capture means: the table has no more the columns that its struct takes, or
-- others. Whatever else it is, it is told in its own words.
CREATE OR REPLACE FUNCTION aurora_trigger.misfit(
    relation oid,
    struct text,
    column_names text[],
    state text,
    message text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE
        WHEN state NOT IN ('42703', '42883', '42804', '42846') THEN message
        WHEN count(*) > 0 THEN format(
            'the table has no column %s, which the struct %s takes',
            string_agg(quote_ident(c.name), ', ' ORDER BY c.number),
            struct
        )
        ELSE format('the struct %s does not fit the table: %s', struct, message)
    END
    FROM unnest(column_names) WITH ORDINALITY AS c (name, number)
    WHERE NOT EXISTS (
        SELECT
        FROM pg_attribute AS a
        WHERE a.attrelid = relation AND a.attname = c.name AND NOT a.attisdropped
    )
$body$;
ALTER FUNCTION aurora_trigger.misfit(oid, text, text[], text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.misfit(oid, text, text[], text, text) FROM PUBLIC;
{% endif %}
{% include "epoch.sql" %}
{%- if masks_by_hash %}
{% include "mask_key.sql" %}
{%- endif %}
-- A number with what it counts: 1 event, 2 events.
CREATE OR REPLACE FUNCTION aurora_trigger.counted(number bigint, one text, many text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT concat(number, ' ', CASE WHEN number = 1 THEN one ELSE many END)
$body$;
ALTER FUNCTION aurora_trigger.counted(bigint, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.counted(bigint, text, text) FROM PUBLIC;

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
    IF epoch IS NULL THEN
        PERFORM aurora_trigger.raise_no_settings(
            format('the changes of %s.%s can''t be sent', schema_name, table_name)
        );
    END IF;
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
        RAISE EXCEPTION 'aurora_trigger: the relay accepted % of % of %.%',
            coalesce(answer.payload ->> 'accepted', 'an unknown number'),
            aurora_trigger.counted(cardinality(events), 'event', 'events'),
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
                'not sent: %s of %s.%s',
                aurora_trigger.counted(cardinality(events), 'event', 'events'),
                schema_name,
                table_name
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
            'not sent: %s of %s.%s: %s',
            aurora_trigger.counted(cardinality(events), 'event', 'events'),
            schema_name,
            table_name,
            error_message
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
{% include "step_end.sql" %}
{%- if keeps_events %}

{% include "outbox/tables.sql" %}
{% include "outbox/keep.sql" %}
{% include "outbox/misfit.sql" %}
{% include "outbox/payload.sql" %}
{% include "outbox/queues.sql" %}
{% include "outbox/captured.sql" %}
{% include "outbox/collector.sql" %}
{% include "outbox/oversize.sql" %}
{% include "outbox/chain.sql" %}
{% include "outbox/collect.sql" %}
{% include "outbox/batches.sql" %}
{% include "outbox/send.sql" %}
{% include "outbox/room.sql" %}
{% include "outbox/drain.sql" %}
{%- if sends_at_commit %}
{% include "outbox/commit.sql" %}
{%- endif %}
{% include "outbox/operate.sql" %}
{% include "outbox/schedule.sql" %}
{% include "step_end.sql" %}
{%- endif %}

{% include "views.sql" %}