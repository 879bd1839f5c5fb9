greatest(
            1,
            least(
                {{ super::locks::WAIT }},
                min(CASE s.name
                    WHEN 'deadlock_timeout' THEN s.setting::bigint / 4
                    WHEN 'lock_timeout' THEN nullif(s.setting::bigint, 0)
                END)
            )
        )::integer
