LOOP
        BEGIN
            wait := {% include "lock_wait.sql" %};
            ends_at := clock_timestamp() + wait * interval '1 millisecond';
            PERFORM set_config('lock_timeout', wait::text, true);
            -- On all of them or, in a failed try, on none. All waits together take no longer.
            FOREACH next_table IN ARRAY coalesce(tables, '{}') LOOP
                EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', next_table);
                rest := greatest(1, 1000 * extract(epoch FROM ends_at - clock_timestamp()));
                PERFORM set_config('lock_timeout', rest::text, true);
            END LOOP;
            PERFORM set_config('lock_timeout', wait::text, true);
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        -- Who keeps the writers of another table waiting does not wait again.
        IF tries >= {{ super::locks::TRIES }} OR EXISTS (
            SELECT FROM pg_locks AS l
            JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
            JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted
                AND l.mode IN (
                    'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
                )
                AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('aurora_trigger', 'pg_catalog', 'pg_toast')
        ) THEN
            RAISE EXCEPTION 'aurora_trigger: % could not be locked (tries: %)',
                array_to_string(tables, ', '), tries
                USING ERRCODE = 'lock_not_available',
                    HINT = 'Nothing of them was removed. Run this again when the transactions '
                        'that use them have ended: pg_stat_activity shows them. A removal in one '
                        'transaction needs all tables at a time: run the parts of its file one '
                        'by one.';
        END IF;
        PERFORM pg_sleep(0.1 + 0.1 * random());
    END LOOP;
