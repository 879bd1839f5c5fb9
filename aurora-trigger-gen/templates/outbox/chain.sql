-- The order in which the edges are a path that takes each of them once, by Hierholzer's algorithm,
-- as the relay has it, so that both find the same. An edge leads from one image of a row to the
-- next; they come in the order of their capture. is_gone: the last of them leaves no row. NULL:
-- there is no such path.
CREATE OR REPLACE FUNCTION aurora_trigger.chain_order(
    edges_from integer[],
    edges_to integer[],
    is_gone boolean
)
RETURNS integer[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- Sorted by where they come from, and then as they came.
    sorted CONSTANT integer[] := ARRAY(
        SELECT e.number::integer
        FROM unnest(edges_from) WITH ORDINALITY AS e (node, number)
        ORDER BY e.node, e.number
    );
    nodes CONSTANT integer := (
        SELECT max(n.node) FROM unnest(edges_from || edges_to) AS n (node)
    );
    next_edge integer[] := array_fill(1, ARRAY[nodes]);
    last_edge integer[] := array_fill(0, ARRAY[nodes]);
    surplus integer[] := array_fill(0, ARRAY[nodes]);
    edge integer;
    node integer;
    stack integer[];
    stack_edges integer[];
    depth integer := 1;
    path integer[];
BEGIN
    FOR place IN 1..cardinality(sorted) LOOP
        node := edges_from[sorted[place]];
        IF last_edge[node] = 0 THEN
            next_edge[node] := place;
        END IF;
        last_edge[node] := place;
        surplus[node] := surplus[node] + 1;
        node := edges_to[sorted[place]];
        surplus[node] := surplus[node] - 1;
    END LOOP;
    -- More leave than arrive where it starts; if none is so, it is a circle. One that came with a
    -- deletion last leaves no row, and so found none; any other starts where the first one does.
    SELECT s.node::integer
    INTO node
    FROM unnest(surplus) WITH ORDINALITY AS s (surplus, node)
    WHERE s.surplus > 0
    LIMIT 1;
    stack[1] := coalesce(
        node, CASE WHEN is_gone THEN edges_to[cardinality(edges_to)] ELSE edges_from[1] END
    );
    WHILE depth > 0 LOOP
        node := stack[depth];
        IF next_edge[node] <= last_edge[node] THEN
            edge := sorted[next_edge[node]];
            next_edge[node] := next_edge[node] + 1;
            depth := depth + 1;
            stack[depth] := edges_to[edge];
            stack_edges[depth] := edge;
        ELSE
            IF depth > 1 THEN
                path := array_append(path, stack_edges[depth]);
            END IF;
            depth := depth - 1;
        END IF;
    END LOOP;
    path := ARRAY(
        SELECT p.edge
        FROM unnest(path) WITH ORDINALITY AS p (edge, number)
        ORDER BY p.number DESC
    );
    IF cardinality(path) <> cardinality(edges_from) THEN
        RETURN NULL;
    END IF;
    FOR place IN 2..cardinality(path) LOOP
        IF edges_to[path[place - 1]] <> edges_from[path[place]] THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN path;
END
$body$;
ALTER FUNCTION aurora_trigger.chain_order(integer[], integer[], boolean) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.chain_order(integer[], integer[], boolean) FROM PUBLIC;

-- The events of the collector's step that have another place in the order, each with that place.
-- Among the events of a row in a transaction, the image before an event must be the image after
-- the event before it. A nested trigger or a foreign key fires before the statement that caused
-- it. NULL: there is none.
CREATE OR REPLACE FUNCTION aurora_trigger.moved_events(
    has_repeated boolean,
    this aurora_trigger.collector,
    done_xmax bigint,
    done_open bigint[],
    is_divided boolean,
    last_hash bigint,
    is_last boolean,
    kept_places tid[],
    OUT ids text[],
    OUT positions bigint[],
    OUT times bigint[],
    OUT ordinals bigint[],
    OUT numbers bigint[]
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    IF has_repeated IS NOT TRUE THEN
        RETURN;
    END IF;
    SELECT
        array_agg(m.id),
        array_agg(m.position),
        array_agg(m.ts_us),
        array_agg(m.ordinal),
        array_agg(m.seq)
    INTO ids, positions, times, ordinals, numbers
    FROM (
        WITH event AS (
            SELECT
                e.relation,
                e.place,
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
            FROM (
                {% include "outbox/uncollected.sql" %}
            ) AS e
            JOIN aurora_trigger.stream_table AS t
                ON t.schema_name = e.schema_name AND t.table_name = e.table_name
            WHERE t.has_key AND e.key IS NULL AND (
                e.op = 't' OR (e.tx_id, e.key_hash) IN (
                    SELECT r.tx_id, r.key_hash
                    FROM (
                        {% include "outbox/uncollected.sql" %}
                    ) AS r
                    GROUP BY r.tx_id, r.key_hash
                    HAVING count(*) > 1
                )
            )
        ), link AS (
            SELECT
                e.*,
                row_number() OVER row_order AS nth,
                e.before IS DISTINCT FROM lag(e.after) OVER row_order
                    AND row_number() OVER row_order > 1 AS is_broken
            FROM event AS e
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
                e.relation,
                array_agg(e.place ORDER BY e.nth) AS places,
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
            GROUP BY e.row_number, e.relation
        )
        SELECT
            b.relation::text || b.places[n.edge]::text AS id,
            b.positions[n.number] AS position,
            b.times[n.number] AS ts_us,
            b.ordinals[n.number] AS ordinal,
            b.numbers[n.number] AS seq
        FROM broken AS b
        CROSS JOIN LATERAL unnest(
            aurora_trigger.chain_order(b.edges_from, b.edges_to, b.is_gone)
        ) WITH ORDINALITY AS n (edge, number)
        WHERE n.edge <> n.number
    ) AS m;
END
$body$;
ALTER FUNCTION
    aurora_trigger.moved_events(
        boolean, aurora_trigger.collector, bigint, bigint[], boolean, bigint, boolean, tid[]
    )
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION
    aurora_trigger.moved_events(
        boolean, aurora_trigger.collector, bigint, bigint[], boolean, bigint, boolean, tid[]
    )
    FROM PUBLIC;
