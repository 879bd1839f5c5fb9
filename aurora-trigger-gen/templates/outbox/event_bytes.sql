-- Known without reading it, where the database is in UTF-8. In
                        -- other encodings what takes 12 MB is too big for any call in
                        -- UTF-8, too, for which PostgreSQL might have no room. NULL: no
                        -- UTF-8 tells it.
                        96 + CASE
                            WHEN getdatabaseencoding() = 'UTF8'
                                OR coalesce(pg_column_size(e.before), 0)
                                    + coalesce(pg_column_size(e.after), 0)
                                    + coalesce(pg_column_size(e.key), 0) > 12000000
                            THEN
                                coalesce(pg_column_size(e.before), 0)
                                + coalesce(pg_column_size(e.after), 0)
                                + coalesce(pg_column_size(e.key), 0)
                            ELSE aurora_trigger.utf8_size(concat(e.before, e.after, e.key))
                        END AS event_bytes
