{# What the functions of a table's triggers share. Each takes the function at hand. #}

{%- macro head(function) -%}
CREATE OR REPLACE FUNCTION aurora_trigger.{{ function.name }}()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
{%- for pin in function.pins %}
SET {{ pin }}
{%- endfor %}
AS {{ function.body_tag }}
#variable_conflict use_column
DECLARE
    captured_us bigint := (date_part('epoch', clock_timestamp()) * 1000000)::bigint;
{%- if function.has_capture() %}
    capture text := {{ function.capture_text() }};
{%- endif %}
{%- if function.keeps_misfits %}
    fits boolean;
    misfit text;
{%- endif %}
{%- if function.way.stores_events() %}
    place bigint := aurora_trigger.statement_position();
{%- if !function.way.sends_at_commit() %}
    -- Ten seconds each, and one for all of a transaction.
    turn smallint := ((date_part('epoch', transaction_timestamp()) / 10)::bigint & 1)::smallint;
{%- endif %}
{%- endif %}
{%- if function.way.numbers_events() %}
    number_before bigint;
{%- endif %}
{%- if function.way.sends_at_commit() %}
    kept_places text;
{%- endif %}
{%- if function.way.calls() %}
    event json;
    event_size integer;
    events json[];
    chunk_size integer := 0;
{%- if function.way.counts_failures() %}
    failed_calls integer := 0;
{%- else %}
    sent boolean;
{%- endif %}
{%- if function.way.warns() %}
    error_hint text;
{%- endif %}
{%- if function.keeps_dead_letters %}
    kept boolean;
{%- endif %}
{%- endif %}
{%- endmacro -%}

{%- macro warn_of_owner() -%}
    IF current_user <> 'aurora_trigger' THEN
        PERFORM aurora_trigger.warn_of_owner(TG_TABLE_SCHEMA, TG_TABLE_NAME);
    END IF;
{%- endmacro -%}

{#- A write goes on though its table no longer fits the struct. -#}
{%- macro keep_misfits(function, rows) %}
{%- if function.keeps_misfits %}
    fits := TG_TABLE_SCHEMA = {{ function.schema }} AND TG_TABLE_NAME = {{ function.table_name }};
{%- if rows != "" %}
    -- The planner finds out whether the columns fit, once for each plan. A column that is gone is
    -- taken from "missing".
    IF fits THEN
        -- From PostgreSQL 14 on an assignment would be planned five times more.
        SELECT found.fits INTO fits
        FROM (
            SELECT
                {{ function.missing }}
        ) AS missing
        CROSS JOIN {{ rows }} AS source_row
        CROSS JOIN LATERAL (
            SELECT
                {{ function.fits }} AS fits
            FROM (SELECT source_row.*) AS present
        ) AS found
        LIMIT 1;
        IF fits IS NULL THEN
            RETURN NULL; -- The statement changed no row.
        END IF;
    END IF;
{%- endif %}
{{- keep_misfit(function, "old_rows", "new_rows", "") }}
{%- endif %}
{%- endmacro -%}

{#- The same for a row. -#}
{%- macro keep_row_misfits(function) %}
{%- if function.keeps_misfits %}
    fits := TG_TABLE_SCHEMA = {{ function.schema }} AND TG_TABLE_NAME = {{ function.table_name }};
    IF NOT fits THEN
        -- A partition has a name of its own.
        fits := (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = TG_RELID);
    END IF;
    -- No number of a transaction is used up in here.
    BEGIN
        -- The planner finds out whether the columns fit, once for each plan. In the plans of a
        -- session that was there before the table was altered, a look at their values fails.
        IF fits THEN
            SELECT
                {{ function.row_fits }}
            INTO fits
            WHERE {{ function.row_is_read }};
        END IF;
    EXCEPTION WHEN undefined_column OR datatype_mismatch THEN
        fits := false;
        is_stale := true;
    END;
{{- keep_misfit(function, "(SELECT ($7).*)", "(SELECT ($8).*)", ", OLD, NEW") }}
{%- endif %}
{%- endmacro -%}

{%- macro keep_misfit(function, old_rows, new_rows, images) %}
    IF NOT fits THEN
        misfit := aurora_trigger.misfit_reason(
            TG_RELID, {{ function.schema }}, {{ function.table_name }}
        );
        -- The plan can be one of an old snapshot. In a repeatable one the reason can be, too.
        fits := misfit IS NULL{% if images != "" %} AND NOT is_stale{% endif %}
            AND current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable');
    END IF;
    IF NOT fits THEN
        EXECUTE aurora_trigger.misfit_query(
            TG_RELID,
            TG_OP,
            '{{ old_rows }}',
            '{{ new_rows }}',
            {{ function.open_names }},
            {{ function.guarded_names }},
            {{ function.key_column_names }}
        )
        USING
            misfit,
            TG_TABLE_SCHEMA::text,
            TG_TABLE_NAME::text,
            {{ function.fingerprint }}::text,
            {% if function.has_capture() %}capture{% else %}{{ function.capture_text() }}{% endif %},
            captured_us{{ images }};
        RETURN NULL;
    END IF;
{%- endmacro -%}

{#- Numbers for as many events as there can be. -#}
{%- macro take_numbers(function, count) %}
{%- if function.way.numbers_events() %}
    number_before := aurora_trigger.take_numbers(
        'aurora_trigger.event_seq',
        {{ count }}
    );
{%- endif %}
{%- endmacro -%}

{#- Puts the rows of a query, with one image or with both, into the part of the queue whose turn it is. -#}
{%- macro queue(function, images, rows) %}
{%- if let Some(queue) = function.queue %}
    IF turn = 0 THEN
        INSERT INTO aurora_trigger.{{ super::sql::Identifier(queue.parts[0].as_str()) }}
            (position, ordinal, tx_id, ts_us, op, {{ images }})
        {{ rows }};
    ELSE
        INSERT INTO aurora_trigger.{{ super::sql::Identifier(queue.parts[1].as_str()) }}
            (position, ordinal, tx_id, ts_us, op, {{ images }})
        {{ rows }};
    END IF;
{%- endif %}
{%- endmacro -%}

{#- Around a query of events (op, row_key, before, after), which go into the outbox. -#}
{%- macro keep(function) -%}
{%- if function.way.sends_at_commit() %}
    WITH kept_event AS (
        {{ super::layout::BLOCK }}
{%- else %}
    {{ super::layout::BLOCK }}
{%- endif -%}
{%- if function.way.sends_at_commit() -%}
INSERT INTO aurora_trigger.kept (
    seq, position, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op,
    key_hash, before, after, at_commit
)
SELECT
    number_before + row_number() OVER (),
    place,
{%- else -%}
INSERT INTO aurora_trigger.outbox (
    turn, position, ordinal, tx_id, ts_us, schema_name, table_name, fingerprint, capture,
    op, key_hash, before, after
)
SELECT
    turn,
    place,
    row_number() OVER (),
{%- endif %}
    txid_current(),
    captured_us,
    {{ function.schema }},
    {{ function.table_name }},
    {{ function.fingerprint }},
    capture,
    event.op,
    {{ function.key_hash }},
    event.before,
    event.after
{%- if function.way.sends_at_commit() -%},
    true
{%- endif %}
FROM (
    {{ super::layout::BLOCK }}
{%- endmacro -%}

{%- macro end_keep(function) -%}
{{ super::layout::BLOCK_END }}
) AS event{{ super::layout::BLOCK_END }}
{%- if function.way.sends_at_commit() %}
        RETURNING ctid
    )
    SELECT string_agg(k.ctid::text, ' ')
    INTO kept_places
    FROM (SELECT ctid FROM kept_event LIMIT {{ super::way::CALL_EVENTS }}) AS k;
    IF kept_places IS NOT NULL THEN
        PERFORM aurora_trigger.send_later(kept_places);
    END IF;
{%- else -%}
;
{%- endif %}
{%- endmacro -%}

{#- Around a query of events, each a JSON object, which go into calls. -#}
{%- macro send() %}
    FOR event IN
        {{ super::layout::BLOCK }}
{%- endmacro -%}

{%- macro end_send(function) -%}
{{ super::layout::BLOCK_END }}
    LOOP
        event_size := octet_length(event::text) + 1;
        IF chunk_size + event_size > {{ super::way::CHUNK_BYTES }} THEN
            IF event_size > {{ super::way::CHUNK_BYTES }}
                AND (
                    -- Too big in any encoding, and maybe for PostgreSQL to convert.
                    event_size > 12000000
                    OR aurora_trigger.utf8_size(event::text) > {{ function.event_bytes }}
                )
            THEN
{%- if function.keeps_dead_letters %}
                kept := aurora_trigger.keep_dead_letter(
                    'too big for a call',
                    {{ function.source }},
                    event
                );
                CONTINUE;
{%- else %}
                event := aurora_trigger.key_only(
                    event, {{ function.key_names }}
                );
                event_size := octet_length(event::text) + 1;
{%- endif %}
            END IF;
            IF chunk_size > 0 THEN
                {{ function.send }}
                events := NULL;
                chunk_size := 0;
            END IF;
        END IF;
        events := array_append(events, event);
        chunk_size := chunk_size + event_size;
    END LOOP;
    IF chunk_size > 0 THEN
        {{ function.send }}
    END IF;
{%- endmacro -%}

{#- Around a query of pairs (old_key, new_key, before, after): what became of each is handed over. -#}
{%- macro deliver(function) -%}
{%- if function.way.calls() %}
{{- send() -}}
SELECT CASE change.op
    WHEN 'u' THEN json_build_object(
        'seq', number_before + row_number() OVER (),
        'op', 'u',
        'before', change.before,
        'after', change.after
    )
    WHEN 'd' THEN json_build_object(
        'seq', number_before + row_number() OVER (),
        'op', 'd',
        'before', change.before
    )
    ELSE json_build_object(
        'seq', number_before + row_number() OVER (),
        'op', 'c',
        'after', change.after
    )
END
{%- else %}
{{- keep(function) -}}
SELECT
    change.op,
    CASE change.op WHEN 'd' THEN change.old_key ELSE change.new_key END AS row_key,
    CASE WHEN change.op <> 'c' THEN change.before END AS before,
    CASE WHEN change.op <> 'd' THEN change.after END AS after
{%- endif %}
FROM (
    SELECT
        -- Another key is another row: its old self is gone, its new self is there.
        unnest(CASE
            WHEN pair.before IS NULL THEN '{c}'::"char"[]
            WHEN pair.after IS NULL THEN '{d}'::"char"[]
            WHEN pair.old_key IS DISTINCT FROM pair.new_key THEN '{d,c}'::"char"[]
            ELSE '{u}'::"char"[]
        END) AS op,
        pair.*
    FROM (
        {{ super::layout::BLOCK }}
{%- endmacro -%}

{%- macro end_deliver(function) -%}
{{ super::layout::BLOCK_END }}
    ) AS pair
    WHERE
{%- if function.skips_unchanged %}
        pair.before::text IS DISTINCT FROM pair.after::text
{%- else %}
        pair.before IS NOT NULL OR pair.after IS NOT NULL
{%- endif %}
{%- if function.has_places && function.way.calls() %}
    ORDER BY pair.old_place, pair.new_place
{%- endif %}
) AS change
{%- if function.way.calls() -%}
{{- end_send(function) -}}
{%- else -%}
{{- end_keep(function) -}}
{%- endif -%}
{%- endmacro -%}

{%- macro tail(function) %}
    RETURN NULL;
{%- if function.way.warns() %}
EXCEPTION WHEN OTHERS THEN
    -- A write must not fail because of this, whatever has become of the table or of a setting.
    GET STACKED DIAGNOSTICS error_hint = PG_EXCEPTION_HINT;
    PERFORM aurora_trigger.warn(
        format(
            'changes of %s.%s are not captured: %s',
            TG_TABLE_SCHEMA,
            TG_TABLE_NAME,
            concat_ws('. ', {{ function.misfit }}, nullif(error_hint, ''))
        ),
        SQLSTATE
    );
    RETURN NULL;
{%- else if function.way.explains_misfits() %}
EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch OR cannot_coerce THEN
    IF strpos(SQLERRM, 'aws_lambda') > 0 THEN
        RAISE;
    END IF;
    -- The table was altered. PostgreSQL speaks of a query that the writer has never seen.
    RAISE EXCEPTION 'aurora_trigger: the write fails, since changes of %.% can''t be captured: %',
        TG_TABLE_SCHEMA,
        TG_TABLE_NAME,
        {{ function.misfit }}
        USING ERRCODE = SQLSTATE,
            HINT = 'Was a column renamed, dropped or altered? Undo that, or change the struct and '
                'run what its emit-sql prints. To write meanwhile without a capture run what '
                'emit-sql down prints.';
{%- endif %}
END
{{ function.body_tag }};
ALTER FUNCTION aurora_trigger.{{ function.name }}()
    OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.{{ function.name }}()
    FROM PUBLIC;
COMMENT ON FUNCTION aurora_trigger.{{ function.name }}() IS
    {{ function.comment }};
{%- endmacro -%}
