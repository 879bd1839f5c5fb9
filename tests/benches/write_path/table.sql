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
