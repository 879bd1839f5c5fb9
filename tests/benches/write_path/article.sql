-- The article's way, its errors mended: names before values, a type that exists, a region. In its favour its two NOTICEs
-- a row are left out, the ARN is folded to a constant, and nothing looks at the answer.
CREATE FUNCTION public.article_to_json(
    new_id integer, new_name varchar, new_dob date, new_category varchar, new_company varchar,
    new_age integer, new_salary double precision, new_created_dt timestamp, new_updated_dt timestamp,
    old_id integer, old_name varchar, old_dob date, old_category varchar, old_company varchar,
    old_age integer, old_salary double precision, old_created_dt timestamp, old_updated_dt timestamp
)
RETURNS json
LANGUAGE plpgsql
AS $body$
BEGIN
    RETURN json_build_object(
        'id', new_id, 'name', new_name, 'dob', new_dob, 'category', new_category, 'company', new_company,
        'age', new_age, 'salary', new_salary, 'created_dt', new_created_dt, 'updated_dt', new_updated_dt,
        'old_id', old_id, 'old_name', old_name, 'old_dob', old_dob, 'old_category', old_category,
        'old_company', old_company, 'old_age', old_age, 'old_salary', old_salary,
        'old_created_dt', old_created_dt, 'old_updated_dt', old_updated_dt
    );
END
$body$;

CREATE FUNCTION public.article_invoke()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM aws_lambda.invoke(
        aws_commons.create_lambda_function_arn('relay', 'eu-west-1'),
        public.article_to_json(
            NEW.id, NEW.name, NEW.dob, NEW.category, NEW.company,
            NEW.age, NEW.salary, NEW.created_dt, NEW.updated_dt,
            OLD.id, OLD.name, OLD.dob, OLD.category, OLD.company,
            OLD.age, OLD.salary, OLD.created_dt, OLD.updated_dt
        ),
        'Event'
    );
    RETURN NULL;
END
$body$;

CREATE TRIGGER article_insert AFTER INSERT ON public.testing_rds_trigger
FOR EACH ROW EXECUTE FUNCTION public.article_invoke();
CREATE TRIGGER article_update AFTER UPDATE ON public.testing_rds_trigger
FOR EACH ROW EXECUTE FUNCTION public.article_invoke();
CREATE TRIGGER article_delete AFTER DELETE ON public.testing_rds_trigger
FOR EACH ROW EXECUTE FUNCTION public.article_invoke();
