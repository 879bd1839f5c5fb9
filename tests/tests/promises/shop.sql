CREATE SCHEMA shop;
CREATE TABLE shop.items (id integer PRIMARY KEY, version bigint NOT NULL, amount integer NOT NULL);
CREATE TABLE shop.parts (
    id integer PRIMARY KEY,
    version bigint NOT NULL,
    item_id integer REFERENCES shop.items ON UPDATE CASCADE ON DELETE CASCADE,
    spare_of integer REFERENCES shop.items ON UPDATE CASCADE ON DELETE SET NULL
);
-- Ids that nobody else takes.
CREATE SEQUENCE shop.new_id AS integer START 1000000;
CREATE INDEX ON shop.parts (item_id);
CREATE INDEX ON shop.parts (spare_of);

-- No two writes leave the same row behind, not even one that is rolled back, or the row before and after it was gone.
CREATE SEQUENCE shop.version;
CREATE FUNCTION shop.raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := nextval('shop.version');
    RETURN NEW;
END $$;
CREATE TRIGGER raise_version BEFORE INSERT OR UPDATE ON shop.items
FOR EACH ROW EXECUTE FUNCTION shop.raise_version();
CREATE TRIGGER raise_version BEFORE INSERT OR UPDATE ON shop.parts
FOR EACH ROW EXECUTE FUNCTION shop.raise_version();

-- The application's own books, by row triggers in the same transaction: what is here was committed.
CREATE TABLE shop.history (tx bigint NOT NULL, table_name text NOT NULL, before json, after json);
CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.id = NEW.id THEN
        INSERT INTO shop.history VALUES (txid_current(), TG_TABLE_NAME, row_to_json(OLD), row_to_json(NEW));
        RETURN NULL;
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO shop.history VALUES (txid_current(), TG_TABLE_NAME, row_to_json(OLD), NULL);
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        INSERT INTO shop.history VALUES (txid_current(), TG_TABLE_NAME, NULL, row_to_json(NEW));
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO shop.history VALUES (txid_current(), TG_TABLE_NAME, NULL, NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON shop.items
FOR EACH ROW EXECUTE FUNCTION shop.note();
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON shop.parts
FOR EACH ROW EXECUTE FUNCTION shop.note();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON shop.items
FOR EACH STATEMENT EXECUTE FUNCTION shop.note();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON shop.parts
FOR EACH STATEMENT EXECUTE FUNCTION shop.note();
