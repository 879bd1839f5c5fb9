-- As pgbench -i makes them, the rows but for their number.
CREATE TABLE public.pgbench_branches (bid integer NOT NULL PRIMARY KEY, bbalance integer, filler char(88))
WITH (fillfactor = 100);
CREATE TABLE public.pgbench_tellers (tid integer NOT NULL PRIMARY KEY, bid integer, tbalance integer, filler char(84))
WITH (fillfactor = 100);
CREATE TABLE public.pgbench_accounts (aid integer NOT NULL PRIMARY KEY, bid integer, abalance integer, filler char(84))
WITH (fillfactor = 100);
CREATE TABLE public.pgbench_history (
    tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22)
);
INSERT INTO public.pgbench_branches (bid, bbalance)
SELECT n, 0 FROM generate_series(1, {branches}) AS n;
INSERT INTO public.pgbench_tellers (tid, bid, tbalance)
SELECT n, 1 + (n - 1) / 10, 0 FROM generate_series(1, {branches} * 10) AS n;
INSERT INTO public.pgbench_accounts (aid, bid, abalance, filler)
SELECT n, 1 + (n - 1) / {accounts}, 0, '' FROM generate_series(1, {branches} * {accounts}) AS n;
