-- The changes of a table that its level can't capture, one line each.
CREATE OR REPLACE FUNCTION aurora_trigger.level_differences(
    schema_name text, table_name text, level text
)
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    relation record;
    foreign_table text;
BEGIN
    SELECT c.oid, c.relispartition, i.inhparent::regclass AS parent INTO relation
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND c.relispartition
    WHERE n.nspname = schema_name AND c.relname = table_name;
    IF NOT FOUND OR level <> 'statement' THEN
        RETURN;
    END IF;
    IF relation.relispartition THEN
        RETURN NEXT format(
            '%I.%I is a partition of %s: a trigger at statement level does not see writes through '
            '%3$s. Put the struct on %3$s, or say level = "row"',
            schema_name, table_name, relation.parent
        );
    END IF;
    FOR foreign_table IN
        WITH RECURSIVE descendant (id) AS (
            SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = relation.oid
            UNION
            SELECT i.inhrelid
            FROM descendant AS d
            JOIN pg_inherits AS i ON i.inhparent = d.id
        )
        SELECT d.id::regclass::text
        FROM descendant AS d
        JOIN pg_class AS c ON c.oid = d.id
        WHERE c.relkind = 'f'
        ORDER BY 1
    LOOP
        RETURN NEXT format(
            '%I.%I has the foreign table %s below it: with a trigger at statement level, writes '
            'that reach it would fail. Say level = "row"',
            schema_name, table_name, foreign_table
        );
    END LOOP;
END
$body$;
ALTER FUNCTION aurora_trigger.level_differences(text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.level_differences(text, text, text) FROM PUBLIC;

-- Warns of changes that a table's triggers can't capture.
CREATE OR REPLACE FUNCTION aurora_trigger.warn_of_gaps(
    schema_name text, table_name text, level text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    relation record;
    parent text;
BEGIN
    SELECT c.oid, c.relpersistence, c.relispartition INTO relation
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = schema_name AND c.relname = table_name;
    IF relation.relpersistence = 'u' THEN
        RAISE WARNING 'aurora_trigger: %.% is UNLOGGED: a crash empties it without an event',
            schema_name, table_name
            USING HINT = format('ALTER TABLE %I.%I SET LOGGED;', schema_name, table_name);
    END IF;
    IF level <> 'statement' THEN
        RETURN;
    END IF;
    FOR parent IN
        SELECT i.inhparent::regclass::text FROM pg_inherits AS i
        WHERE i.inhrelid = relation.oid AND NOT relation.relispartition
        ORDER BY i.inhseqno
    LOOP
        RAISE WARNING 'aurora_trigger: %.% inherits from %, and writes through % are not captured',
            schema_name, table_name, parent, parent
            USING HINT = 'A trigger at statement level fires for the table that the statement '
                'names. Say level = "row".';
    END LOOP;
    IF EXISTS (
        SELECT FROM aurora_trigger.own_trigger AS o
        WHERE o.table_id = relation.oid AND o.enabled = 'A'
    ) THEN
        RAISE WARNING
            'aurora_trigger: the triggers of %.% fire ALWAYS, but not for replicated rows',
            schema_name, table_name
            USING HINT = 'A subscription fires row triggers only: of its rows, a trigger at '
                'statement level sees the initial copy. Say level = "row".';
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.warn_of_gaps(text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.warn_of_gaps(text, text, text) FROM PUBLIC;
