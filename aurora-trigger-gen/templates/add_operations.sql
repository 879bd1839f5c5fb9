-- Another key is another row: its old self is gone, its new self is there.
{{ pad }}LOOP
{{ pad }}    IF operation = 'u' THEN
{{ pad }}        event := json_build_object(
{{ pad }}            'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}            'op', 'u',
{{ pad }}            'before', before_image,
{{ pad }}            'after', after_image
{{ pad }}        );
{{ pad }}    ELSIF operation = 'd' THEN
{{ pad }}        event := json_build_object(
{{ pad }}            'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}            'op', 'd',
{{ pad }}            'before', before_image
{{ pad }}        );
{{ pad }}    ELSE
{{ pad }}        event := json_build_object(
{{ pad }}            'seq', nextval('aurora_trigger.event_seq'),
{{ pad }}            'op', 'c',
{{ pad }}            'after', after_image
{{ pad }}        );
{{ pad }}    END IF;
{{ pad }}    {{ add }}
{{ pad }}    EXIT WHEN operation <> 'd'{% if exit_unless_chosen %} OR NOT after_chosen{% endif %};
{{ pad }}    operation := 'c';
{{ pad }}END LOOP;
