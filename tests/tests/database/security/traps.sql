-- In the schema traps a counterpart of each type, relation, function and operator of pg_catalog whose name occurs in
-- a text, and what fits arguments better than a function or operator that takes any type: whatever of it runs with
-- the rights of another role than mallory leaves a mark. Returns how many they are.
CREATE FUNCTION traps.set_for(sql text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    words CONSTANT text[] := ARRAY(
        SELECT DISTINCT w.match[1] FROM regexp_matches(lower(sql), '[a-z_][a-z_0-9]*', 'g') AS w (match)
    );
    common CONSTANT text[] := '{text,name,json,bigint,integer,oid,regclass,"\"char\"",boolean,numeric}';
    made bigint := 0;
    statement text;
BEGIN
    FOR statement IN
        SELECT CASE t.typtype
            WHEN 'p' THEN format('CREATE TYPE traps.%I AS (trapped integer)', t.typname)
            ELSE format('CREATE DOMAIN traps.%I AS pg_catalog.%1$I CHECK (mallory.run() IS NOT NULL)', t.typname)
        END
        FROM pg_type AS t
        WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname = ANY (words)
            AND t.typtype IN ('b', 'p', 'r')
        UNION ALL
        SELECT format(
            'CREATE VIEW traps.%I AS SELECT mallory.run() AS trapped, %s FROM pg_catalog.%1$I', c.relname, columns.names
        )
        FROM pg_class AS c
        CROSS JOIN LATERAL (
            SELECT string_agg(quote_ident(a.attname), ', ')
            FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname <> 'attmissingval'
        ) AS columns (names)
        WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname = ANY (words)
            AND has_table_privilege(c.oid, 'SELECT')
        UNION ALL
        SELECT format(
            'CREATE FUNCTION traps.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN PERFORM mallory.run(); %s END''',
            f.name, f.arguments, f.result,
            CASE WHEN f.result LIKE 'SETOF %' OR f.result = 'void' THEN 'RETURN;' ELSE 'RETURN NULL;' END
        )
        FROM (
            SELECT DISTINCT ON (p.proname, a.arguments)
                p.proname AS name,
                a.arguments,
                CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || CASE
                    WHEN r.typtype = 'p' AND r.typname <> 'void' THEN 'text'
                    ELSE format_type(r.oid, NULL)
                END AS result
            FROM pg_proc AS p
            JOIN pg_type AS r ON r.oid = p.prorettype
            CROSS JOIN LATERAL (
                SELECT
                    coalesce(bool_or(t.typtype = 'p'), false),
                    coalesce(bool_or(t.typname IN ('internal', 'trigger', 'event_trigger', 'cstring')), false)
                FROM unnest(p.proargtypes) AS u (id)
                JOIN pg_type AS t ON t.oid = u.id
            ) AS kind (takes_any, is_internal)
            CROSS JOIN LATERAL (
                SELECT oidvectortypes(p.proargtypes) WHERE NOT kind.takes_any
                UNION ALL
                SELECT l FROM unnest(common) AS l WHERE kind.takes_any
                UNION ALL
                SELECT l || ', ' || r FROM unnest(common) AS l, unnest(common) AS r WHERE kind.takes_any
            ) AS a (arguments)
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (words) AND NOT kind.is_internal
        ) AS f
        UNION ALL
        SELECT format(
            'CREATE FUNCTION traps.operator_%s(%s) RETURNS %s LANGUAGE plpgsql
                 AS ''BEGIN PERFORM mallory.run(); RETURN NULL; END'';
             CREATE OPERATOR traps.%s (%s, PROCEDURE = traps.operator_%1$s)',
            row_number() OVER (), concat_ws(', ', o.l, o.r), o.result, o.name,
            concat_ws(', ', 'LEFTARG = ' || o.l, 'RIGHTARG = ' || o.r)
        )
        FROM (
            SELECT DISTINCT ON (o.name, o.l, o.r) *
            FROM (
                SELECT
                    o.oprname::text AS name,
                    CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS l,
                    format_type(o.oprright, NULL) AS r,
                    format_type(o.oprresult, NULL) AS result
                FROM pg_operator AS o
                WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND strpos(sql, o.oprname) > 0 AND o.oprright <> 0
                    AND NOT EXISTS (
                        SELECT FROM pg_type AS t
                        WHERE t.oid IN (o.oprleft, o.oprright, o.oprresult) AND t.typtype = 'p'
                    )
                UNION ALL
                SELECT
                    n.name, l, r,
                    CASE WHEN n.name IN ('=', '<>', '<', '>', '<=', '>=', '~') THEN 'boolean' ELSE 'text' END
                FROM (
                    SELECT DISTINCT o.oprname::text FROM pg_operator AS o WHERE strpos(sql, o.oprname) > 0
                ) AS n (name), unnest(common) AS l, unnest(common) AS r
            ) AS o
            ORDER BY o.name, o.l, o.r
        ) AS o
    LOOP
        BEGIN
            EXECUTE statement;
            made := made + 1;
        EXCEPTION WHEN duplicate_function OR duplicate_object THEN
            NULL; -- A function of another kind, or of the same argument by another name.
        END;
    END LOOP;
    RETURN made;
END $$;
