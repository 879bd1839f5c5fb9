-- Its queue holds the images that its triggers write, as values. A drain makes events of them. The
-- queue is of this version of the struct. The rows in that of another version are collected as they
-- are.
IF to_regtype('aurora_trigger.' || quote_ident({{ image_name }})) IS NULL THEN
    CREATE TYPE aurora_trigger.{{ image }} AS (
        {{ attributes }}
    );
    ALTER TYPE aurora_trigger.{{ image }} OWNER TO aurora_trigger;
    REVOKE ALL ON TYPE aurora_trigger.{{ image }} FROM PUBLIC;
END IF;
{%- for (part, part_name) in parts %}
IF to_regclass('aurora_trigger.' || quote_ident({{ part_name }})) IS NULL THEN
    CREATE TABLE aurora_trigger.{{ part }} (
        image aurora_trigger.{{ image }}
    )
    INHERITS (aurora_trigger.queue)
    WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
    ALTER TABLE aurora_trigger.{{ part }}
        ALTER COLUMN image SET STORAGE EXTERNAL;
    ALTER TABLE aurora_trigger.{{ part }} OWNER TO aurora_trigger;
    CREATE INDEX ON aurora_trigger.{{ part }}
        USING brin (tx_id) WITH (pages_per_range = 16);
END IF;
{%- endfor %}
INSERT INTO aurora_trigger.stream_queue AS s
    (events_name, image_name, parts, schema_name, table_name)
VALUES (
    {{ events_name }}, {{ image_name }},
    ARRAY[{{ parts[0].1 }}, {{ parts[1].1 }}]::text[],
    {{ schema }}, {{ table }}
)
ON CONFLICT ON CONSTRAINT stream_queue_pkey DO UPDATE
SET retired_by = NULL
WHERE s.retired_by IS NOT NULL;

-- The events of the queue, for a step of the collector. Both images of an UPDATE's row have the
-- same place in their statement. Where the statement lost rows (O, N), their key pairs them, and
-- the images of one key are paired in their order. A row without a partner is a deleted one, or a
-- created one if the statement changed its key.
CREATE OR REPLACE FUNCTION aurora_trigger.{{ events }}(
    this aurora_trigger.collector,
    done_xmax bigint,
    done_open bigint[],
    is_divided boolean,
    last_hash bigint
)
RETURNS SETOF aurora_trigger.captured_event
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
{%- for pin in pins %}
SET {{ pin }}
{%- endfor %}
AS {{ events_tag }}
BEGIN
    RETURN QUERY
    WITH written AS (
        SELECT
            q.*,
            {{ key }} AS row_key
        FROM (
            SELECT p.* FROM aurora_trigger.{{ parts[0].0 }} AS p
            UNION ALL
            SELECT p.* FROM aurora_trigger.{{ parts[1].0 }} AS p
        ) AS q
        WHERE (q.tx_id >= done_xmax OR q.tx_id = ANY (done_open))
            AND txid_visible_in_snapshot(q.tx_id, this.upto)
            AND (
                NOT is_divided
                OR (q.position, q.ts_us) > (this.part_position, this.part_us)
                    AND (q.position, q.ts_us) <= (this.part_end_position, this.part_end_us)
            )
    ), half AS (
        SELECT w.*, '' AS pair_key, w.ordinal AS number
        FROM written AS w
        WHERE w.op IN ('o', 'n')
        UNION ALL
        SELECT
            w.*,
            {% if has_key %}w.row_key{% else %}NULL{% endif %},
            row_number() OVER (
                PARTITION BY w.tx_id, w.position, w.ts_us, w.op, w.row_key ORDER BY w.ordinal
            )
        FROM written AS w
        WHERE w.op IN ('O', 'N')
    ), pair AS (
        SELECT
            coalesce(old.position, new.position) AS position,
            coalesce(old.tx_id, new.tx_id) AS tx_id,
            coalesce(old.ts_us, new.ts_us) AS ts_us,
            coalesce(old.ordinal, new.ordinal) AS ordinal,
            old.ordinal IS NULL AS is_created,
            new.ordinal IS NULL AS is_deleted,
            old.row_key AS old_key,
            new.row_key AS new_key,
            old.image AS before,
            new.image AS after
        FROM (SELECT h.* FROM half AS h WHERE h.op IN ('o', 'O')) AS old
        FULL JOIN (SELECT h.* FROM half AS h WHERE h.op IN ('n', 'N')) AS new
            ON new.tx_id = old.tx_id
            AND new.position = old.position
            AND new.ts_us = old.ts_us
            AND new.pair_key = old.pair_key
            AND new.number = old.number
    ), event AS (
        SELECT
            w.position,
            4 * w.ordinal AS ordinal,
            w.tx_id,
            w.ts_us,
            w.op,
            aurora_trigger.key_hash(w.row_key) AS key_hash,
            CASE WHEN w.op = 'd' THEN w.image END AS before,
            CASE WHEN w.op = 'c' THEN w.image END AS after
        FROM written AS w
        WHERE w.op IN ('c', 'd')
        UNION ALL
        SELECT
            c.position,
            4 * c.ordinal + CASE WHEN c.is_created THEN 2 WHEN c.op = 'c' THEN 1 ELSE 0 END,
            c.tx_id,
            c.ts_us,
            c.op,
            aurora_trigger.key_hash(CASE WHEN c.op = 'd' THEN c.old_key ELSE c.new_key END),
            CASE WHEN c.op <> 'c' THEN c.before END,
            CASE WHEN c.op <> 'd' THEN c.after END
        FROM (
            SELECT
                -- Another key is another row: its old self is gone, its new self is there.
                unnest(CASE
                    WHEN p.is_created THEN '{c}'::"char"[]
                    WHEN p.is_deleted THEN '{d}'::"char"[]
                    WHEN p.old_key IS DISTINCT FROM p.new_key THEN '{d,c}'::"char"[]
                    ELSE '{u}'::"char"[]
                END) AS op,
                p.*
            FROM pair AS p
{%- if skips_unchanged %}
            WHERE p.is_created OR p.is_deleted OR p.before OPERATOR(pg_catalog.*<>) p.after
{%- endif %}
        ) AS c
    )
    SELECT
        NULL::bigint,
        e.position,
        e.ordinal,
        e.tx_id,
        e.ts_us,
        {{ schema }}::text,
        {{ table }}::text,
        {{ fingerprint }}::text,
        concat_ws('-', to_hex(e.ts_us), to_hex(e.tx_id), to_hex(e.position)),
        e.op,
        e.key_hash,
        CASE WHEN NOT e.is_lost THEN e.before_json END,
        CASE WHEN NOT e.is_lost THEN e.after_json END,
        CASE WHEN e.is_lost THEN {{ key_object }} END
    FROM (
        SELECT
            j.*,
            -- JSON has no room for it, so that the key is all that is left.
            j.op <> 'c' AND j.before_json IS NULL OR j.op <> 'd' AND j.after_json IS NULL AS is_lost
        FROM (
            SELECT
                v.*,
                CASE
                    WHEN pg_column_size(v.before) < 500000 THEN row_to_json(v.before)
                    ELSE aurora_trigger.big_image(v.before)
                END AS before_json,
                CASE
                    WHEN pg_column_size(v.after) < 500000 THEN row_to_json(v.after)
                    ELSE aurora_trigger.big_image(v.after)
                END AS after_json
            FROM event AS v
            WHERE NOT is_divided OR v.key_hash BETWEEN this.next_hash AND last_hash
            OFFSET 0
        ) AS j
    ) AS e;
END
{{ events_tag }};
ALTER FUNCTION
    aurora_trigger.{{ events }}(
        aurora_trigger.collector, bigint, bigint[], boolean, bigint
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.{{ events }}(
        aurora_trigger.collector, bigint, bigint[], boolean, bigint
    )
    FROM PUBLIC;
