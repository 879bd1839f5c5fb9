-- Known without reading it, where the database is in UTF-8.
            CASE getdatabaseencoding()
                WHEN 'UTF8' THEN (
                    coalesce(pg_column_size(o.before), 0)
                    + coalesce(pg_column_size(o.after), 0)
                    + coalesce(pg_column_size(o.key), 0)
                )::bigint
                ELSE (
                    coalesce(octet_length(convert_to(o.before::text, 'UTF8')), 0)
                    + coalesce(octet_length(convert_to(o.after::text, 'UTF8')), 0)
                    + coalesce(octet_length(convert_to(o.key::text, 'UTF8')), 0)
                )::bigint
            END
            + 96
            + CASE
                WHEN o.capture = lag(o.capture) OVER (ORDER BY o.position) THEN 0
                -- A letter of a name takes three bytes at most, or six where JSON escapes it.
                ELSE 300 + 3 * octet_length(
                    to_json(o.schema_name)::text || to_json(o.table_name)::text
                        || to_json(current_database())::text
                )
            END AS bytes