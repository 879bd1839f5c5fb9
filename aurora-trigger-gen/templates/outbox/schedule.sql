-- Has pg_cron drain the outbox. It runs as whoever calls it, in the database where pg_cron is.
CREATE OR REPLACE FUNCTION aurora_trigger.schedule(every text DEFAULT '5 seconds')
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    drain CONSTANT text := 'CALL aurora_trigger.drain_all()';
    job CONSTANT text := 'aurora_trigger ' || current_database();
    log_job CONSTANT text := job || ' log';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'aurora_trigger: pg_cron is not installed in the database %',
            current_database()
            USING HINT = format(
                'A server has it in one database, cron.database_name. There: SELECT '
                'cron.schedule_in_database(%L, %L, %L, %L); Without it run aurora-trigger drain.',
                job, every, drain, current_database()
            );
    END IF;
    BEGIN
        EXECUTE 'SELECT cron.schedule_in_database($1, $2, $3, $4)'
        USING job, every, drain, current_database()::text;
    EXCEPTION WHEN invalid_parameter_value THEN
        RAISE EXCEPTION 'aurora_trigger: pg_cron % does not take the schedule %',
            (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_cron'),
            quote_nullable(every)
            USING ERRCODE = 'invalid_parameter_value',
                DETAIL = SQLERRM,
                HINT = 'From 1.5 on it takes 1 to 59 seconds, as in ''5 seconds''. Before that the '
                    'shortest is a minute: SELECT aurora_trigger.schedule(''* * * * *''); or run '
                    'aurora-trigger drain, which waits for a second at most.';
    END;
    -- pg_cron notes each run, and never forgets one.
    EXECUTE 'SELECT cron.schedule_in_database($1, $2, $3, $4)'
    USING
        log_job,
        '7 * * * *',
        format(
            'DELETE FROM cron.job_run_details AS d USING cron.job AS j WHERE j.jobid = d.jobid '
            'AND j.jobname IN (%L, %L) AND d.end_time < now() - interval %L',
            job, log_job, '1 hour'
        ),
        current_database()::text;
END
$body$;
ALTER FUNCTION aurora_trigger.schedule(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.schedule(text) FROM PUBLIC;

-- Takes back what schedule() gave pg_cron, as far as the jobs are the caller's, or all for a
-- superuser. Returns how many jobs are gone.
CREATE OR REPLACE FUNCTION aurora_trigger.unschedule()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    job CONSTANT text := 'aurora_trigger ' || current_database();
    log_job CONSTANT text := job || ' log';
    jobs bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'aurora_trigger: pg_cron is not installed in the database %',
            current_database()
            USING HINT = format(
                'A server has it in one database, cron.database_name. There: SELECT '
                'cron.unschedule(jobid) FROM cron.job WHERE jobname IN (%L, %L);',
                job, log_job
            );
    END IF;
    EXECUTE 'SELECT count(cron.unschedule(j.jobid)) FROM cron.job AS j WHERE j.jobname IN ($1, $2)'
    INTO jobs
    USING job, log_job;
    RETURN jobs;
END
$body$;
ALTER FUNCTION aurora_trigger.unschedule() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.unschedule() FROM PUBLIC;
