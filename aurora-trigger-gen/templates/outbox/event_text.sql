-- The functions that make JSON would look up the type of each value of each event.
            concat(
                CASE WHEN e.source_bytes > 0 AND e.number > 1 THEN ']},' END,
                CASE
                    WHEN e.source_bytes > 0 THEN concat(
                        '{"source":{"db":', to_json(current_database()),
                        ',"schema":', to_json(e.schema_name),
                        ',"table":', to_json(e.table_name),
                        ',"fingerprint":', to_json(e.fingerprint),
                        ',"epoch":', (SELECT s.epoch FROM aurora_trigger.settings AS s),
                        ',"txId":', e.tx_id,
                        ',"ts_us":', e.ts_us,
                        ',"capture":', to_json(e.capture),
                        ',"snapshot":', 'false},"events":['
                    )
                    ELSE ','
                END,
                '{"seq":', coalesce(e.seq, e.position),
                CASE WHEN e.seq IS NOT NULL THEN concat(',"position":', e.position) END,
                ',"op":"', e.op, '"',
                CASE WHEN e.before IS NOT NULL THEN ',"before":' END, e.before,
                CASE WHEN e.after IS NOT NULL THEN ',"after":' END, e.after,
                CASE
                    WHEN e.key IS NOT NULL THEN concat(',"key":', e.key, ',"oversized":', 'true')
                END,
                '}'
            )