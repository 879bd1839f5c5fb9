-- A user's own history table: a row trigger that runs as its owner and inserts both images as JSON.
CREATE TABLE public.history (
    id bigserial PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    operation text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    before jsonb,
    after jsonb
);

CREATE FUNCTION public.keep_history()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    INSERT INTO public.history (operation, schema_name, table_name, before, after)
    VALUES (TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END
$body$;

CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON public.testing_rds_trigger
FOR EACH ROW EXECUTE FUNCTION public.keep_history();
