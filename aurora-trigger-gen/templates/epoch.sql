-- Begins a new epoch, and returns its number. To be called after a restore, on a clone, after a
-- promotion that may have lost commits, and when another server takes over, before anything is sent
-- from there: what was sent before and is not true any more is then older than all that follows. An
-- epoch never comes again, not even after a removal and a new installation: it is the time in
-- milliseconds since 1970, or one more than the one before.
CREATE OR REPLACE FUNCTION aurora_trigger.new_epoch()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    new_epoch bigint;
BEGIN
{%- if keeps_events %}
    -- Nothing is collected or sent meanwhile.
    PERFORM FROM aurora_trigger.collector FOR UPDATE;
    PERFORM FROM aurora_trigger.lane FOR UPDATE;
{%- endif %}
    INSERT INTO aurora_trigger.settings AS s (epoch)
    VALUES (aurora_trigger.clock_epoch())
    ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE
    SET epoch = greatest(s.epoch + 1, excluded.epoch)
    RETURNING s.epoch INTO new_epoch;
{%- if keeps_events %}
    UPDATE aurora_trigger.lane AS l SET retry_at = NULL, failures = 0;
    UPDATE aurora_trigger.batch AS b
    SET events = ARRAY(
        SELECT CASE
            WHEN left(e.text, 1) = ',' THEN e.text
            -- The first one is that of its source: in a name, a quotation mark has a backslash.
            ELSE regexp_replace(e.text, '"epoch":[0-9]+', '"epoch":' || new_epoch)
        END
        FROM unnest(b.events) WITH ORDINALITY AS e (text, number)
        ORDER BY e.number
    );
{%- endif %}
{%- if has_dead_letters %}
    -- Logical replication copies tables, and not how far their sequences are.
    PERFORM aurora_trigger.advance(
        pg_get_serial_sequence('aurora_trigger.dead_letter', 'id')::regclass,
        (SELECT max(d.id) FROM aurora_trigger.dead_letter AS d)
    );
{%- endif %}
{%- if keeps_events %}
    PERFORM aurora_trigger.advance(
        pg_get_serial_sequence('aurora_trigger.failed_call', 'id')::regclass,
        (SELECT max(f.id) FROM aurora_trigger.failed_call AS f)
    );
    -- What is captured from now on is sent after what waits.
    PERFORM aurora_trigger.advance(
        'aurora_trigger.event_seq',
        (
            SELECT greatest(
                (SELECT max(k.seq) FROM aurora_trigger.kept AS k),
                (SELECT max(b.place + b.event_count) FROM aurora_trigger.batch AS b)
            )
        )
    );
{%- endif %}
    RETURN new_epoch;
END
$body$;
ALTER FUNCTION aurora_trigger.new_epoch() OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.new_epoch() FROM PUBLIC;
{%- if has_dead_letters %}

-- Has a sequence go on behind a number, if it has not come so far.
CREATE OR REPLACE FUNCTION aurora_trigger.advance(sequence regclass, used bigint)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT aurora_trigger.take_numbers(
        sequence, greatest(used - coalesce(pg_sequence_last_value(sequence), 0), 0)
    )
$body$;
ALTER FUNCTION aurora_trigger.advance(regclass, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.advance(regclass, bigint) FROM PUBLIC;
{%- endif %}
