lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tables pg_catalog.regclass[];
    next_table pg_catalog.regclass;
    tries integer := 0;
    wait integer;
    rest integer;
    ends_at pg_catalog.timestamptz;