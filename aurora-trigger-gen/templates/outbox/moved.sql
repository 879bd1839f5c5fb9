-- Among the events of a row in a transaction, the image before an event must be the image after
    -- the event before it: no image is such an image, too. A nested trigger or a foreign key fires
    -- before the statement that caused it. So these events get another place.
    repeated AS (
        SELECT e.tx_id, e.key_hash
        FROM event AS e
        WHERE e.key_hash IS NOT NULL
        GROUP BY e.tx_id, e.key_hash
        HAVING count(*) > 1
    ), imaged AS (
        SELECT
            e.id,
            e.position,
            e.seq,
            e.ordinal,
            e.tx_id,
            e.ts_us,
            e.schema_name,
            e.table_name,
            e.key_hash,
            -- Nothing moves across a TRUNCATE of its table.
            sum(CASE WHEN e.op = 't' THEN 1 ELSE 0 END) OVER (
                PARTITION BY e.tx_id, e.schema_name, e.table_name
                ORDER BY e.position, e.ts_us, e.seq, e.ordinal
                ROWS UNBOUNDED PRECEDING
            ) AS part,
            md5(e.before::text) AS before,
            md5(e.after::text) AS after
        FROM event AS e
        JOIN aurora_trigger.stream_table AS t
            ON t.schema_name = e.schema_name AND t.table_name = e.table_name
        WHERE t.has_key AND e.key IS NULL AND (
            e.op = 't'
            OR (e.tx_id, e.key_hash) IN (SELECT r.tx_id, r.key_hash FROM repeated AS r)
        )
    ), link AS (
        SELECT
            e.*,
            row_number() OVER row_order AS nth,
            e.before IS DISTINCT FROM lag(e.after) OVER row_order
                AND row_number() OVER row_order > 1 AS is_broken
        FROM imaged AS e
        WHERE e.key_hash IS NOT NULL
        WINDOW row_order AS (
            PARTITION BY e.tx_id, e.schema_name, e.table_name, e.key_hash, e.part
            ORDER BY e.position, e.ts_us, e.seq, e.ordinal
        )
    ), edge AS (
        SELECT
            l.*,
            dense_rank() OVER (
                ORDER BY l.tx_id, l.schema_name, l.table_name, l.key_hash, l.part
            ) AS row_number
        FROM (
            SELECT
                l.*,
                bool_or(l.is_broken) OVER (
                    PARTITION BY
                        l.tx_id, l.schema_name, l.table_name, l.key_hash, l.part
                ) AS has_broken
            FROM link AS l
        ) AS l
        WHERE l.has_broken
    ), node AS (
        SELECT
            image.row_number,
            image.digest,
            row_number() OVER (PARTITION BY image.row_number ORDER BY image.digest)::integer
                AS number
        FROM (
            SELECT e.row_number, coalesce(e.before, '') FROM edge AS e
            UNION
            SELECT e.row_number, coalesce(e.after, '') FROM edge AS e
        ) AS image (row_number, digest)
    ), broken AS (
        SELECT
            array_agg(e.id ORDER BY e.nth) AS ids,
            array_agg(e.position ORDER BY e.nth) AS positions,
            array_agg(e.ts_us ORDER BY e.nth) AS times,
            array_agg(e.ordinal ORDER BY e.nth) AS ordinals,
            array_agg(e.seq ORDER BY e.nth) AS numbers,
            array_agg(source.number ORDER BY e.nth) AS edges_from,
            array_agg(target.number ORDER BY e.nth) AS edges_to,
            (array_agg(e.after ORDER BY e.nth DESC))[1] IS NULL AS is_gone
        FROM edge AS e
        JOIN node AS source
            ON source.row_number = e.row_number AND source.digest = coalesce(e.before, '')
        JOIN node AS target
            ON target.row_number = e.row_number AND target.digest = coalesce(e.after, '')
        GROUP BY e.row_number
    ), moved AS (
        SELECT
            b.ids[n.edge] AS id,
            b.positions[n.number] AS position,
            b.times[n.number] AS ts_us,
            b.ordinals[n.number] AS ordinal,
            b.numbers[n.number] AS seq
        FROM broken AS b
        CROSS JOIN LATERAL unnest(
            aurora_trigger.chain_order(b.edges_from, b.edges_to, b.is_gone)
        ) WITH ORDINALITY AS n (edge, number)
        WHERE n.edge <> n.number
    )
