-- The functions that make JSON would look up the type of each value of each event.
            concat(
                CASE WHEN t.source = '' THEN ',' WHEN NOT t.is_first_of_piece THEN ']},' END,
                t.source,
                '{"seq":', coalesce(t.seq, t.slot),
                CASE WHEN t.moved_to IS NOT NULL THEN concat(',"position":', t.moved_to) END,
                ',"op":"', t.op, '"',
                CASE WHEN t.before IS NOT NULL THEN ',"before":' END, t.before,
                CASE WHEN t.after IS NOT NULL THEN ',"after":' END, t.after,
                CASE
                    WHEN t.key IS NOT NULL THEN concat(',"key":', t.key, ',"oversized":', 'true')
                END,
                '}'
            )
