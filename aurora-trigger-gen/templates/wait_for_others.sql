DECLARE
        wait_before CONSTANT pg_catalog.text := current_setting('lock_timeout');
        holders pg_catalog.text;
    BEGIN
        IF wait_before::interval NOT BETWEEN interval '1 millisecond' AND interval '1 minute' THEN
            PERFORM set_config('lock_timeout', '1min', true);
        END IF;
        PERFORM pg_advisory_xact_lock(1635086959, 1953655143);
        PERFORM set_config('lock_timeout', wait_before, true);
    EXCEPTION WHEN lock_not_available THEN
        SELECT string_agg(
            CASE
                WHEN l.pid IS NULL THEN 'a prepared transaction'
                ELSE format('process %s of role %s', l.pid, coalesce(a.usename, 'unknown'))
            END,
            ', '
        )
        INTO holders
        FROM pg_locks AS l
        LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted
            AND l.database = (
                SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()
            )
            AND l.classid = 1635086959 AND l.objid = 1953655143 AND l.objsubid = 2;
        RAISE EXCEPTION 'aurora_trigger: another installation or removal is at work: %',
            coalesce(holders, 'it has just ended')
            USING ERRCODE = 'lock_not_available',
                HINT = 'Run this file again when it has ended. Any role can hold that advisory '
                    'lock: a process that is no installation ends with '
                    'SELECT pg_terminate_backend(<process>);';
    END;
