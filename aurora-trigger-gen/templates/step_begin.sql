DO {{ step }}
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
BEGIN
PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
PERFORM aurora_trigger.wait_for_other_installations();
-- For who has changed a row of the registry, and has not ended.
IF lock_timeout_before::interval NOT BETWEEN interval '1 millisecond' AND interval '1 minute' THEN
    PERFORM set_config('lock_timeout', '1min', true);
END IF;
