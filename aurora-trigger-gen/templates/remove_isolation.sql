-- Another one would look for events that wait with a snapshot from before the locks.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'aurora_trigger: the removal must be READ COMMITTED, not %',
            upper(current_setting('transaction_isolation'))
            USING HINT = 'SET default_transaction_isolation = ''read committed''; then run this '
                'file again.';
    END IF;
