-- What is wrong with the name of a Lambda function, which is a name, name:qualifier,
-- account:function:name, or an ARN. NULL: nothing.
CREATE OR REPLACE FUNCTION aurora_trigger.function_name_problem(function_name text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    parts text[] := string_to_array(function_name, ':');
    is_arn CONSTANT boolean := split_part(function_name, ':', 1) = 'arn';
BEGIN
    IF function_name IS NULL OR function_name = '' THEN
        RETURN 'it is empty';
    END IF;
    IF strpos(function_name, ' ') > 0 THEN
        RETURN 'it has a space in it';
    END IF;
    IF is_arn THEN
        IF parts[2] ~ '^aws(-[a-z]+)*$' IS NOT TRUE THEN
            RETURN format('"%s" is no partition of AWS', parts[2]);
        END IF;
        IF parts[3] = 'lambda' IS NOT TRUE THEN
            RETURN format('it is an ARN of "%s", not of lambda', parts[3]);
        END IF;
        IF parts[4] ~ '^[a-z]+(-[a-z]+)+-[0-9]+$' IS NOT TRUE THEN
            RETURN format('"%s" is no region', parts[4]);
        END IF;
        parts := parts[5:];
    END IF;
    IF is_arn OR cardinality(parts) > 2 THEN
        IF parts[1] ~ '^[0-9]{12}$' IS NOT TRUE THEN
            RETURN format('"%s" is no account, which has 12 digits', parts[1]);
        END IF;
        IF parts[2] = 'function' IS NOT TRUE THEN
            RETURN format('"%s" is where "function" must be', parts[2]);
        END IF;
        parts := parts[3:];
    END IF;
    IF cardinality(parts) > 2 THEN
        RETURN 'it goes on behind the qualifier';
    END IF;
    IF parts[1] ~ '^[a-zA-Z0-9_-]{1,64}$' IS NOT TRUE THEN
        RETURN format(
            '"%s" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _', parts[1]
        );
    END IF;
    IF parts[2] !~ '^([$]LATEST|[a-zA-Z0-9_-]{1,128})$' THEN
        RETURN format('"%s" is no version and no alias', parts[2]);
    END IF;
    RETURN NULL;
END
$body$;
ALTER FUNCTION aurora_trigger.function_name_problem(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.function_name_problem(text) FROM PUBLIC;

-- Which function the triggers call: its ARN or name, and its region where the name has none.
CREATE OR REPLACE FUNCTION aurora_trigger.configure(function_name text, region text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    problem CONSTANT text := aurora_trigger.function_name_problem(configure.function_name);
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'aurora_trigger: % names no Lambda function: %',
            quote_nullable(configure.function_name), problem
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give an ARN, such as arn:aws:lambda:eu-central-1:123456789012:function:'
                    'relay, or a name, such as relay.';
    END IF;
    IF configure.region !~ '^[a-z]+(-[a-z]+)+-[0-9]+$' THEN
        RAISE EXCEPTION 'aurora_trigger: % is no region', quote_literal(configure.region)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'A region is written as eu-central-1. Leave it out where the function''s '
                    'ARN has it.';
    END IF;
    UPDATE aurora_trigger.settings AS s
    SET function_name = configure.function_name, region = configure.region;
    IF NOT FOUND THEN
        INSERT INTO aurora_trigger.settings (function_name, region, epoch)
        VALUES (configure.function_name, configure.region, aurora_trigger.clock_epoch());
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.configure(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.configure(text, text) FROM PUBLIC;
