-- This file is UTF-8. In another client_encoding its letters would be others.
DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF convert_to({{ letter }}, 'UTF8') <> decode('{{ bytes }}', 'hex') THEN
        RAISE EXCEPTION 'aurora_trigger: this file is UTF-8, and the session reads it as %',
            current_setting('client_encoding')
            USING HINT = 'Set PGCLIENTENCODING=UTF8 for psql, or SET client_encoding = ''UTF8'', '
                'and run this file again. Nothing was changed.';
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;
