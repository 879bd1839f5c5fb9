-- The settings. An operator who has changed them, and has not ended, holds this up.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    settings pg_catalog.regclass[];
    tries integer := 0;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    settings := ARRAY['aurora_trigger.settings']::regclass[];
    LOOP
        BEGIN
            PERFORM aurora_trigger.try_lock(tries, settings, 'SHARE ROW EXCLUSIVE');
            -- A sequence that was never used, in a schema that has been: the tables were copied
            -- without it, by logical replication or without the data. It would give numbers that
            -- consumers have seen, in an epoch that they have seen. A new epoch where nothing was
            -- ever captured does no harm.
            IF NOT (SELECT s.is_called FROM aurora_trigger.event_seq AS s) THEN
                PERFORM aurora_trigger.new_epoch();
            END IF;
{%- if let Some((function_name, region)) = configuration %}
            PERFORM aurora_trigger.configure({{ function_name }}, {{ region }});
{%- endif %}
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, settings);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
