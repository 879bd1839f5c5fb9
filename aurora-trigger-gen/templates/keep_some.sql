{{ keep }}
{{ pad }}kept_operations := NULL;
{{ pad }}kept_keys := NULL;
{{ pad }}kept_before := NULL;
{{ pad }}kept_after := NULL;
{{ pad }}kept_bytes := 0::bigint;
