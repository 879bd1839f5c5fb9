//! What is to be known of one column of the table.

use std::sync::Arc;

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::columns::Everything;

/// A value as the driver writes it.
pub(super) type Written = Arc<dyn ToSql + Sync + Send>;

pub(super) type Random = Box<dyn Fn(&mut TestRunner) -> Written>;

/// A value of which the event is refused.
pub(super) struct Refused {
    pub(super) value: Written,
    /// The first version that has it, as the server says its own.
    pub(super) since: i32,
}

impl Refused {
    pub(super) fn since(self, since: i32) -> Self {
        Self { since, ..self }
    }
}

pub(super) fn refused(value: impl ToSql + Sync + Send + 'static) -> Refused {
    Refused {
        value: Arc::new(value),
        since: 0,
    }
}

pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// The type as which the driver writes and reads it.
    pub(super) by: &'static str,
    pub(super) nullable: bool,
    /// What a server can't do that does not have the type.
    pub(super) needs: Option<&'static str>,
    pub(super) random: Random,
    pub(super) refused: Vec<Refused>,
    /// What the driver reads, as the struct's type in all its digits.
    pub(super) read: fn(&Row, &str) -> String,
    /// What the event holds, in the same way.
    pub(super) shown: fn(&Everything) -> String,
}

pub(super) fn random<S>(strategy: S) -> Random
where
    S: Strategy + 'static,
    S::Value: ToSql + Sync + Send + 'static,
{
    Box::new(move |runner| {
        let tree = strategy
            .new_tree(runner)
            .expect("no strategy here gives up");
        Arc::new(tree.current())
    })
}

/// One in eight is NULL.
pub(super) fn random_or_null<S>(strategy: S) -> Random
where
    S: Strategy + 'static,
    S::Value: ToSql + Sync + Send + 'static,
{
    random(weighted(0.875, strategy))
}

/// Makes the struct, and `fn columns(Letters)`. Of each column there are its type in Rust and in PostgreSQL, with the
/// one as which the driver writes and reads it where it has nothing for the column's own, and the statement that only a
/// server runs that has it; the type of the driver, what the struct should hold of what the driver reads, random
/// values, and values that are refused.
macro_rules! everything {
    (
        $letters:ident;
        not_null {$(
            $(#[$attribute:meta])* $field:ident: $ty:ty, $sql:literal $(by $by:literal)? as $driver:ty, $into:expr,
            $strategy:expr, $refused:expr;
        )+}
        nullable {$(
            $(#[$n_attribute:meta])* $n_field:ident: $n_ty:ty, $n_sql:literal $(by $n_by:literal)?
            $(if $n_needs:literal)? as $n_driver:ty, $n_into:expr, $n_strategy:expr, $n_refused:expr;
        )+}
    ) => {
        /// A row.
        #[derive(Debug, Deserialize, StreamTrigger)]
        #[stream(table = "public.everything", delivery = "async", on_failure = "abort")]
        pub(super) struct Everything {
            #[stream(key)]
            id: i64,
            $($(#[$attribute])* $field: $ty,)+
            $($(#[$n_attribute])* $n_field: Option<$n_ty>,)+
        }

        pub(super) fn columns($letters: Letters) -> Vec<Column> {
            vec![
                $(Column {
                    name: stringify!($field),
                    sql: $sql,
                    by: [$($by,)? $sql][0],
                    nullable: false,
                    needs: None,
                    random: random($strategy),
                    refused: Vec::from($refused),
                    read: |row, name| {
                        let into: fn($driver) -> $ty = $into;
                        format!("{:?}", into(row.get::<_, $driver>(name)))
                    },
                    shown: |row| format!("{:?}", row.$field),
                },)+
                $(Column {
                    name: stringify!($n_field),
                    sql: $n_sql,
                    by: [$($n_by,)? $n_sql][0],
                    nullable: true,
                    needs: [$(Some($n_needs),)? None][0],
                    random: random_or_null($n_strategy),
                    refused: Vec::from($n_refused),
                    read: |row, name| {
                        let into: fn($n_driver) -> $n_ty = $n_into;
                        format!("{:?}", row.get::<_, Option<$n_driver>>(name).map(into))
                    },
                    shown: |row| format!("{:?}", row.$n_field),
                },)+
            ]
        }
    };
}
pub(super) use everything;
