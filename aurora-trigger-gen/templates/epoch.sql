-- Begins a new epoch, and returns its number. To be called after a restore, on a clone, and after a
-- promotion that may have lost commits, before anything is sent from there: what was sent before
-- and is not true any more is then older than all that follows.
CREATE OR REPLACE FUNCTION aurora_trigger.new_epoch()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    new_epoch bigint;
BEGIN
    UPDATE aurora_trigger.settings AS s SET epoch = s.epoch + 1 RETURNING s.epoch INTO new_epoch;
{%- if keeps_events %}
    -- They hold transactions and times of the other history.
    UPDATE aurora_trigger.lane AS l
    SET durable = '1:1:', retry_at = NULL, failures = 0, restored = '{}';
{%- endif %}
    RETURN new_epoch;
END
$body$;
ALTER FUNCTION aurora_trigger.new_epoch() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.new_epoch() FROM PUBLIC;
