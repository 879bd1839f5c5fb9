PERFORM set_config('search_path', search_path_before, true);
END
{{ step }};
