#variable_conflict use_column
DECLARE
    {% include "variables.sql" %}
{%- if operations.update %}
    rows_are_lost boolean := false;
    operation text;
    after_image json;
    after_key text;
{%- if self.has_predicate() %}
    after_chosen boolean;
{%- endif %}
{%- endif %}
{%- if operations.update || operations.delete && way.calls() %}
    before_image json;
    before_key text;
{%- if self.has_predicate() %}
    before_chosen boolean;
{%- endif %}
    old_images NO SCROLL CURSOR FOR
        SELECT
            row_to_json(image.*),
            {{ self.key_text(12) }}
{%- if self.has_predicate() %},
            predicate.chosen
{%- endif %}
        {{ self.rows("old_rows", "old_row", 8)? }};
{%- endif %}
BEGIN
{%- if operations.update || operations.delete && way.calls() %}
    -- Let the server name the cursor: up to PostgreSQL 15 it would have the name of the variable,
    -- which the session may use itself, and this trigger when it fires within itself.
    old_images := NULL;
{%- endif %}
{%- if operations.insert %}
{%- if way.calls() %}
    IF TG_OP = 'INSERT' THEN
        FOR event IN
            SELECT row_to_json(change.*) FROM (SELECT
                nextval('aurora_trigger.event_seq') AS seq,
                'c' AS op,
                row_to_json(image.*) AS after
            {{ self.rows("new_rows", "new_row", 12)? }}
            {%- if self.has_predicate() %}
                AND predicate.chosen
            {%- endif %}
            ) AS change
        LOOP
            {{ self.add(12)? }}
        END LOOP;
    END IF;
{%- else %}
    IF TG_OP = 'INSERT' THEN
        {{ self.keep_rows("new_rows", "new_row", 8)? }}
    END IF;
{%- endif %}
{%- endif %}
{%- if operations.update %}
    -- A BEFORE INSERT trigger of a partition can drop a row that an UPDATE moves there: that row is
    -- in the old transition table only.
    IF TG_OP = 'UPDATE' AND {{ self.is_partitioned(4) }} THEN
        rows_are_lost := (SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows);
    END IF;
    IF rows_are_lost THEN
        -- Pair the rows by their key, and the images of one key in their order. A row without a
        -- partner is a deleted one, or a created one if the statement changed its key.
        {{ self.lost_rows(8)? }}
    ELSIF TG_OP = 'UPDATE' THEN
        -- Both transition tables hold the same rows in the same order: a row's images are found by
        -- their place. By their key, a row that one statement changes twice would be paired with
        -- the wrong one.
        OPEN old_images;
        FOR after_image, after_key{% if self.has_predicate() %}, after_chosen{% endif %} IN
            SELECT
                row_to_json(image.*),
                {{ self.key_text(16) }}
{%- if self.has_predicate() %},
                predicate.chosen
{%- endif %}
            {{ self.rows("new_rows", "new_row", 12)? }}
        LOOP
            FETCH old_images INTO before_image, before_key{% if self.has_predicate() %}, before_chosen{% endif %};
            IF NOT FOUND THEN
                RAISE EXCEPTION
                    'aurora_trigger: the transition tables of an UPDATE differ in length';
            END IF;
            {{ self.add_pair(12)? }}
{%- if !way.calls() %}
            IF cardinality(kept_operations) >= {{ super::way::KEPT_EVENTS }}
                OR kept_bytes >= {{ super::way::KEPT_BYTES }}
            THEN
                {{ super::keep::some(self.table, 16)? }}
            END IF;
{%- endif %}
        END LOOP;
        CLOSE old_images;
    END IF;
{%- endif %}
{%- if operations.delete %}
{%- if way.calls() %}
    IF TG_OP = 'DELETE' THEN
        OPEN old_images;
        LOOP
            FETCH old_images INTO before_image, before_key{% if self.has_predicate() %}, before_chosen{% endif %};
            EXIT WHEN NOT FOUND;
            {%- if self.has_predicate() %}
            CONTINUE WHEN NOT before_chosen;
            {%- endif %}
            event := json_build_object(
                'seq', nextval('aurora_trigger.event_seq'),
                'op', 'd',
                'before', before_image
            );
            {{ self.add(12)? }}
        END LOOP;
        CLOSE old_images;
    END IF;
{%- else %}
    IF TG_OP = 'DELETE' THEN
        {{ self.keep_rows("old_rows", "old_row", 8)? }}
    END IF;
{%- endif %}
{%- endif %}
{%- include "end.sql" %}
