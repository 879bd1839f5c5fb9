-- The key of mask = "sha256", of 32 to 64 bytes, as HMAC (RFC 2104) uses it. Another key changes
-- all hashes.
CREATE OR REPLACE FUNCTION aurora_trigger.set_mask_key(key bytea)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    block CONSTANT integer := 64;
    padded bytea;
    inner_pad bytea;
    outer_pad bytea;
BEGIN
    IF key IS NULL OR octet_length(key) NOT BETWEEN 32 AND block THEN
        RAISE EXCEPTION 'aurora_trigger: the key of the masks has % bytes, and needs 32 to 64',
            coalesce(octet_length(key), 0)
            USING HINT = 'Make one of random bytes, as openssl rand -hex 32 does: '
                'SELECT aurora_trigger.set_mask_key(decode(''<64 digits>'', ''hex''));';
    END IF;
    padded := key || decode(repeat('00', block - octet_length(key)), 'hex');
    inner_pad := padded;
    outer_pad := padded;
    FOR place IN 0 .. block - 1 LOOP
        inner_pad := set_byte(inner_pad, place, get_byte(padded, place) # 54);
        outer_pad := set_byte(outer_pad, place, get_byte(padded, place) # 92);
    END LOOP;
    UPDATE aurora_trigger.settings AS s
    SET mask_key_inner = inner_pad, mask_key_outer = outer_pad;
    IF NOT FOUND THEN
        INSERT INTO aurora_trigger.settings (mask_key_inner, mask_key_outer, epoch)
        VALUES (inner_pad, outer_pad, aurora_trigger.clock_epoch());
    END IF;
END
$body$;
ALTER FUNCTION aurora_trigger.set_mask_key(bytea) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.set_mask_key(bytea) FROM PUBLIC;

-- The bytes of a text in UTF-8, and as they are where one stands for no letter: a mask fails no
-- write.
CREATE OR REPLACE FUNCTION aurora_trigger.hashed_bytes(value text)
RETURNS bytea
LANGUAGE plpgsql
IMMUTABLE
AS $body$
BEGIN
    RETURN pg_catalog.convert_to(value, 'UTF8');
EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
    RETURN pg_catalog.convert_to(value, pg_catalog.getdatabaseencoding());
END
$body$;
ALTER FUNCTION aurora_trigger.hashed_bytes(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.hashed_bytes(text) FROM PUBLIC;

-- A text as mask = "sha256" sends it: HMAC-SHA-256 of its UTF-8, in hexadecimal digits.
CREATE OR REPLACE FUNCTION aurora_trigger.keyed_hash(value text)
RETURNS text
LANGUAGE plpgsql
STABLE
STRICT
AS $body$
DECLARE
    hash bytea;
BEGIN
    SELECT pg_catalog.sha256(
        s.mask_key_outer OPERATOR(pg_catalog.||) pg_catalog.sha256(
            s.mask_key_inner OPERATOR(pg_catalog.||) CASE
                WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) 'UTF8'
                    THEN pg_catalog.convert_to(value, 'UTF8')
                ELSE aurora_trigger.hashed_bytes(value)
            END
        )
    )
    INTO hash
    FROM aurora_trigger.settings AS s;
    IF NOT FOUND THEN
        PERFORM aurora_trigger.raise_no_settings('the key for mask = "sha256" can''t be read');
    END IF;
    IF hash IS NULL THEN
        RAISE EXCEPTION 'aurora_trigger: there is no key for mask = "sha256"'
            USING HINT = 'Run the installation file again, or set one: '
                'SELECT aurora_trigger.set_mask_key(...);';
    END IF;
    RETURN pg_catalog.encode(hash, 'hex');
END
$body$;
ALTER FUNCTION aurora_trigger.keyed_hash(text) OWNER TO aurora_trigger;
REVOKE ALL ON FUNCTION aurora_trigger.keyed_hash(text) FROM PUBLIC;

{% include "step_end.sql" %}

DO $body$
DECLARE
    search_path_before CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
    lock_timeout_before CONSTANT pg_catalog.text := pg_catalog.current_setting('lock_timeout');
    tries integer := 0;
    key pg_catalog.bytea;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM aurora_trigger.wait_for_other_installations();
    LOOP
        EXIT WHEN EXISTS (
            SELECT FROM aurora_trigger.settings AS s
            WHERE s.mask_key_inner IS NOT NULL AND s.mask_key_outer IS NOT NULL
        );
        BEGIN
            -- Two installations at once would make two keys.
            PERFORM aurora_trigger.try_lock(
                tries + 1, ARRAY['aurora_trigger.settings']::regclass[], 'SHARE ROW EXCLUSIVE'
            );
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            tries := tries + 1;
        END;
        PERFORM aurora_trigger.try_again(tries, ARRAY['aurora_trigger.settings']::regclass[]);
    END LOOP;
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    IF NOT EXISTS (
        SELECT FROM aurora_trigger.settings AS s
        WHERE s.mask_key_inner IS NOT NULL AND s.mask_key_outer IS NOT NULL
    ) THEN
        -- Version 13 is the first that gives random numbers which nobody can foresee.
        IF current_setting('server_version_num')::integer < 130000 THEN
            RAISE EXCEPTION 'aurora_trigger: mask = "sha256" needs a key, which PostgreSQL makes '
                'from version 13 on'
                USING HINT = 'Run this file without a transaction around it, so that what comes '
                    'before this stays. Then set a key of random bytes, as openssl rand -hex 32 '
                    'makes them: SELECT aurora_trigger.set_mask_key(decode(''<64 digits>'', '
                    '''hex'')); and run this file again.';
        END IF;
        EXECUTE 'SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) '
            '|| uuid_send(gen_random_uuid()))'
            INTO key;
        PERFORM aurora_trigger.set_mask_key(key);
    END IF;
    PERFORM set_config('search_path', search_path_before, true);
END
$body$;

{% include "step_begin.sql" %}
