#variable_conflict use_column
DECLARE
    {% include "variables.sql" %}
    operation text;
    before_image json;
    before_key text;
    before_chosen boolean := false;
    after_image json;
    after_key text;
    after_chosen boolean := false;
BEGIN
    -- Column by column: a partition's row is of the partition's type, and a cast from that one to
    -- the table's would be code of its owner.
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        SELECT
            row_to_json(image.*),
            {{ self.key_text(12) }}
        INTO before_image, before_key
        FROM (
            SELECT
                {{ self.image("OLD", 16) }}
        ) AS image
        WHERE
            {{ self.trust("OLD", 12) }};
        before_chosen := {{ self.chosen("OLD", 8) }};
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        SELECT
            row_to_json(image.*),
            {{ self.key_text(12) }}
        INTO after_image, after_key
        FROM (
            SELECT
                {{ self.image("NEW", 16) }}
        ) AS image
        WHERE
            {{ self.trust("NEW", 12) }};
        after_chosen := {{ self.chosen("NEW", 8) }};
    END IF;
    operation := CASE
        WHEN before_chosen AND after_chosen AND before_key IS NOT DISTINCT FROM after_key THEN 'u'
        WHEN before_chosen THEN 'd'
        WHEN after_chosen THEN 'c'
    END;
{%- if self.skips_unchanged() %}
    -- A row that enters or leaves the subset of a predicate may look the same before and after.
    IF operation IN ('c', 'd') OR operation = 'u' AND before_image::text <> after_image::text THEN
{%- else %}
    IF operation IS NOT NULL THEN
{%- endif %}
        {{ self.add_operations(8)? }}
    END IF;
{%- include "end.sql" %}
