{#- The rows of both parts with one of these operations that are of the step. -#}
{%- macro rows(operations) -%}
{{ super::layout::BLOCK }}FROM (
    SELECT p.* FROM aurora_trigger.{{ parts[0].0 }} AS p
    UNION ALL
    SELECT p.* FROM aurora_trigger.{{ parts[1].0 }} AS p
) AS q
WHERE q.op IN ({{ operations }})
    AND (
        q.tx_id >= done_xmax AND q.tx_id < txid_snapshot_xmax(this.upto)
        OR q.tx_id = ANY (done_open)
    )
    AND txid_visible_in_snapshot(q.tx_id, this.upto)
    AND (
        NOT is_divided
        OR (q.position, q.ts_us) > (this.part_position, this.part_us)
            AND (q.position, q.ts_us) <= (this.part_end_position, this.part_end_us)
    )
{{- super::layout::BLOCK_END }}
{%- endmacro -%}
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
        before aurora_trigger.{{ image }},
        after aurora_trigger.{{ image }}
    )
    INHERITS (aurora_trigger.queue)
    WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
    ALTER TABLE aurora_trigger.{{ part }}
        ALTER COLUMN before SET STORAGE EXTERNAL,
        ALTER COLUMN after SET STORAGE EXTERNAL;
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

-- The events of the queue, for a step of the collector. Where an UPDATE lost rows, the images of
-- its rows are apart (O and N, and those that a predicate does not choose as X and Y): their key
-- pairs them, and the images of one key are paired in their order. A row without a partner is a
-- deleted one, or a created one if the statement changed its key.
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
    WITH half AS (
        SELECT
            w.*,
            {% if has_key %}w.row_key{% else %}NULL::text{% endif %} AS pair_key,
            row_number() OVER (
                PARTITION BY w.tx_id, w.position, w.ts_us, w.is_old, w.row_key ORDER BY w.ordinal
            ) AS number
        FROM (
            SELECT
                q.*,
                q.op IN ('O', 'X') AS is_old,
                CASE
                    WHEN q.op IN ('O', 'X') THEN {{ old_key }}
                    ELSE {{ new_key }}
                END AS row_key
            {% call rows("'O', 'N', 'X', 'Y'") %}{% endcall %}
        ) AS w
    ), pair AS (
        SELECT
            coalesce(old.position, new.position) AS position,
            coalesce(old.ordinal, new.ordinal) AS ordinal,
            coalesce(old.tx_id, new.tx_id) AS tx_id,
            coalesce(old.ts_us, new.ts_us) AS ts_us,
            coalesce(old.row_key, new.row_key) AS row_key,
            coalesce(old.op, 'X') = 'O' AS has_old,
            coalesce(new.op, 'Y') = 'N' AS has_new,
            old.before,
            new.after
        FROM (SELECT h.* FROM half AS h WHERE h.is_old) AS old
        FULL JOIN (SELECT h.* FROM half AS h WHERE NOT h.is_old) AS new
            ON new.tx_id = old.tx_id
            AND new.position = old.position
            AND new.ts_us = old.ts_us
            AND new.pair_key = old.pair_key
            AND new.number = old.number
    ), change AS (
        SELECT
            q.position,
            4 * q.ordinal AS ordinal,
            q.tx_id,
            q.ts_us,
            q.op,
            CASE WHEN q.op <> 'c' THEN {{ old_key }} END AS old_key,
            CASE WHEN q.op <> 'd' THEN {{ new_key }} END AS new_key,
            q.before,
            q.after
        {% call rows("'c', 'u', 'd'") %}{% endcall %}
        UNION ALL
        SELECT
            p.position,
            4 * p.ordinal + CASE WHEN p.has_old THEN 0 ELSE 2 END,
            p.tx_id,
            p.ts_us,
            CASE
                WHEN p.has_old AND p.has_new THEN 'u'
                WHEN p.has_old THEN 'd'
                ELSE 'c'
            END::"char",
            p.row_key,
            p.row_key,
            p.before,
            p.after
        FROM pair AS p
        WHERE p.has_old OR p.has_new
        OFFSET 0
    ), event AS (
        SELECT
            c.position,
            c.ordinal + CASE WHEN c.op <> c.written_op AND c.op = 'c' THEN 1 ELSE 0 END AS ordinal,
            c.tx_id,
            c.ts_us,
            c.op,
            aurora_trigger.key_hash(CASE WHEN c.op = 'd' THEN c.old_key ELSE c.new_key END)
                AS key_hash,
            CASE WHEN c.op <> 'c' THEN c.before END AS before,
            CASE WHEN c.op <> 'd' THEN c.after END AS after
        FROM (
            SELECT
                w.position,
                w.ordinal,
                w.tx_id,
                w.ts_us,
                w.op AS written_op,
                -- Another key is another row: its old self is gone, its new self is there.
                unnest(CASE
                    WHEN w.op <> 'u' THEN ARRAY[w.op]
                    WHEN w.old_key IS DISTINCT FROM w.new_key THEN '{d,c}'::"char"[]
                    ELSE '{u}'::"char"[]
                END) AS op,
                w.old_key,
                w.new_key,
                w.before,
                w.after
            FROM change AS w
{%- if skips_unchanged %}
            WHERE w.op <> 'u' OR w.before OPERATOR(pg_catalog.*<>) w.after
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
