CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    function_name text, payload json, region text DEFAULT NULL, invocation_type text DEFAULT 'RequestResponse',
    log_type text DEFAULT 'None', context json DEFAULT NULL, qualifier varchar(128) DEFAULT NULL
)
RETURNS aws_lambda.answer
LANGUAGE plpgsql
AS $body$
BEGIN
    {work}
    RETURN ROW(202, NULL::json, NULL::text, NULL::text)::aws_lambda.answer;
END
$body$;

CREATE OR REPLACE FUNCTION aws_lambda.invoke(
    function_name aws_commons._lambda_function_arn_1, payload json, invocation_type text DEFAULT 'RequestResponse',
    log_type text DEFAULT 'None', context json DEFAULT NULL, qualifier varchar(128) DEFAULT NULL
)
RETURNS aws_lambda.answer
LANGUAGE plpgsql
AS $body$
BEGIN
    {work}
    RETURN ROW(202, NULL::json, NULL::text, NULL::text)::aws_lambda.answer;
END
$body$;
