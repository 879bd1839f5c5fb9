-- A sequence that was never used, in a schema that has been: the tables were copied without it, by
-- logical replication or without the data. It would give numbers that consumers have seen, in an
-- epoch that they have seen. A new epoch where nothing was ever captured does no harm.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF NOT (SELECT s.is_called FROM aurora_trigger.event_seq AS s) THEN
        PERFORM aurora_trigger.new_epoch();
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
