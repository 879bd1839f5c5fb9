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
