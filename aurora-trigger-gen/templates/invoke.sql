-- An answer of which every text can be read. PostgreSQL's own operators fail where one of them, or
-- any other in it, holds an escape that is no letter of the database, as a reason may which names a
-- key of a row's JSON: then escapes are read as they are written.
CREATE OR REPLACE FUNCTION aurora_trigger.readable(answer json)
RETURNS json
LANGUAGE plpgsql
AS $body$
DECLARE
    backslash CONSTANT text := chr(92);
    letter_escape CONSTANT text := backslash || 'u';
    stand_in text;
BEGIN
    IF strpos(answer::text, letter_escape) > 0 THEN
        PERFORM answer -> '';
    END IF;
    RETURN answer;
EXCEPTION WHEN data_exception THEN
    -- So that a backslash which stands for itself is not taken for the beginning of an escape.
    stand_in := md5(random()::text || clock_timestamp()::text);
    RETURN replace(
        replace(
            replace(answer::text, backslash || backslash, stand_in),
            letter_escape,
            backslash || letter_escape
        ),
        stand_in,
        backslash || backslash
    )::json;
END
$body$;
ALTER FUNCTION aurora_trigger.readable(json) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.readable(json) FROM PUBLIC;

-- A call of the relay, with the time-outs of the triggers. Raises what the call raises, and returns
-- what it answers.
CREATE OR REPLACE FUNCTION aurora_trigger.invoke(
    target text,
    target_region text,
    payload json,
    invocation text
)
RETURNS aurora_trigger.lambda_answer
LANGUAGE plpgsql
AS $body$
DECLARE
    answer aurora_trigger.lambda_answer;
    connect_timeout text := current_setting('aws_lambda.connect_timeout_ms', true);
    request_timeout text := current_setting('aws_lambda.request_timeout_ms', true);
    pins_timeouts boolean := coalesce(connect_timeout NOT IN ('1s', '1000'), true)
        OR coalesce(request_timeout NOT IN ('3s', '3000'), true);
BEGIN
    -- Whatever the session waits for itself. Not as a SET of the function: only a superuser may
    -- write that down for an extension that the session has not loaded yet.
    IF pins_timeouts THEN
        BEGIN
            pins_timeouts :=
                set_config('aws_lambda.connect_timeout_ms', '1000', true) IS NOT NULL
                AND set_config('aws_lambda.request_timeout_ms', '3000', true) IS NOT NULL;
        EXCEPTION WHEN insufficient_privilege OR cant_change_runtime_param THEN
            pins_timeouts := false; -- Then no session can have changed them.
        END;
    END IF;
    answer := aws_lambda.invoke(
        function_name => target,
        payload => payload,
        region => target_region,
        invocation_type => invocation
    );
    IF pins_timeouts AND connect_timeout <> '' THEN
        connect_timeout := set_config('aws_lambda.connect_timeout_ms', connect_timeout, true);
    END IF;
    IF pins_timeouts AND request_timeout <> '' THEN
        request_timeout := set_config('aws_lambda.request_timeout_ms', request_timeout, true);
    END IF;
    IF answer.status_code IS DISTINCT FROM (CASE invocation WHEN 'Event' THEN 202 ELSE 200 END)
    THEN
        RAISE EXCEPTION 'aurora_trigger: Lambda answered % to a call by %',
            coalesce(answer.status_code::text, 'without a status'), invocation;
    END IF;
    answer.payload := aurora_trigger.readable(answer.payload);
    RETURN answer;
END
$body$;
ALTER FUNCTION aurora_trigger.invoke(text, text, json, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.invoke(text, text, json, text) FROM PUBLIC;
