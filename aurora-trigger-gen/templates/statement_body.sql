#variable_conflict use_column
DECLARE
{%- include "capture_variables.sql" %}
    after_key text;
    before_key text;
{%- if has_predicate %}
    after_chosen boolean;
    before_chosen boolean;
{%- endif %}
    old_images NO SCROLL CURSOR FOR
        SELECT row_to_json(image.*), {{ key_text }}{% if has_predicate %}, candidate.chosen{% endif %}
        FROM old_rows AS old_row
        CROSS JOIN LATERAL (
            SELECT
                {{ self.image("old_row", 16) }}
        ) AS image
        {%- if has_predicate %}
        CROSS JOIN LATERAL (
            SELECT coalesce((
{{ predicate }}
            )::boolean, false) AS chosen
            FROM (SELECT {{ self.raw("old_row") }}) AS candidate
        ) AS candidate
        {%- endif %}
        WHERE
            {{ self.trust("old_row", 12) }};
BEGIN
    {% if operations.insert -%}
    IF TG_OP = 'INSERT' THEN
        FOR event IN
            SELECT row_to_json(change.*)
            FROM (
                SELECT
                    nextval('aurora_trigger.event_seq') AS seq,
                    'c' AS op,
                    row_to_json(image.*) AS after
                FROM new_rows AS new_row
                CROSS JOIN LATERAL (
                    SELECT
                        {{ self.image("new_row", 24) }}
                ) AS image
                {%- if has_predicate %}
                CROSS JOIN LATERAL (
                    SELECT coalesce((
{{ predicate }}
                    )::boolean, false) AS chosen
                    FROM (SELECT {{ self.raw("new_row") }}) AS candidate
                ) AS candidate
                {%- endif %}
                WHERE
                    {{ self.trust("new_row", 20) }}
                    {%- if has_predicate %}
                    AND candidate.chosen
                    {%- endif %}
            ) AS change
        LOOP
            {{ self.add(12) }}
        END LOOP;
    END IF;
    {% endif -%}
    {% if operations.update -%}
    IF TG_OP = 'UPDATE' THEN
        -- Both transition tables hold the same rows in the same order, so a row's two images are found by their place.
        -- By key, a row that one statement changes twice would be paired with the wrong one.
        OPEN old_images;
        FOR after_image, after_key{% if has_predicate %}, after_chosen{% endif %} IN
            SELECT row_to_json(image.*), {{ key_text }}{% if has_predicate %}, candidate.chosen{% endif %}
            FROM new_rows AS new_row
            CROSS JOIN LATERAL (
                SELECT
                    {{ self.image("new_row", 20) }}
            ) AS image
            {%- if has_predicate %}
            CROSS JOIN LATERAL (
                SELECT coalesce((
{{ predicate }}
                )::boolean, false) AS chosen
                FROM (SELECT {{ self.raw("new_row") }}) AS candidate
            ) AS candidate
            {%- endif %}
            WHERE
                {{ self.trust("new_row", 16) }}
        LOOP
            FETCH old_images INTO before_image, before_key{% if has_predicate %}, before_chosen{% endif %};
            IF NOT FOUND THEN
                RAISE EXCEPTION 'aurora_trigger: the transition tables of an UPDATE differ in length';
            END IF;
            {{ self.add_pair(12) }}
        END LOOP;
    END IF;
    {% endif -%}
    {% if operations.delete -%}
    IF TG_OP = 'DELETE' THEN
        FOR event IN
            SELECT row_to_json(change.*)
            FROM (
                SELECT
                    nextval('aurora_trigger.event_seq') AS seq,
                    'd' AS op,
                    row_to_json(image.*) AS before
                FROM old_rows AS old_row
                CROSS JOIN LATERAL (
                    SELECT
                        {{ self.image("old_row", 24) }}
                ) AS image
                {%- if has_predicate %}
                CROSS JOIN LATERAL (
                    SELECT coalesce((
{{ predicate }}
                    )::boolean, false) AS chosen
                    FROM (SELECT {{ self.raw("old_row") }}) AS candidate
                ) AS candidate
                {%- endif %}
                WHERE
                    {{ self.trust("old_row", 20) }}
                    {%- if has_predicate %}
                    AND candidate.chosen
                    {%- endif %}
            ) AS change
        LOOP
            {{ self.add(12) }}
        END LOOP;
    END IF;
    {% endif -%}
{%- include "capture_end.sql" %}
