-- Gives the room back of what is collected, and of what is sent. It waits for nobody: a part of the
-- outbox to which a transaction has written that is still open stays as it is.
CREATE OR REPLACE FUNCTION aurora_trigger.give_back_room()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    worthwhile CONSTANT bigint := 2000000::bigint;
    this aurora_trigger.collector;
    part text;
    is_done boolean;
BEGIN
    IF NOT EXISTS (
            SELECT
            FROM aurora_trigger.part AS p
            -- An empty one is told by a look at one file.
            WHERE pg_relation_size(p.id) > 0 AND pg_total_relation_size(p.id) >= worthwhile
        )
        AND pg_total_relation_size('aurora_trigger.batch') < worthwhile
        AND pg_total_relation_size('aurora_trigger.kept') < worthwhile
    THEN
        RETURN;
    END IF;
    -- Without the lock of the collector another one could collect what is looked for.
    SELECT c.* INTO this FROM aurora_trigger.collector AS c FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR this.upto IS NOT NULL OR NOT aurora_trigger.is_sealed() THEN
        RETURN;
    END IF;
    FOR part IN
        SELECT c.relname::text
        FROM aurora_trigger.part AS p
        JOIN pg_class AS c ON c.oid = p.id
        WHERE pg_total_relation_size(p.id) >= worthwhile
        ORDER BY p.id
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
            -- All who have written to it have ended.
            IF aurora_trigger.is_collected(part) THEN
                EXECUTE format('TRUNCATE aurora_trigger.%I', part);
            ELSE
                -- The lock would be held until the end.
                RAISE lock_not_available;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    FOREACH part IN ARRAY ARRAY['batch', 'kept'] LOOP
        CONTINUE WHEN pg_total_relation_size('aurora_trigger.' || part) < worthwhile;
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I)', part) INTO is_done;
        CONTINUE WHEN NOT is_done;
        BEGIN
            EXECUTE format('LOCK TABLE aurora_trigger.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM aurora_trigger.%I)', part) INTO is_done;
            IF is_done THEN
                EXECUTE format('TRUNCATE aurora_trigger.%I', part);
            ELSE
                RAISE lock_not_available;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.give_back_room() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.give_back_room() FROM PUBLIC;
