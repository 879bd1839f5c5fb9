-- A stand-in for the extension aws_lambda: for development and tests, on a PostgreSQL with contrib.
-- Its aws_lambda.invoke calls a local endpoint in place of AWS. Run it as a superuser, and again
-- whenever the endpoint is another.
-- To remove it: DROP SCHEMA aws_lambda, aws_commons, aws_lambda_local CASCADE;

-- One block, so that all of it is there or nothing, also where nobody put a transaction around it.
DO $install$
DECLARE
  real_extension text;
  dblink_schema text;
BEGIN
  SELECT extname INTO real_extension
    FROM pg_catalog.pg_extension WHERE extname IN ('aws_lambda', 'aws_commons');
  IF FOUND THEN
    RAISE EXCEPTION
        'this database has the real extension %, which the local stand-in does not replace',
        real_extension
      USING HINT = 'Run it in a database of your own PostgreSQL, not on Aurora or RDS.';
  END IF;
  -- dblink asks everybody else for a password.
  IF pg_catalog.current_setting('is_superuser') <> 'on' THEN
    RAISE EXCEPTION 'only a superuser can install the local stand-in for aws_lambda, not %',
        current_user;
  END IF;
  -- The endpoint reads UTF-8, and nothing says which characters the bytes of these are.
  IF pg_catalog.getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL') THEN
    RAISE EXCEPTION
        'the local stand-in for aws_lambda needs a database whose texts have a meaning in UTF-8, '
        'which encoding % does not give them', pg_catalog.getdatabaseencoding()
      USING HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0';
  END IF;

  -- Asked for one by one, because IF NOT EXISTS prints a notice on every run but the first.
  IF pg_catalog.to_regnamespace('aws_lambda_local') IS NULL THEN
    CREATE SCHEMA aws_lambda_local;
  END IF;
  IF pg_catalog.to_regnamespace('aws_commons') IS NULL THEN
    CREATE SCHEMA aws_commons;
  END IF;
  IF pg_catalog.to_regnamespace('aws_lambda') IS NULL THEN
    CREATE SCHEMA aws_lambda;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'dblink') THEN
    CREATE EXTENSION dblink SCHEMA aws_lambda_local;
  END IF;
  -- Somebody else may have installed it, in a schema of their choice.
  SELECT n.nspname INTO dblink_schema
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname = 'dblink';

  IF pg_catalog.to_regclass('aws_lambda_local.endpoint') IS NULL THEN
    CREATE TABLE aws_lambda_local.endpoint (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      connection_string text NOT NULL
    );
  END IF;
  REVOKE ALL ON TABLE aws_lambda_local.endpoint FROM PUBLIC;

  IF pg_catalog.to_regtype('aws_commons._lambda_function_arn_1') IS NULL THEN
    CREATE TYPE aws_commons._lambda_function_arn_1 AS (function_name text, region text);
  END IF;

  CREATE OR REPLACE FUNCTION aws_commons.create_lambda_function_arn(
    function_name text, region text DEFAULT NULL
  ) RETURNS aws_commons._lambda_function_arn_1
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
  AS $body$ SELECT ROW($1, $2)::aws_commons._lambda_function_arn_1 $body$;

  -- Every call goes through here, with anyelement for json or jsonb. No backslash in it: how a
  -- literal with one reads depends on the caller's standard_conforming_strings.
  CREATE OR REPLACE FUNCTION aws_lambda_local.send(
    function_name text, payload anyelement, region text, invocation_type text, log_type text,
    context anyelement, qualifier text,
    OUT status_code integer, OUT answer anyelement, OUT executed_version text, OUT log_result text
  ) LANGUAGE plpgsql
  AS $body$
  DECLARE
    endpoint text;
    link text;
    request text;
    -- dblink sends a text in the bytes that it has here, and takes the answer's bytes as they come.
    in_digits CONSTANT boolean := getdatabaseencoding() <> 'UTF8';
  BEGIN
    IF function_name IS NULL OR payload IS NULL THEN
      RAISE EXCEPTION 'invoke API failed' USING
        ERRCODE = 'internal_error',
        DETAIL = 'AWS Lambda client returned ''function name and payload must not be null''.';
    END IF;
    -- The header is one line, since JSON writes a newline as two characters, and the payload is all
    -- that follows. Nothing is quoted, so nothing can be quoted wrongly.
    request := json_build_object(
        'function_name', function_name, 'qualifier', qualifier, 'region', region,
        'invocation_type', invocation_type, 'log_type', log_type, 'context', context::text,
        'request_timeout_ms', nullif(current_setting('aws_lambda.request_timeout_ms', true), '')
      )::text || chr(10) || payload::text;
    request := CASE
        WHEN in_digits THEN 'invoke/1 hex ' || encode(convert_to(request, 'UTF8'), 'hex')
        ELSE 'invoke/1 ' || request
      END;

    SELECT e.connection_string INTO STRICT endpoint FROM aws_lambda_local.endpoint e;
    -- Named after the endpoint, so that a session follows when another one is configured.
    link := 'aws_lambda_local_' || md5(endpoint);
    BEGIN
      IF link = ANY (dblink_get_connections()) THEN
        -- Asking whether it is busy reads from the socket, and so finds out that the endpoint has
        -- gone. The message may also be that of a call that failed: then it connects in vain.
        IF dblink_is_busy(link) <> 0 OR dblink_error_message(link) <> 'OK' THEN
          PERFORM dblink_disconnect(link);
          PERFORM dblink_connect(link, endpoint);
        END IF;
      ELSE
        PERFORM dblink_connect(link, endpoint);
      END IF;
      SELECT
          a.status_code,
          CASE
            WHEN in_digits THEN convert_from(decode(a.payload, 'hex'), 'UTF8') ELSE a.payload
          END,
          a.executed_version,
          CASE WHEN in_digits THEN convert_from(decode(a.log, 'hex'), 'UTF8') ELSE a.log END
        INTO status_code, answer, executed_version, log_result
        FROM dblink(link, request)
          AS a(status_code integer, payload text, executed_version text, log text);
    EXCEPTION WHEN connection_exception THEN
      RAISE EXCEPTION 'invoke API failed' USING
        ERRCODE = 'internal_error',
        DETAIL = 'AWS Lambda client returned ''Unable to connect to endpoint''.';
    END;
    IF log_result IS NOT NULL THEN
      log_result := encode(convert_to(log_result, 'UTF8'), 'base64');
    END IF;
  END
  $body$;
  EXECUTE pg_catalog.format(
    'ALTER FUNCTION aws_lambda_local.send(text, anyelement, text, text, text, anyelement, text)'
    ' SET search_path = pg_catalog, %I, pg_temp', dblink_schema);

  -- The four overloads, as documented. In language SQL, because plpgsql refuses an IN and an OUT
  -- parameter of one name; by four columns, so that the record has the parameters' names.
  CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    IN function_name text, IN payload json, IN region text DEFAULT NULL,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None',
    IN context json DEFAULT NULL, IN qualifier varchar(128) DEFAULT NULL,
    OUT status_code integer, OUT payload json, OUT executed_version text, OUT log_result text
  ) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $body$
    SELECT s.status_code, s.answer, s.executed_version, s.log_result
    FROM aws_lambda_local.send($1, $2, $3, $4, $5, $6, $7) AS s
  $body$;

  CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    IN function_name text, IN payload jsonb, IN region text DEFAULT NULL,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None',
    IN context jsonb DEFAULT NULL, IN qualifier varchar(128) DEFAULT NULL,
    OUT status_code integer, OUT payload jsonb, OUT executed_version text, OUT log_result text
  ) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $body$
    SELECT s.status_code, s.answer, s.executed_version, s.log_result
    FROM aws_lambda_local.send($1, $2, $3, $4, $5, $6, $7) AS s
  $body$;

  CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    IN function_name aws_commons._lambda_function_arn_1, IN payload json,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None',
    IN context json DEFAULT NULL, IN qualifier varchar(128) DEFAULT NULL,
    OUT status_code integer, OUT payload json, OUT executed_version text, OUT log_result text
  ) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $body$
    SELECT s.status_code, s.answer, s.executed_version, s.log_result
    FROM aws_lambda_local.send(($1).function_name, $2, ($1).region, $3, $4, $5, $6) AS s
  $body$;

  CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    IN function_name aws_commons._lambda_function_arn_1, IN payload jsonb,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None',
    IN context jsonb DEFAULT NULL, IN qualifier varchar(128) DEFAULT NULL,
    OUT status_code integer, OUT payload jsonb, OUT executed_version text, OUT log_result text
  ) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $body$
    SELECT s.status_code, s.answer, s.executed_version, s.log_result
    FROM aws_lambda_local.send(($1).function_name, $2, ($1).region, $3, $4, $5, $6) AS s
  $body$;

  -- As after CREATE EXTENSION aws_lambda: whoever calls it has been granted the schema and the
  -- function. What was granted stays when this runs again.
  REVOKE ALL ON ALL FUNCTIONS IN SCHEMA aws_commons, aws_lambda FROM PUBLIC;
  REVOKE ALL ON FUNCTION
    aws_lambda_local.send(text, anyelement, text, text, text, anyelement, text) FROM PUBLIC;
END
$install$;

INSERT INTO aws_lambda_local.endpoint (connection_string) VALUES ({endpoint})
  ON CONFLICT (only_row) DO UPDATE SET connection_string = excluded.connection_string;
