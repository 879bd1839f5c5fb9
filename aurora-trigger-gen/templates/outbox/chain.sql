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

-- Puts the events of a transaction in a lane into an order in which each row's image before is the
-- image after of the event before it, where they are not: a nested trigger or a foreign key fires
-- before the statement that caused it. The relay does that within a call; this is for a transaction
-- that takes several. Says whether anything was moved.
CREATE OR REPLACE FUNCTION aurora_trigger.restore_chains(in_lane smallint, of_tx bigint)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    moved boolean := false;
    has_truncations CONSTANT boolean := EXISTS (
        SELECT FROM aurora_trigger.outbox AS o WHERE o.lane = -1 AND o.tx_id + 0 = of_tx
    );
    broken record;
    new_order integer[];
BEGIN
    FOR broken IN
        WITH event AS (
            SELECT
                o.ctid AS place,
                o.position,
                o.schema_name,
                o.table_name,
                aurora_trigger.row_key(coalesce(o.after, o.before), t.key_names) AS row_key,
                -- Nothing moves across a TRUNCATE of its table.
                CASE
                    WHEN has_truncations THEN (
                        SELECT count(*)
                        FROM aurora_trigger.outbox AS truncation
                        WHERE truncation.lane = -1
                            AND truncation.tx_id + 0 = of_tx
                            AND truncation.schema_name = o.schema_name
                            AND truncation.table_name = o.table_name
                            AND truncation.position < o.position
                    )
                    ELSE 0
                END AS part,
                md5(o.before::text) AS before,
                md5(o.after::text) AS after
            FROM aurora_trigger.outbox AS o
            JOIN aurora_trigger.stream_table AS t
                ON t.schema_name = o.schema_name AND t.table_name = o.table_name
            -- By the index of the transaction: the lane can be much longer.
            WHERE o.tx_id = of_tx AND o.lane + 0 = in_lane AND o.key IS NULL AND t.has_key
        ), link AS (
            SELECT
                e.*,
                e.before IS DISTINCT FROM lag(e.after) OVER row_order
                    AND row_number() OVER row_order > 1 AS is_broken
            FROM event AS e
            WINDOW row_order AS (
                PARTITION BY e.schema_name, e.table_name, e.row_key, e.part ORDER BY e.position
            )
        ), broken_row AS (
            SELECT l.schema_name, l.table_name, l.row_key, l.part
            FROM link AS l
            GROUP BY l.schema_name, l.table_name, l.row_key, l.part
            HAVING bool_or(l.is_broken)
        ), edge AS (
            SELECT
                e.*,
                dense_rank() OVER (
                    ORDER BY e.schema_name, e.table_name, e.row_key, e.part
                ) AS row_number
            FROM event AS e
            JOIN broken_row AS b USING (schema_name, table_name, row_key, part)
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
        )
        SELECT
            array_agg(e.place ORDER BY e.position) AS places,
            array_agg(e.position ORDER BY e.position) AS positions,
            array_agg(source.number ORDER BY e.position) AS edges_from,
            array_agg(target.number ORDER BY e.position) AS edges_to,
            (array_agg(e.after ORDER BY e.position DESC))[1] IS NULL AS is_gone
        FROM edge AS e
        JOIN node AS source
            ON source.row_number = e.row_number AND source.digest = coalesce(e.before, '')
        JOIN node AS target
            ON target.row_number = e.row_number AND target.digest = coalesce(e.after, '')
        GROUP BY e.row_number
    LOOP
        new_order := aurora_trigger.chain_order(
            broken.edges_from, broken.edges_to, broken.is_gone
        );
        CONTINUE WHEN new_order IS NULL;
        UPDATE aurora_trigger.outbox AS o
        SET position = moved_event.position, seq = coalesce(o.seq, o.position)
        FROM (
            SELECT broken.places[n.edge] AS place, broken.positions[n.number] AS position
            FROM unnest(new_order) WITH ORDINALITY AS n (edge, number)
        ) AS moved_event
        WHERE o.ctid = moved_event.place AND o.position <> moved_event.position;
        moved := moved OR FOUND;
    END LOOP;
    RETURN moved;
EXCEPTION WHEN program_limit_exceeded THEN
    -- The key is out of reach in an image that is nested too deep: then nobody can tell.
    RETURN false;
END
$body$;
ALTER FUNCTION aurora_trigger.restore_chains(smallint, bigint) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.restore_chains(smallint, bigint) FROM PUBLIC;
