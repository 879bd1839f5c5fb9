PERFORM set_config('lock_timeout', lock_timeout_before, true);
PERFORM set_config('search_path', search_path_before, true);
END
{{ step }};
