//! The statements that are measured.

use std::fmt;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Insert,
    Update,
    Delete,
}

/// One statement of each kind on a row that is gone afterwards.
pub(crate) const WARM_UP: &str = "
INSERT INTO public.testing_rds_trigger (id) VALUES (-1);
UPDATE public.testing_rds_trigger SET age = 1 WHERE id = -1;
DELETE FROM public.testing_rds_trigger WHERE id = -1";

/// One statement that inserts so many rows.
pub(crate) fn insert(rows: u32) -> String {
    format!(
        "INSERT INTO public.testing_rds_trigger (id, name, dob, category, company, age, salary) \
         SELECT n, 'First Last ' || n, date '1960-01-01' + n % 16000, 'category ' || n % 10, \
         'Company ' || n % 100, 18 + n % 50, 1000 + n * 1.1 \
         FROM generate_series(1, {rows}) AS n"
    )
}

impl Operation {
    pub(crate) const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// One statement on so many rows: for UPDATE and DELETE those that the table holds.
    pub(crate) fn bulk(self, rows: u32) -> String {
        match self {
            Self::Insert => insert(rows),
            Self::Update => "UPDATE public.testing_rds_trigger SET age = age + 1".to_owned(),
            Self::Delete => "DELETE FROM public.testing_rds_trigger".to_owned(),
        }
    }

    /// So many statements on one row each, in a loop on the server: the client's round trips would hide what a trigger
    /// costs. UPDATE and DELETE find their row by its place, since the article's table has no index.
    pub(crate) fn one_row(self, statements: u32) -> String {
        let each = match self {
            Self::Insert => {
                return format!(
                    "DO $body$
                    BEGIN
                        FOR n IN 1..{statements} LOOP
                            INSERT INTO public.testing_rds_trigger
                                (id, name, dob, category, company, age, salary)
                            VALUES (n, 'First Last', '1980-02-03', 'category', 'Company', 42, 1234.5);
                        END LOOP;
                    END
                    $body$"
                );
            }
            Self::Update => {
                "UPDATE public.testing_rds_trigger SET age = age + 1 WHERE ctid = place"
            }
            Self::Delete => "DELETE FROM public.testing_rds_trigger WHERE ctid = place",
        };
        format!(
            "DO $body$
            DECLARE
                place tid;
            BEGIN
                FOR place IN SELECT t.ctid FROM public.testing_rds_trigger AS t LIMIT {statements} LOOP
                    {each};
                END LOOP;
            END
            $body$"
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        })
    }
}
