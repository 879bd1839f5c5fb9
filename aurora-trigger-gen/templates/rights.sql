-- Other roles have no rights here, except to read the views and what aurora_trigger_drain may do.
-- What default privileges gave away, or somebody granted, is revoked.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    found pg_catalog.record;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    FOR found IN
        SELECT
            held.kind,
            held.name,
            coalesce(quote_ident(r.rolname), 'PUBLIC') AS role_name,
            string_agg(DISTINCT a.privilege_type, ', ') AS rights
        FROM (
            SELECT 'SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl
            FROM pg_namespace AS n
            WHERE n.nspname = 'aurora_trigger'
            UNION ALL
            SELECT
                CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                c.oid::regclass::text,
                c.relowner,
                of_relation.acl
            FROM pg_class AS c
            CROSS JOIN LATERAL (
                SELECT c.relacl
                UNION ALL
                SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid
            ) AS of_relation (acl)
            WHERE c.relnamespace = 'aurora_trigger'::regnamespace
            UNION ALL
            SELECT
                CASE WHEN p.proname IN ('drain', 'drain_all') THEN 'DRAIN' ELSE 'ROUTINE' END,
                p.oid::regprocedure::text,
                p.proowner,
                -- Without a list of rights everybody may call it.
                coalesce(p.proacl, acldefault('f', p.proowner))
            FROM pg_proc AS p
            WHERE p.pronamespace = 'aurora_trigger'::regnamespace
            UNION ALL
            SELECT 'TYPE', t.oid::regtype::text, t.typowner, t.typacl
            FROM pg_type AS t
            WHERE t.typnamespace = 'aurora_trigger'::regnamespace
        ) AS held (kind, name, owner, acl)
        CROSS JOIN LATERAL aclexplode(held.acl) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE a.grantee <> held.owner
            AND NOT CASE held.kind
                -- Anybody may be let look at these.
                WHEN 'VIEW' THEN a.privilege_type = 'SELECT'
                WHEN 'DRAIN' THEN r.rolname IS NOT DISTINCT FROM 'aurora_trigger_drain'
                -- Whoever may read a view needs it.
                WHEN 'SCHEMA' THEN a.privilege_type = 'USAGE' AND EXISTS (
                    SELECT FROM pg_class AS c
                    CROSS JOIN LATERAL (
                        SELECT c.relacl
                        UNION ALL
                        SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid
                    ) AS of_view (acl)
                    CROSS JOIN LATERAL aclexplode(of_view.acl) AS readable
                    WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind = 'v'
                        AND readable.grantee = a.grantee AND readable.privilege_type = 'SELECT'
                )
                ELSE false
            END
        GROUP BY held.kind, held.name, r.rolname
    LOOP
        EXECUTE format(
            'REVOKE %s ON %s %s FROM %s CASCADE',
            found.rights,
            CASE found.kind
                WHEN 'VIEW' THEN 'TABLE'
                WHEN 'DRAIN' THEN 'ROUTINE'
                ELSE found.kind
            END,
            found.name,
            found.role_name
        );
        RAISE NOTICE 'aurora_trigger: revoked % on % from %',
            found.rights, found.name, found.role_name
            USING HINT = 'Grant a role in its place: pg_monitor to see the status, '
                'aurora_trigger_drain to drain, too, aurora_trigger for all else.';
    END LOOP;
    -- The rights on objects that are still to come.
    FOR found IN
        SELECT
            format(
                'ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s CASCADE',
                d.role_name,
                CASE WHEN d.namespace <> 0 THEN ' IN SCHEMA aurora_trigger' END,
                d.kind,
                coalesce(quote_ident(r.rolname), 'PUBLIC')
            ) AS statement
        FROM (
            SELECT
                pg_get_userbyid(p.defaclrole),
                p.defaclrole,
                p.defaclnamespace,
                CASE p.defaclobjtype
                    WHEN 'r' THEN 'TABLES'
                    WHEN 'S' THEN 'SEQUENCES'
                    WHEN 'f' THEN 'ROUTINES'
                    WHEN 'T' THEN 'TYPES'
                END,
                p.defaclacl
            FROM pg_default_acl AS p
            WHERE (p.defaclnamespace = 'aurora_trigger'::regnamespace
                OR p.defaclrole = 'aurora_trigger'::regrole)
                AND p.defaclobjtype IN ('r', 'S', 'f', 'T')
        ) AS d (role_name, owner, namespace, kind, acl)
        CROSS JOIN LATERAL aclexplode(d.acl) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE a.grantee <> d.owner
        GROUP BY 1
    LOOP
        BEGIN
            EXECUTE found.statement;
            RAISE NOTICE 'aurora_trigger: revoked default privileges: %', found.statement;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'aurora_trigger: % may not take default privileges back', current_user
                USING HINT = format('As that role or a superuser: %s;', found.statement);
        END;
    END LOOP;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
