-- A warning that breaks no write. To send it is an error where the session's client_encoding lacks
-- a letter of it, or of the statements that are its context. The server's log has got it by then.
CREATE OR REPLACE FUNCTION aurora_trigger.warn(
    message text,
    state text DEFAULT '01000',
    detail text DEFAULT '',
    hint text DEFAULT ''
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF detail <> '' THEN
        RAISE WARNING 'aurora_trigger: %', message USING ERRCODE = state, DETAIL = detail;
    ELSIF hint <> '' THEN
        RAISE WARNING 'aurora_trigger: %', message USING ERRCODE = state, HINT = hint;
    ELSE
        RAISE WARNING 'aurora_trigger: %', message USING ERRCODE = state;
    END IF;
EXCEPTION WHEN untranslatable_character THEN
    NULL; -- A shorter one would have the same context.
END
$body$;
ALTER FUNCTION aurora_trigger.warn(text, text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.warn(text, text, text, text) FROM PUBLIC;

-- Says with whose rights changes are captured that a restore has left without their owner. Once in
-- a transaction: there can be millions of rows.
CREATE OR REPLACE FUNCTION aurora_trigger.warn_of_owner(schema_name text, table_name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF current_setting('aurora_trigger.owner_was_told', true) = 'yes' THEN
        RETURN;
    END IF;
    PERFORM set_config('aurora_trigger.owner_was_told', 'yes', true);
    PERFORM aurora_trigger.warn(
        format(
            'the changes of %s.%s are captured with the rights of the role %s',
            schema_name,
            table_name,
            current_user
        ),
        hint => 'Run the installation file again: it gives what it installed to the role '
            'aurora_trigger.'
    );
END
$body$;
ALTER FUNCTION aurora_trigger.warn_of_owner(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.warn_of_owner(text, text) FROM PUBLIC;
