-- Of a batch that starts with it: the one before is of another capture.
                    CASE
                        WHEN s.capture = lag(s.capture) OVER (ORDER BY s.position) THEN 0
                        -- A letter of a name takes three bytes at most, or six where JSON escapes
                        -- it.
                        ELSE 300 + 3 * octet_length(
                            to_json(s.schema_name)::text || to_json(s.table_name)::text
                                || to_json(current_database())::text
                        )
                    END AS source_bytes