{% let step = "$step$" %}{% include "step_begin.sql" %}
-- How a type differs from what a struct's field takes: one line a difference.
CREATE OR REPLACE FUNCTION aurora_trigger.type_differences(place text, type_id oid, expected json)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- Records, since until PostgreSQL 11 the row type of a catalogue table has no oid.
    actual record;
    next_type oid := type_id;
    wanted json := coalesce(
        expected -> 'domain', expected -> 'named', expected -> 'enum', expected -> 'composite'
    );
    is_wanted boolean;
    member json;
    attribute record;
    bounds record;
    unknown_labels text;
BEGIN
    -- A domain is what it is a domain over, unless the struct asks for this domain.
    LOOP
        SELECT t.oid, t.typname, t.typnamespace, t.typtype,
            t.typcategory, t.typelem, t.typbasetype, t.typrelid
        INTO actual FROM pg_type AS t WHERE t.oid = next_type;
        is_wanted := actual.typname = wanted ->> 'name' AND EXISTS (
            SELECT FROM pg_namespace AS n
            WHERE n.oid = actual.typnamespace
                AND n.nspname = coalesce(wanted ->> 'schema', n.nspname)
        );
        EXIT WHEN actual.typtype <> 'd' OR is_wanted;
        next_type := actual.typbasetype;
    END LOOP;

    IF wanted IS NOT NULL AND NOT is_wanted THEN
        RETURN NEXT format(
            '%s is of type %s, the struct takes %s',
            place,
            format_type(type_id, NULL),
            concat_ws('.', wanted ->> 'schema', wanted ->> 'name')
        );
    ELSIF expected -> 'domain' IS NOT NULL THEN
        RETURN QUERY SELECT aurora_trigger.type_differences(
            place,
            CASE WHEN actual.typtype = 'd' THEN actual.typbasetype ELSE actual.oid END,
            expected -> 'over'
        );
    ELSIF expected -> 'array' IS NOT NULL THEN
        IF actual.typcategory <> 'A' OR actual.typelem = 0 THEN
            RETURN NEXT format(
                '%s is of type %s, the struct takes an array', place, format_type(type_id, NULL)
            );
            RETURN;
        END IF;
        member := expected -> 'array';
        -- PostgreSQL does not record dimensions: an array of arrays is of the same type.
        WHILE member -> 'array' IS NOT NULL LOOP
            member := member -> 'array';
        END LOOP;
        RETURN QUERY SELECT aurora_trigger.type_differences(place || '[]', actual.typelem, member);
    ELSIF coalesce(expected -> 'range', expected -> 'multirange') IS NOT NULL THEN
        -- As JSON, since before PostgreSQL 14 there is no column for the multirange.
        SELECT r.rngtypid, r.rngsubtype INTO bounds
        FROM pg_range AS r
        WHERE actual.oid = CASE
            WHEN expected -> 'range' IS NOT NULL THEN r.rngtypid
            ELSE (to_json(r.*) ->> 'rngmultitypid')::oid
        END;
        IF NOT FOUND THEN
            RETURN NEXT format(
                '%s is of type %s, the struct takes a %s',
                place,
                format_type(type_id, NULL),
                CASE WHEN expected -> 'range' IS NULL THEN 'multirange' ELSE 'range' END
            );
        ELSIF expected -> 'range' IS NULL THEN
            RETURN QUERY SELECT aurora_trigger.type_differences(
                place, bounds.rngtypid, expected -> 'multirange'
            );
        ELSE
            RETURN QUERY SELECT aurora_trigger.type_differences(
                'a bound of ' || place, bounds.rngsubtype, expected -> 'range'
            );
        END IF;
    ELSIF expected -> 'types' IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM json_array_elements_text(expected -> 'types') AS name
            WHERE name = actual.typname AND actual.typnamespace = 'pg_catalog'::regnamespace
        ) THEN
            RETURN NEXT format(
                '%s is of type %s, the struct takes %s',
                place,
                format_type(type_id, NULL),
                (
                    SELECT string_agg(format_type(t.oid, NULL), ' or ' ORDER BY name.number)
                    FROM json_array_elements_text(expected -> 'types')
                        WITH ORDINALITY AS name (text, number)
                    JOIN pg_type AS t
                        ON t.typname = name.text
                        AND t.typnamespace = 'pg_catalog'::regnamespace
                )
            );
        END IF;
    ELSE
        IF expected -> 'enum' IS NOT NULL AND NOT (expected ->> 'open')::boolean THEN
            SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            INTO unknown_labels
            FROM pg_enum AS e
            WHERE e.enumtypid = actual.oid
                AND e.enumlabel NOT IN (SELECT json_array_elements_text(expected -> 'labels'));
            IF unknown_labels IS NOT NULL THEN
                RETURN NEXT format(
                    '%s is of type %s, which has labels that the Rust enum lacks: %s',
                    place,
                    format_type(type_id, NULL),
                    unknown_labels
                );
            END IF;
        END IF;
        FOR member IN SELECT json_array_elements(expected -> 'fields') LOOP
            SELECT a.atttypid INTO attribute
            FROM pg_attribute AS a
            WHERE a.attrelid = actual.typrelid AND a.attname = member ->> 'attribute'
                AND a.attnum > 0 AND NOT a.attisdropped;
            IF NOT FOUND THEN
                RETURN NEXT format('%s has no attribute %I', place, member ->> 'attribute');
            ELSE
                RETURN QUERY SELECT aurora_trigger.type_differences(
                    format('%s.%I', place, member ->> 'attribute'),
                    attribute.atttypid,
                    member -> 'type'
                );
            END IF;
        END LOOP;
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.type_differences(text, oid, json) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.type_differences(text, oid, json) FROM PUBLIC;

-- How a table differs from its struct: one line a difference. With a key, the columns must be those
-- of a unique index that always holds.
CREATE OR REPLACE FUNCTION aurora_trigger.table_differences(
    schema_name text,
    table_name text,
    columns json,
    key_columns text[],
    expressions text[]
)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $body$
DECLARE
    relation record;
    expected json;
    attribute record;
    place text;
    not_null boolean;
    problem boolean := false;
    difference text;
BEGIN
    SELECT c.oid, c.relkind INTO relation
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = schema_name AND c.relname = table_name;
    place := format('%I.%I', schema_name, table_name);
    IF NOT FOUND THEN
        RETURN NEXT format('%s does not exist', place);
        RETURN;
    END IF;
    IF relation.relkind NOT IN ('r', 'p') THEN
        RETURN NEXT format(
            '%s is %s: only tables have triggers that see their changes',
            place,
            CASE relation.relkind
                WHEN 'v' THEN 'a view'
                WHEN 'm' THEN 'a materialized view'
                WHEN 'f' THEN 'a foreign table'
                ELSE 'no table'
            END
        );
        RETURN;
    END IF;
    FOR expected IN SELECT json_array_elements(columns) LOOP
        place := format('%I.%I.%I', schema_name, table_name, expected ->> 'column');
        -- As JSON, since some columns of the catalogue are newer than PostgreSQL 11.
        SELECT a.atttypid, a.attnotnull, row_to_json(a.*) ->> 'attgenerated' AS generated
        INTO attribute
        FROM pg_attribute AS a
        WHERE a.attrelid = relation.oid AND a.attname = expected ->> 'column'
            AND a.attnum > 0 AND NOT a.attisdropped;
        IF NOT FOUND THEN
            RETURN NEXT format('%s does not exist (field %s)', place, expected ->> 'field');
            problem := true;
            CONTINUE;
        END IF;
        FOR difference IN
            SELECT aurora_trigger.type_differences(place, attribute.atttypid, expected -> 'type')
        LOOP
            RETURN NEXT difference;
            problem := true;
        END LOOP;
        WITH RECURSIVE domains (id, forbids_null) AS (
            SELECT t.typbasetype, t.typnotnull
            FROM pg_type AS t
            WHERE t.oid = attribute.atttypid AND t.typtype = 'd'
            UNION ALL
            SELECT t.typbasetype, t.typnotnull
            FROM domains AS d
            JOIN pg_type AS t ON t.oid = d.id AND t.typtype = 'd'
        )
        SELECT attribute.attnotnull OR coalesce(bool_or(d.forbids_null), false) INTO not_null
        FROM domains AS d;
        IF NOT not_null AND NOT (expected ->> 'nullable')::boolean THEN
            RETURN NEXT format(
                '%s may hold NULL, the struct takes none: make field %s an Option, or the column '
                'NOT NULL',
                place,
                expected ->> 'field'
            );
        END IF;
        IF attribute.generated = 'v' THEN
            RETURN NEXT format(
                '%s is a virtual generated column, which triggers do not see: make it STORED', place
            );
        END IF;
    END LOOP;
    IF key_columns IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = relation.oid
            AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (
                SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
                FROM generate_series(0, i.indnkeyatts - 1) AS position
                JOIN pg_attribute AS a
                    ON a.attrelid = relation.oid
                    AND a.attnum = i.indkey[position]
                WHERE a.attnotnull
            ) = (SELECT array_agg(name ORDER BY name COLLATE "C") FROM unnest(key_columns) AS name)
            AND i.indnkeyatts = cardinality(key_columns)
    ) THEN
        RETURN NEXT format(
            '%I.%I has no unique index over exactly the key (%s): one that is valid, immediate, '
            'without WHERE or expressions, over NOT NULL columns',
            schema_name,
            table_name,
            (SELECT string_agg(quote_ident(name), ', ') FROM unnest(key_columns) AS name)
        );
    END IF;
    -- What the struct says in SQL must be readable with nothing in sight but its columns, as in the
    -- trigger. The rows are made up: to read the table itself would run code of its owner, such as
    -- an expression in an index.
    IF NOT problem THEN
        FOR number IN 1 .. coalesce(array_length(expressions, 1), 0) LOOP
            BEGIN
                EXECUTE expressions[number][2];
            EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception THEN
                RETURN NEXT format(
                    '%I.%I: %s can''t be read: %s',
                    schema_name, table_name, expressions[number][1], SQLERRM
                );
            END;
        END LOOP;
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.table_differences(text, text, json, text[], text[])
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.table_differences(text, text, json, text[], text[])
    FROM PUBLIC;

-- Makes a trigger as it should be, and takes no lock where it already is.
CREATE OR REPLACE FUNCTION aurora_trigger.ensure_trigger(
    schema_name text,
    table_name text,
    operation text,
    transition_tables text,
    level text,
    function_name text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $body$
DECLARE
    trigger_name text := 'aurora_trigger_' || lower(operation);
    wanted text := format(
        'TRIGGER %I AFTER %s ON %I.%I %sFOR EACH %s EXECUTE FUNCTION aurora_trigger.%I()',
        trigger_name,
        operation,
        schema_name,
        table_name,
        transition_tables,
        level,
        function_name
    );
    actual text;
    enabled "char";
    has_clones boolean;
BEGIN
    -- PostgreSQL 11 still writes PROCEDURE.
    SELECT
        replace(pg_get_triggerdef(t.oid), ' EXECUTE PROCEDURE ', ' EXECUTE FUNCTION '),
        t.tgenabled,
        -- As JSON, since the column is newer than PostgreSQL 12.
        EXISTS (
            SELECT FROM pg_trigger AS clone
            WHERE clone.tgfoid = t.tgfoid
                AND row_to_json(clone.*) ->> 'tgparentid' = t.oid::text
        )
    INTO actual, enabled, has_clones
    FROM pg_trigger AS t
    WHERE t.tgrelid = format('%I.%I', schema_name, table_name)::regclass
        AND t.tgname = trigger_name AND NOT t.tgisinternal;
    IF actual = 'CREATE ' || wanted AND enabled IN ('O', 'A') THEN
        RETURN;
    END IF;
    IF enabled IN ('D', 'R') THEN
        RAISE NOTICE 'aurora_trigger: trigger % of %.% was disabled, and is enabled again',
            trigger_name, schema_name, table_name
            USING HINT = 'Changes in between were not captured. To end the capture of a table: '
                'aurora-trigger down --table.';
    END IF;
    IF actual IS NULL THEN
        EXECUTE 'CREATE ' || wanted;
    ELSIF current_setting('server_version_num')::integer >= 140000 AND NOT has_clones THEN
        -- Takes a weaker lock than DROP TRIGGER, one that lets readers go on.
        EXECUTE 'CREATE OR REPLACE ' || wanted;
    ELSE
        EXECUTE format('DROP TRIGGER %I ON %I.%I', trigger_name, schema_name, table_name);
        EXECUTE 'CREATE ' || wanted;
    END IF;
    IF enabled = 'A' THEN
        -- A new trigger has forgotten it.
        EXECUTE format(
            'ALTER TABLE %I.%I ENABLE ALWAYS TRIGGER %I', schema_name, table_name, trigger_name
        );
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.ensure_trigger(text, text, text, text, text, text)
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.ensure_trigger(text, text, text, text, text, text)
    FROM PUBLIC;

-- Drops a trigger of ours that is no longer wanted, and takes no lock where there is none.
CREATE OR REPLACE FUNCTION aurora_trigger.ensure_no_trigger(
    schema_name text, table_name text, operation text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = to_regclass(format('%I.%I', schema_name, table_name))
            AND t.tgname = 'aurora_trigger_' || lower(operation) AND NOT t.tgisinternal
    ) THEN
        EXECUTE format(
            'DROP TRIGGER %I ON %I.%I',
            'aurora_trigger_' || lower(operation),
            schema_name,
            table_name
        );
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.ensure_no_trigger(text, text, text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.ensure_no_trigger(text, text, text) FROM PUBLIC;
{% include "step_end.sql" %}
