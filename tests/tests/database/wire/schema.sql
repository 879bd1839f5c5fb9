CREATE SCHEMA wire;

CREATE TYPE wire.status AS ENUM ('placed', 'in_transit');
CREATE DOMAIN wire.email AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE wire.place AS (street text, "Zip" text);

CREATE TABLE wire.everything (
    id bigint,
    part text,
    flag boolean NOT NULL DEFAULT true,
    small smallint NOT NULL DEFAULT -32768,
    number integer NOT NULL DEFAULT 2147483647,
    object oid NOT NULL DEFAULT 4294967295,
    single real NOT NULL DEFAULT 7.038531e-26,
    double double precision NOT NULL DEFAULT 0.30000000000000004,
    any_single real NOT NULL DEFAULT '-Infinity',
    any_double double precision NOT NULL DEFAULT 'Infinity',
    decimal numeric NOT NULL DEFAULT 7922816251426433759354395.0335,
    long_decimal numeric NOT NULL DEFAULT 0.10000000000000000000000000000000000000000000000001,
    bytes bytea NOT NULL DEFAULT '\x00ff',
    uuid uuid NOT NULL DEFAULT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    "interval" interval NOT NULL DEFAULT '1 year -2 mons 3 days -00:00:00.000001',
    address inet NOT NULL DEFAULT '2001:db8::1',
    document jsonb NOT NULL DEFAULT '{"b": [null, true, 1.5e300, 18446744073709551615], "a": "é"}',
    parcel json NOT NULL DEFAULT '{ "weights" : [0.1, -0], "street" : "Rue \"de\" l''\\Église" }',
    maybe text,
    list text[] NOT NULL DEFAULT '{a,"b,c",NULL_}',
    sparse integer[] NOT NULL DEFAULT '{1,NULL}',
    grid smallint[] NOT NULL DEFAULT '{{1,2},{3,4}}',
    status wire.status NOT NULL DEFAULT 'in_transit',
    level smallint NOT NULL DEFAULT 2,
    email wire.email NOT NULL DEFAULT 'ada@example.org',
    place wire.place NOT NULL DEFAULT '("1, Main Street",)',
    chrono_date date NOT NULL DEFAULT '0001-01-01',
    chrono_time time NOT NULL DEFAULT '23:59:59.999999',
    chrono_timestamp timestamp NOT NULL DEFAULT '9999-12-31 23:59:59.999999',
    chrono_instant timestamptz NOT NULL DEFAULT '1936-10-25 22:10:12.608+00',
    jiff_date date NOT NULL DEFAULT '9999-12-31',
    jiff_time time NOT NULL DEFAULT '00:00:00',
    jiff_timestamp timestamp NOT NULL DEFAULT '0001-01-01 00:00:00',
    jiff_instant timestamptz NOT NULL DEFAULT '9999-12-30 21:59:59.999999+00',
    time_date date NOT NULL DEFAULT '2024-02-29',
    time_time time NOT NULL DEFAULT '12:34:56.7',
    time_timestamp timestamp NOT NULL DEFAULT '2024-02-29 12:34:56',
    time_instant timestamptz NOT NULL DEFAULT '2024-02-29 12:34:56.000001+00',
    card text NOT NULL DEFAULT '4242424242421881',
    secret text,
    internal_note varchar(20) NOT NULL DEFAULT '',
    hidden text DEFAULT 'never sent',
    PRIMARY KEY (id, part)
);

CREATE TABLE wire.notes (id integer PRIMARY KEY, text text NOT NULL);

-- An application's own trigger, whose events come before those of the statement that fired it: the drain puts them right.
CREATE FUNCTION wire.mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE wire.notes SET text = NEW.text || '+' WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER mark AFTER INSERT ON wire.notes
FOR EACH ROW WHEN (NEW.text LIKE 'nested%') EXECUTE FUNCTION wire.mark();

CREATE TABLE wire.readings (meter integer, value double precision NOT NULL);

CREATE TABLE wire.bookings (
    id integer PRIMARY KEY,
    rooms int4range NOT NULL,
    price numrange NOT NULL,
    during tstzrange,
    days daterange[] NOT NULL,
    flags bit varying NOT NULL,
    device macaddr NOT NULL,
    wide_device macaddr8 NOT NULL,
    network cidr NOT NULL,
    host inet NOT NULL,
    guest text NOT NULL,
    zip text
);
