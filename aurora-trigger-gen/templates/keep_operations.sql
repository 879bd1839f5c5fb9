-- Another key is another row: its old self is gone, its new self is there.
{{ pad }}LOOP
{{ pad }}    kept_operations := array_append(kept_operations, operation::"char");
{{ pad }}    IF operation = 'd' THEN
{{ pad }}        kept_keys := array_append(kept_keys, before_key);
{{ pad }}        kept_before := array_append(kept_before, before_image);
{{ pad }}        kept_after := array_append(kept_after, NULL);
{{ pad }}    ELSE
{{ pad }}        kept_keys := array_append(kept_keys, after_key);
{{ pad }}        kept_before := array_append(
{{ pad }}            kept_before, CASE operation WHEN 'u' THEN before_image END
{{ pad }}        );
{{ pad }}        kept_after := array_append(kept_after, after_image);
{{ pad }}    END IF;
{{ pad }}    kept_bytes := kept_bytes
{{ pad }}        + coalesce(pg_column_size(before_image), 0)
{{ pad }}        + coalesce(pg_column_size(after_image), 0);
{{ pad }}    EXIT WHEN operation <> 'd'{% if exit_unless_chosen %} OR NOT after_chosen{% endif %};
{{ pad }}    operation := 'c';
{{ pad }}END LOOP;
