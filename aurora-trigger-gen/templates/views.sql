-- The views: names, counts, times and the words of errors, never a row. A reader of one holds up
-- its change, and that change all later readers.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tries integer := 0;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    LOOP
        BEGIN
            -- LOCK TABLE would lock the tables below a view, too, and so stop writers.
            PERFORM aurora_trigger.try_lock(tries, '{}', 'ACCESS EXCLUSIVE');
            {% include "capture_status.sql" %}
{%- if keeps_events %}
            {% include "outbox/status.sql" %}
{%- endif %}

            GRANT USAGE ON SCHEMA aurora_trigger TO pg_monitor;
            GRANT SELECT ON aurora_trigger.own_trigger, aurora_trigger.capture_status TO pg_monitor;
{%- if keeps_events %}
            GRANT SELECT ON aurora_trigger.status, aurora_trigger.lane_status TO pg_monitor;
{%- endif %}
            IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'aurora_trigger_drain') THEN
                GRANT USAGE ON SCHEMA aurora_trigger TO aurora_trigger_drain;
                GRANT SELECT ON aurora_trigger.own_trigger, aurora_trigger.capture_status
                    TO aurora_trigger_drain;
{%- if keeps_events %}
                GRANT SELECT ON aurora_trigger.status, aurora_trigger.lane_status
                    TO aurora_trigger_drain;
                GRANT EXECUTE ON FUNCTION aurora_trigger.drain() TO aurora_trigger_drain;
                GRANT EXECUTE ON PROCEDURE aurora_trigger.drain_all() TO aurora_trigger_drain;
{%- endif %}
            END IF;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(
            tries,
            ARRAY(
                SELECT c.oid::regclass
                FROM pg_class AS c
                WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind = 'v'
                ORDER BY c.relname
            )
        );
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
