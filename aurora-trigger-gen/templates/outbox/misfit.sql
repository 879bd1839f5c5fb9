-- True if a column of a struct's table is a virtual generated one, which PostgreSQL shows to
-- triggers as NULL. There are none before version 18.
CREATE OR REPLACE FUNCTION aurora_trigger.is_virtual(fingerprint text, column_name text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF current_setting('server_version_num')::integer < 180000 THEN
        RETURN false;
    END IF;
    RETURN EXISTS (
        SELECT
        FROM aurora_trigger.stream_table AS s
        JOIN pg_namespace AS n ON n.nspname = s.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = is_virtual.column_name
        WHERE s.fingerprint = is_virtual.fingerprint AND a.attgenerated = 'v'
    );
END
$body$;
ALTER FUNCTION aurora_trigger.is_virtual(text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.is_virtual(text, text) FROM PUBLIC;

-- Tells whether a column is of a type that its field takes. Immutable, and called with constants
-- only, so that the planner asks it once for each plan, and again after any ALTER TABLE: a row
-- costs nothing. The names are of types in pg_catalog that it takes: they spare most first writes
-- of a session a look at the struct.
CREATE OR REPLACE FUNCTION aurora_trigger.fits(
    sample anyelement,
    type_names text[],
    fingerprint text,
    column_name text
)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_variable
DECLARE
    type_id CONSTANT oid := pg_typeof(sample)::oid;
BEGIN
    IF aurora_trigger.is_virtual(fingerprint, column_name) THEN
        RETURN false;
    END IF;
    IF EXISTS (
        SELECT FROM pg_type AS t
        WHERE t.oid = type_id
            AND t.typname = ANY (type_names)
            AND t.typnamespace = 'pg_catalog'::regnamespace
    ) THEN
        RETURN true;
    END IF;
    -- A repeatable snapshot does not show a type that is younger, and so not what it is.
    IF type_id = 'aurora_trigger.no_column'::regtype
        OR NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid = type_id)
    THEN
        RETURN false;
    END IF;
    -- Nor does it show a struct that is younger: then the trigger asks again.
    RETURN EXISTS (
        SELECT
        FROM aurora_trigger.stream_table AS s
        CROSS JOIN json_array_elements(s.columns) AS expected
        WHERE s.fingerprint = fingerprint
            AND expected ->> 'column' = column_name
            AND NOT EXISTS (
                SELECT
                FROM aurora_trigger.type_differences(column_name, type_id, expected -> 'type')
            )
    );
END
$body$;
ALTER FUNCTION aurora_trigger.fits(anyelement, text[], text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.fits(anyelement, text[], text, text) FROM PUBLIC;

-- The differences from the struct, in words, or NULL where it fits. The relation is the table that
-- the struct was installed for.
CREATE OR REPLACE FUNCTION aurora_trigger.misfit_reason(
    relation oid,
    schema_name text,
    table_name text
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_variable
DECLARE
    rust_path text;
    differences text;
BEGIN
    SELECT s.rust_path INTO rust_path
    FROM aurora_trigger.stream_table AS s
    WHERE s.schema_name = schema_name AND s.table_name = table_name;
    SELECT format('%I.%I is called %I.%I now', schema_name, table_name, n.nspname, c.relname)
    INTO differences
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = relation AND NOT c.relispartition
        AND (n.nspname <> schema_name OR c.relname <> table_name);
    IF differences IS NULL THEN
        SELECT string_agg(found.difference, '; ' ORDER BY expected.number, found.difference)
        INTO differences
        FROM aurora_trigger.stream_table AS s
        CROSS JOIN json_array_elements(s.columns) WITH ORDINALITY AS expected (value, number)
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = relation
            AND a.attname = expected.value ->> 'column'
            AND a.attnum > 0
            AND NOT a.attisdropped
        CROSS JOIN LATERAL (
            SELECT format('%I does not exist', expected.value ->> 'column')
            WHERE a.atttypid IS NULL
            UNION ALL
            SELECT format('%I is a virtual generated column', expected.value ->> 'column')
            WHERE aurora_trigger.is_virtual(s.fingerprint, expected.value ->> 'column')
            UNION ALL
            SELECT aurora_trigger.type_differences(
                quote_ident(expected.value ->> 'column'), a.atttypid, expected.value -> 'type'
            )
            WHERE a.atttypid IS NOT NULL
        ) AS found (difference)
        WHERE s.schema_name = schema_name AND s.table_name = table_name;
    END IF;
    RETURN CASE
        WHEN differences IS NOT NULL
        THEN format('the table does not fit the struct %s: %s', rust_path, differences)
    END;
END
$body$;
ALTER FUNCTION aurora_trigger.misfit_reason(oid, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.misfit_reason(oid, text, text) FROM PUBLIC;

-- The statement by which a trigger keeps what it can't capture: each value as its text, which runs
-- no code of a type's owner. Its parameters are the reason, the table's schema and name, the
-- fingerprint, the capture, when that began, and of a row its old and its new self. A column that
-- the struct does not name is kept only while all are there that are masked or skipped, since it
-- could be one of them under a new name.
CREATE OR REPLACE FUNCTION aurora_trigger.misfit_query(
    relation oid,
    operation text,
    old_rows text,
    new_rows text,
    column_names text[],
    guarded_names text[],
    key_names text[]
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $body$
DECLARE
    missing text;
    texts text;
    key text;
    rows text;
    events text;
BEGIN
    WITH present AS (
        SELECT
            a.attname::text AS name,
            a.attnum::integer AS number,
            -- As JSON, since the column is newer than PostgreSQL 11.
            coalesce(row_to_json(a.*) ->> 'attgenerated', '') = 'v' AS is_virtual
        FROM pg_attribute AS a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    ), candidate AS (
        SELECT p.name, p.number FROM present AS p WHERE NOT p.is_virtual
        UNION ALL
        -- A repeatable snapshot shows the table as it was: a column can be there under a new name.
        SELECT c.name, 2000 + c.number::integer
        FROM unnest(column_names) WITH ORDINALITY AS c (name, number)
        WHERE c.name <> ALL (ARRAY(SELECT p.name FROM present AS p))
    ), kept AS (
        SELECT
            c.name,
            c.number,
            format(
                'CASE WHEN %I IS DISTINCT FROM NULL THEN format(''%%s'', %I) END', c.name, c.name
            ) AS value
        FROM candidate AS c
        WHERE c.name = ANY (column_names)
            OR c.name <> ALL (guarded_names)
                AND guarded_names <@ (SELECT array_agg(every.name) FROM present AS every)
    )
    SELECT
        string_agg(
            format('NULL::aurora_trigger.no_column AS %I', k.name), ', ' ORDER BY k.number
        ),
        string_agg(
            format(
                '(%L, %s, pg_typeof(%I) <> ''aurora_trigger.no_column''::regtype)',
                k.name,
                k.value,
                k.name
            ),
            ', ' ORDER BY k.number
        ),
        string_agg(k.value, ', ' ORDER BY k.number) FILTER (WHERE k.name = ANY (key_names))
    INTO missing, texts, key
    FROM kept AS k;
    -- A column of this list that is not there is taken from "missing".
    rows := format(
        'SELECT row_number() OVER () AS place, made.key, made.texts
        FROM (SELECT %s) AS missing
        CROSS JOIN %%s AS r
        CROSS JOIN LATERAL (
            SELECT
                ARRAY[%s]::text[] AS key,
                (
                    SELECT json_object(
                        coalesce(array_agg(v.name), ''{}''), coalesce(array_agg(v.value), ''{}'')
                    )
                    FROM (VALUES (''''::text, ''''::text, false)%s) AS v (name, value, is_there)
                    WHERE v.is_there
                ) AS texts
            FROM (SELECT r.*) AS present
        ) AS made',
        replace(missing, '%', '%%'),
        replace(key, '%', '%%'),
        replace(', ' || texts, '%', '%%')
    );
    events := CASE operation
        WHEN 'INSERT' THEN
            'SELECT ''c'' AS op, NULL::json AS before, n.texts AS after FROM ('
            || format(rows, new_rows) || ') AS n'
        WHEN 'DELETE' THEN
            'SELECT ''d'' AS op, o.texts AS before, NULL::json AS after FROM ('
            || format(rows, old_rows) || ') AS o'
        WHEN 'TRUNCATE' THEN 'SELECT ''t'' AS op, NULL::json AS before, NULL::json AS after'
        ELSE concat(
            'SELECT
                unnest(CASE
                    WHEN o.texts IS NULL THEN ''{c}''
                    WHEN n.texts IS NULL THEN ''{d}''
                    WHEN o.key = n.key THEN ''{u}''
                    ELSE ''{d,c}''
                END::text[]) AS op,
                o.texts AS before,
                n.texts AS after
            FROM (', format(rows, old_rows), ') AS o
            FULL JOIN (', format(rows, new_rows), ') AS n ON n.place = CASE
                -- A row that is lost on its way to another partition leaves no pairs.
                WHEN (SELECT count(*) FROM ', old_rows, ' AS lost)
                    = (SELECT count(*) FROM ', new_rows, ' AS found)
                THEN o.place
            END'
        )
    END;
    RETURN format(
        'WITH event AS (%s), number AS (
            SELECT
                aurora_trigger.take_numbers(''aurora_trigger.event_seq'', count(*)) AS seq_before,
                aurora_trigger.take_numbers(''aurora_trigger.dead_letter_id_seq'', count(*))
                    AS id_before
            FROM event AS e
        )
        INSERT INTO aurora_trigger.dead_letter (
            id, reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event,
            is_raw
        )
        SELECT
            (SELECT n.id_before FROM number AS n) + row_number() OVER (),
            coalesce($1, ''the table was altered while the session was open''),
            $2,
            $3,
            $4,
            (SELECT coalesce(max(s.epoch), 0) FROM aurora_trigger.settings AS s),
            txid_current(),
            $6,
            $5,
            concat(
                ''{"seq":'', (SELECT n.seq_before FROM number AS n) + row_number() OVER (),
                '',"op":"'', e.op, ''"'',
                CASE WHEN e.op IN (''u'', ''d'') THEN '',"before":'' END,
                CASE WHEN e.op IN (''u'', ''d'') THEN e.before::text END,
                CASE WHEN e.op IN (''u'', ''c'') THEN '',"after":'' END,
                CASE WHEN e.op IN (''u'', ''c'') THEN e.after::text END,
                ''}''
            )::json,
            true
        FROM event AS e',
        events
    );
END
$body$;
ALTER FUNCTION aurora_trigger.misfit_query(oid, text, text, text, text[], text[], text[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.misfit_query(oid, text, text, text, text[], text[], text[])
    FROM PUBLIC;

-- The image of a row whose values were kept as texts, as the struct has it that is installed now.
-- NULL: it can't be made, since a column was not kept, or is of a type whose owner could run code
-- here.
CREATE OR REPLACE FUNCTION aurora_trigger.image_of_texts(
    texts json,
    relation oid,
    columns json,
    to_json_name text
)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $body$
#variable_conflict use_variable
DECLARE
    made_columns text;
    image json;
BEGIN
    WITH RECURSIVE streamed AS (
        SELECT expected.value ->> 'column' AS name, expected.number
        FROM json_array_elements(columns) WITH ORDINALITY AS expected (value, number)
    ), typed (name, number, type_id, type_modifier) AS (
        SELECT s.name, s.number, a.atttypid, a.atttypmod
        FROM streamed AS s
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = relation AND a.attname = s.name AND a.attnum > 0
            AND NOT a.attisdropped
        UNION ALL
        -- A domain is what it is over: to read it as one would run its checks.
        SELECT y.name, y.number, t.typbasetype, t.typtypmod
        FROM typed AS y
        JOIN pg_type AS t ON t.oid = y.type_id AND t.typtype = 'd'
    )
    SELECT string_agg(
        format(
            '($1 ->> %L)%s AS %I',
            y.name,
            CASE WHEN t.typtype = 'e' THEN '' ELSE '::' || format_type(t.oid, y.type_modifier) END,
            y.name
        ),
        ', ' ORDER BY y.number
    )
    INTO made_columns
    FROM typed AS y
    JOIN pg_type AS t ON t.oid = y.type_id AND t.typtype <> 'd'
    WHERE (t.oid < 16384 OR t.typtype = 'e')
        AND EXISTS (SELECT FROM json_object_keys(texts) AS kept WHERE kept = y.name)
    HAVING count(*) = (SELECT count(*) FROM streamed);
    IF made_columns IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'SELECT aurora_trigger.%I(r) FROM (SELECT %s) AS r', to_json_name, made_columns
    ) INTO image USING texts;
    RETURN image;
EXCEPTION WHEN data_exception THEN
    RETURN NULL; -- A text is none of the type that the column has now.
END
$body$;
ALTER FUNCTION aurora_trigger.image_of_texts(json, oid, json, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.image_of_texts(json, oid, json, text) FROM PUBLIC;

-- An event that was kept as texts, as the struct has it that is installed now, or NULL.
CREATE OR REPLACE FUNCTION aurora_trigger.event_of_texts(
    event json,
    relation oid,
    columns json,
    to_json_name text
)
RETURNS json
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    before json;
    after json;
BEGIN
    IF event -> 'before' IS NOT NULL THEN
        before := aurora_trigger.image_of_texts(
            event -> 'before', relation, columns, to_json_name
        );
    END IF;
    IF event -> 'after' IS NOT NULL THEN
        after := aurora_trigger.image_of_texts(event -> 'after', relation, columns, to_json_name);
    END IF;
    IF (event -> 'before' IS NULL) <> (before IS NULL)
        OR (event -> 'after' IS NULL) <> (after IS NULL)
    THEN
        RETURN NULL;
    END IF;
    RETURN concat(
        '{"seq":', event ->> 'seq', ',"op":"', event ->> 'op', '"',
        ',"before":' || before::text,
        ',"after":' || after::text,
        '}'
    )::json;
END
$body$;
ALTER FUNCTION aurora_trigger.event_of_texts(json, oid, json, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.event_of_texts(json, oid, json, text) FROM PUBLIC;
