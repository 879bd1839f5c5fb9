-- Writes the row again that was just written: before the statement that fired it has ended.
CREATE FUNCTION shop.write_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop.items SET amount = amount + 1 WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER write_again AFTER INSERT OR UPDATE ON shop.items
FOR EACH ROW WHEN (NEW.amount % 3 = 0) EXECUTE FUNCTION shop.write_again();
