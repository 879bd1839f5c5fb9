-- Takes numbers of a sequence, which nobody else gets, and returns the one before the first. They
-- grow in the order in which transactions take them. nextval would change what lastval() returns to
-- the session that writes.
CREATE OR REPLACE FUNCTION aurora_trigger.take_numbers(sequence regclass, count bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    number_before bigint;
BEGIN
    LOCK TABLE aurora_trigger.number_lock IN EXCLUSIVE MODE;
    number_before := coalesce(pg_sequence_last_value(sequence), 0);
    PERFORM setval(sequence, number_before + count) WHERE count > 0;
    -- The lock ends with this block, and not with a transaction that can be long. What was taken of
    -- a sequence stays taken.
    RAISE SQLSTATE 'AT001';
EXCEPTION WHEN SQLSTATE 'AT001' THEN
    RETURN number_before;
END
$body$;
ALTER FUNCTION aurora_trigger.take_numbers(regclass, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.take_numbers(regclass, bigint) FROM PUBLIC;
