DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    most_events CONSTANT integer := 10000;
    most_bytes CONSTANT integer := 100000000;
    is_long boolean;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- An older installation made the outbox without a primary key. All that writes events waits
    -- while it gets one, so a long outbox is not given one, and a lock is not waited for long.
    IF NOT EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = 'aurora_trigger.outbox'::regclass AND c.contype = 'p'
    ) THEN
        IF current_setting('lock_timeout')::interval
            NOT BETWEEN interval '1 millisecond' AND interval '500 milliseconds'
        THEN
            PERFORM set_config('lock_timeout', '500ms', true);
        END IF;
        FOR try IN 1..5 LOOP
            SELECT count(*) > most_events OR sum(
                coalesce(pg_column_size(o.before), 0) + coalesce(pg_column_size(o.after), 0)
            ) > most_bytes
            INTO is_long
            FROM (SELECT * FROM aurora_trigger.outbox LIMIT most_events + 1) AS o;
            EXIT WHEN is_long;
            BEGIN
                LOCK TABLE aurora_trigger.outbox IN ACCESS EXCLUSIVE MODE;
                -- The table is written anew, so that each event gets a number of its own.
                ALTER TABLE aurora_trigger.outbox
                    ADD COLUMN tiebreaker double precision NOT NULL DEFAULT random(),
                    ADD PRIMARY KEY (lane, position, tiebreaker);
                DROP INDEX aurora_trigger.outbox_lane;
                EXIT;
            EXCEPTION WHEN lock_not_available THEN
                NULL; -- Writers go on before the next try.
            END;
            PERFORM pg_sleep(0.1);
        END LOOP;
        PERFORM set_config('lock_timeout', lock_timeout_before, true);
        IF NOT EXISTS (
            SELECT FROM pg_constraint AS c
            WHERE c.conrelid = 'aurora_trigger.outbox'::regclass AND c.contype = 'p'
        ) THEN
            RAISE WARNING 'aurora_trigger: the table aurora_trigger.outbox still has no primary '
                'key, since it %', CASE
                    WHEN is_long THEN 'holds many events'
                    ELSE 'was in use'
                END
                USING HINT = 'Without one, a publication that has the table makes each drain '
                    'fail. Run this file again when few events wait and no long transaction has '
                    'written any.';
        END IF;
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
