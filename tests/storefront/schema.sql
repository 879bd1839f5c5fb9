-- The tables of the reference app.
CREATE SCHEMA sales;

CREATE TYPE sales.order_status AS ENUM ('placed', 'paid', 'shipped');

CREATE TABLE sales.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    segment text NOT NULL DEFAULT 'retail' CHECK (segment IN ('retail', 'wholesale')),
    password_hash text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sales.orders (
    id uuid PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES sales.customers,
    status sales.order_status NOT NULL DEFAULT 'placed',
    total numeric(12, 2) NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    shipping jsonb NOT NULL,
    extra jsonb,
    internal_note text,
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sales.order_items (
    order_id uuid NOT NULL REFERENCES sales.orders ON DELETE CASCADE,
    line integer NOT NULL,
    product text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, line)
);

-- The table of the article that this project began with: it has no key.
CREATE TABLE public.testing_rds_trigger (
    id integer,
    name varchar,
    dob date DEFAULT now(),
    category varchar,
    company varchar,
    age integer,
    salary double precision,
    created_dt timestamp DEFAULT now(),
    updated_dt timestamp DEFAULT now()
);
