SELECT
                    o.tableoid AS relation,
                    o.ctid AS place,
                    o.position,
                    NULL::bigint AS seq,
                    o.ordinal,
                    o.tx_id,
                    o.ts_us,
                    o.schema_name,
                    o.table_name,
                    o.fingerprint,
                    o.capture,
                    o.op,
                    o.key_hash,
                    o.before,
                    o.after,
                    NULL::json AS key
                FROM aurora_trigger.outbox AS o
                WHERE (o.tx_id >= done_xmax OR o.tx_id = ANY (done_open))
                    AND txid_visible_in_snapshot(o.tx_id, this.upto)
                    AND (
                        NOT is_divided
                        OR (o.position, o.ts_us) > (this.part_position, this.part_us)
                            AND (o.position, o.ts_us)
                                <= (this.part_end_position, this.part_end_us)
                            AND coalesce(o.key_hash BETWEEN this.next_hash AND last_hash, is_last)
                    )
                UNION ALL
                SELECT
                    k.tableoid, k.ctid, k.position, k.seq, 0, k.tx_id, k.ts_us, k.schema_name,
                    k.table_name, k.fingerprint, k.capture, k.op, k.key_hash, k.before, k.after,
                    k.key
                FROM aurora_trigger.kept AS k
                WHERE k.ctid = ANY (kept_places)
