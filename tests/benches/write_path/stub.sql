-- Stands in for the extension: the two overloads that are called here, with the documented parameters. The answer is a
-- named type in place of OUT parameters, since plpgsql takes no OUT parameter with the name of an IN parameter, and a
-- function in plpgsql costs a third of one in SQL, which is not inlined where it returns a record.
CREATE SCHEMA aws_commons;
CREATE SCHEMA aws_lambda;
CREATE SEQUENCE aws_lambda.calls;
GRANT USAGE ON SEQUENCE aws_lambda.calls TO PUBLIC;
CREATE TYPE aws_commons._lambda_function_arn_1 AS (function_name text, region text);
CREATE TYPE aws_lambda.answer AS (status_code integer, payload json, executed_version text, log_result text);

-- Immutable and inlined: with constants, it is one.
CREATE FUNCTION aws_commons.create_lambda_function_arn(function_name text, region text DEFAULT NULL)
RETURNS aws_commons._lambda_function_arn_1
LANGUAGE sql
IMMUTABLE
AS $body$ SELECT ROW($1, $2)::aws_commons._lambda_function_arn_1 $body$;
