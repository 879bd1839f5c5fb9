concat(
                    '{"source":{"db":', to_json(current_database()),
                    ',"schema":', to_json(p.schema_name),
                    ',"table":', to_json(p.table_name),
                    ',"fingerprint":', to_json(p.fingerprint),
                    ',"epoch":', (SELECT s.epoch FROM aurora_trigger.settings AS s),
                    ',"txId":', p.tx_id,
                    ',"ts_us":', p.ts_us,
                    ',"capture":', to_json(p.capture),
                    ',"snapshot":', 'false},"events":['
                )
