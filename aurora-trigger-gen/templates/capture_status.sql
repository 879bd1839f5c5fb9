-- The triggers that call a function of this schema, whatever they and their tables are
            -- called now.
            CREATE OR REPLACE VIEW aurora_trigger.own_trigger AS
            SELECT
                c.oid AS table_id,
                n.nspname::text AS schema_name,
                c.relname::text AS table_name,
                t.tgname::text AS trigger_name,
                t.tgfoid AS function_id,
                p.proname::text AS function_name,
                pg_get_userbyid(p.proowner)::text AS function_owner,
                CASE
                    WHEN t.tgtype & 4 <> 0 THEN 'INSERT'
                    WHEN t.tgtype & 8 <> 0 THEN 'DELETE'
                    WHEN t.tgtype & 16 <> 0 THEN 'UPDATE'
                    ELSE 'TRUNCATE'
                END AS operation,
                t.tgenabled AS enabled
            FROM pg_trigger AS t
            JOIN pg_proc AS p
                ON p.oid = t.tgfoid AND p.pronamespace = 'aurora_trigger'::regnamespace
            JOIN pg_class AS c
                ON c.oid = t.tgrelid AND c.relnamespace <> 'aurora_trigger'::regnamespace
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE NOT t.tgisinternal
                -- Not the clones that a row trigger has on partitions. As JSON, since the column is
                -- newer than PostgreSQL 12.
                AND coalesce(row_to_json(t.*) ->> 'tgparentid', '0') = '0';
            ALTER VIEW aurora_trigger.own_trigger OWNER TO aurora_trigger;
            COMMENT ON VIEW aurora_trigger.own_trigger IS
                'The triggers that call a function of this schema.';

            CREATE OR REPLACE VIEW aurora_trigger.capture_status AS
            -- In one place: the planner would do its work once for each place that looks.
            WITH own AS (
                SELECT t.* FROM aurora_trigger.own_trigger AS t
            )
            SELECT
                s.schema_name,
                s.table_name,
                s.app,
                s.rust_path,
                s.version,
                s.installed_at,
                EXISTS (
                    SELECT FROM own AS o
                    WHERE o.table_id = c.oid AND o.enabled IN ('O', 'A')
                ) AND NOT EXISTS (
                    SELECT FROM unnest(s.operations) AS wanted (operation)
                    WHERE NOT EXISTS (
                        SELECT FROM own AS o
                        WHERE o.table_id = c.oid AND o.operation = wanted.operation
                            AND o.function_name = ANY (s.functions) AND o.enabled IN ('O', 'A')
                    )
                ) AS captured,
                (
                    SELECT string_agg(found.problem, '; ' ORDER BY found.rank, found.problem)
                    FROM (
                        SELECT 1, 'the table does not exist' WHERE c.oid IS NULL
                        UNION ALL
                        SELECT 2, format('no trigger for %s', wanted.operation)
                        FROM unnest(s.operations) AS wanted (operation)
                        WHERE c.oid IS NOT NULL AND NOT EXISTS (
                            SELECT FROM own AS o
                            WHERE o.table_id = c.oid AND o.operation = wanted.operation
                                AND o.function_name = ANY (s.functions)
                        )
                        UNION ALL
                        SELECT
                            3,
                            format(
                                'trigger %I %s',
                                o.trigger_name,
                                CASE o.enabled
                                    WHEN 'D' THEN 'is disabled'
                                    WHEN 'R' THEN 'fires on replicas only'
                                    ELSE 'fires ALWAYS, but not for replicated rows at statement '
                                        'level'
                                END
                            )
                        FROM own AS o
                        WHERE o.table_id = c.oid
                            AND (
                                o.enabled IN ('D', 'R')
                                OR o.enabled = 'A' AND s.level = 'statement'
                            )
                        UNION ALL
                        SELECT
                            4,
                            format(
                                'trigger %I is on another table, %I.%I',
                                o.trigger_name, o.schema_name, o.table_name
                            )
                        FROM own AS o
                        WHERE o.table_id IS DISTINCT FROM c.oid
                            AND o.function_name = ANY (s.functions)
                        UNION ALL
                        SELECT 5, format('trigger %I is not of the installation', o.trigger_name)
                        FROM own AS o
                        WHERE o.table_id = c.oid AND (
                            o.trigger_name <> 'aurora_trigger_' || lower(o.operation)
                            OR o.operation <> ALL (s.operations)
                            OR o.function_name <> ALL (s.functions)
                        )
                        UNION ALL
                        SELECT
                            6,
                            format(
                                '%s only: writes through %I.%I are not captured',
                                CASE
                                    WHEN c.relispartition THEN 'on a partition'
                                    ELSE 'on a child'
                                END,
                                parent.schema_name,
                                parent.table_name
                            )
                        FROM pg_inherits AS i
                        JOIN (
                            SELECT r.oid AS id, n.nspname AS schema_name, r.relname AS table_name
                            FROM pg_class AS r
                            JOIN pg_namespace AS n ON n.oid = r.relnamespace
                        ) AS parent ON parent.id = i.inhparent
                        WHERE i.inhrelid = c.oid AND s.level = 'statement'
                        UNION ALL
                        SELECT
                            7,
                            format(
                                'writes that reach foreign table %I.%I fail', n.nspname, r.relname
                            )
                        FROM (
                            WITH RECURSIVE descendant (id) AS (
                                SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = c.oid
                                UNION
                                SELECT i.inhrelid
                                FROM descendant AS d
                                JOIN pg_inherits AS i ON i.inhparent = d.id
                            )
                            SELECT d.id FROM descendant AS d
                        ) AS below
                        JOIN pg_class AS r ON r.oid = below.id AND r.relkind = 'f'
                        JOIN pg_namespace AS n ON n.oid = r.relnamespace
                        WHERE s.level = 'statement'
                        UNION ALL
                        SELECT DISTINCT
                            8,
                            format(
                                'captured with the rights of the role %I: run the installation '
                                'file again',
                                o.function_owner
                            )
                        FROM own AS o
                        WHERE o.table_id = c.oid AND o.function_owner <> 'aurora_trigger'
{%- if keeps_events %}
                        UNION ALL
                        SELECT
                            9,
                            format(
                                CASE
                                    WHEN count(*) = 1
                                    THEN '%s change is kept as a dead letter, since %s'
                                    WHEN count(*) <= 1000
                                    THEN '%s changes are kept as dead letters, since %s'
                                    ELSE 'over 1000 changes are kept as dead letters, since %2$s'
                                END,
                                count(*),
                                (array_agg(d.reason ORDER BY d.id DESC))[1]
                            )
                        -- There can be millions, also of other tables, and this is looked at every
                        -- few seconds: no more of them are read, each way by an index.
                        FROM (
                            (
                                SELECT l.id, l.reason
                                FROM aurora_trigger.dead_letter AS l
                                WHERE l.is_raw
                                    AND l.schema_name = s.schema_name
                                    AND l.table_name = s.table_name
                                ORDER BY -l.id
                                LIMIT 1001
                            )
                            UNION
                            (
                                SELECT l.id, l.reason
                                FROM aurora_trigger.dead_letter AS l
                                WHERE l.is_raw AND l.fingerprint = s.fingerprint
                                ORDER BY -l.id
                                LIMIT 1001
                            )
                        ) AS d
                        HAVING count(*) > 0
{%- endif %}
                    ) AS found (rank, problem)
                ) AS problem
            FROM aurora_trigger.stream_table AS s
            LEFT JOIN pg_namespace AS n ON n.nspname = s.schema_name
            LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
            UNION ALL
            SELECT
                o.schema_name,
                o.table_name,
                NULL::text,
                NULL::text,
                NULL::text,
                NULL::timestamptz,
                bool_or(o.enabled IN ('O', 'A')),
                'no installation has registered it'
            FROM own AS o
            WHERE NOT EXISTS (
                SELECT FROM aurora_trigger.stream_table AS s
                WHERE o.function_name = ANY (s.functions)
                    OR s.schema_name = o.schema_name AND s.table_name = o.table_name
            )
            GROUP BY o.schema_name, o.table_name;
            ALTER VIEW aurora_trigger.capture_status OWNER TO aurora_trigger;
            COMMENT ON VIEW aurora_trigger.capture_status IS
                'For each table whether it is captured, by whose file, since when, what is wrong.';
