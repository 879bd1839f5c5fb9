-- Nothing here is for other roles, but the two views: not what the installer's default privileges
-- gave away either.
DO $body$
DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
    found record;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    FOR found IN
        SELECT DISTINCT held.kind, held.name, r.rolname AS role_name
        FROM (
            SELECT 'TABLE', c.oid::regclass::text, c.relowner, c.relacl
            FROM pg_class AS c
            WHERE c.relnamespace = 'aurora_trigger'::regnamespace
                AND c.relname NOT IN ('status', 'lane_status')
            UNION ALL
            SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl
            FROM pg_proc AS p
            WHERE p.pronamespace = 'aurora_trigger'::regnamespace
        ) AS held (kind, name, owner, rights)
        CROSS JOIN LATERAL aclexplode(held.rights) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE a.grantee <> held.owner
    LOOP
        EXECUTE format(
            'REVOKE ALL ON %s %s FROM %s CASCADE',
            found.kind,
            found.name,
            coalesce(quote_ident(found.role_name), 'PUBLIC')
        );
        RAISE NOTICE 'aurora_trigger: what % might do with % is taken back',
            coalesce(found.role_name, 'PUBLIC'), found.name
            USING HINT = 'Who is to work with this schema needs the role aurora_trigger.';
    END LOOP;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
