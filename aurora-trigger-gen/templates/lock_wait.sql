greatest(
            1,
            least(
                {{ super::locks::WAIT }},
                250 * extract(epoch FROM current_setting('deadlock_timeout')::interval),
                nullif(1000 * extract(epoch FROM current_setting('lock_timeout')::interval), 0)
            )
        )::integer