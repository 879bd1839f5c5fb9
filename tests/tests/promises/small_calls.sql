-- Every call of a drain takes a few events only, as after many that failed.
CREATE FUNCTION shop.keep_small() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.call_bytes := 1500;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_small BEFORE UPDATE ON aurora_trigger.lane
FOR EACH ROW EXECUTE FUNCTION shop.keep_small();
SELECT aurora_trigger.set_lanes(2);
UPDATE aurora_trigger.lane SET call_bytes = 1500;
