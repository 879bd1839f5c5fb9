o.ctid AS place,
                        o.position,
                        o.seq,
                        o.tx_id,
                        o.ts_us,
                        o.schema_name,
                        o.table_name,
                        o.fingerprint,
                        o.capture,
                        o.op,
                        o.before,
                        o.after,
                        o.key,
                        -- Known without reading it, where the database is in UTF-8. In other
                        -- encodings what takes 12 MB is too big for any call in UTF-8, too, for
                        -- which PostgreSQL might have no room. NULL: no UTF-8 tells it.
                        96 + CASE
                            WHEN getdatabaseencoding() = 'UTF8'
                                OR coalesce(pg_column_size(o.before), 0)
                                    + coalesce(pg_column_size(o.after), 0)
                                    + coalesce(pg_column_size(o.key), 0) > 12000000
                            THEN
                                coalesce(pg_column_size(o.before), 0)
                                + coalesce(pg_column_size(o.after), 0)
                                + coalesce(pg_column_size(o.key), 0)
                            ELSE aurora_trigger.utf8_size(concat(o.before, o.after, o.key))
                        END AS event_bytes