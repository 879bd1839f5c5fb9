-- Nothing here is for other roles, but a look at the two views: not what the installer's default
-- privileges gave away either.
DO $body$
DECLARE
    search_path_before CONSTANT text := pg_catalog.current_setting('search_path');
    found record;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    FOR found IN
        SELECT DISTINCT held.kind, held.rights, held.name, r.rolname AS role_name
        FROM (
            SELECT
                'TABLE',
                CASE
                    -- Anybody may be let look at these.
                    WHEN c.relkind = 'v'
                        THEN 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
                    ELSE 'ALL'
                END,
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
            SELECT 'ROUTINE', 'ALL', p.oid::regprocedure::text, p.proowner, p.proacl
            FROM pg_proc AS p
            WHERE p.pronamespace = 'aurora_trigger'::regnamespace
        ) AS held (kind, rights, name, owner, acl)
        CROSS JOIN LATERAL aclexplode(held.acl) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE a.grantee <> held.owner
            AND (held.rights = 'ALL' OR held.rights ~ a.privilege_type)
    LOOP
        EXECUTE format(
            'REVOKE %s ON %s %s FROM %s CASCADE',
            found.rights,
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
