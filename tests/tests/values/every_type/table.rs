//! The table, and how rows come into it and out of it again.

use std::pin::pin;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{ColumnDesc, Delivery, KeyDesc, OnFailure, TableDesc};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::column::{Column, Written};
use super::columns::Everything;
use super::user_types::{MIGRATION, TYPES};
use crate::holder::{Holder, without_domain};
use crate::user_types::MOOD;

pub(super) struct Table<'a> {
    holder: &'a Holder,
    /// The encoding of the session that writes. The driver's own values are in UTF-8, whatever it is.
    client_encoding: &'static str,
    /// Its settings are what the driver's texts are written with.
    reader: Client,
    columns: Vec<Column>,
}

impl<'a> Table<'a> {
    /// With those of the columns that this server has types for.
    pub(super) async fn make(
        holder: &'a Holder,
        client_encoding: &'static str,
        all: Vec<Column>,
    ) -> Self {
        holder.run(MOOD).await;
        holder.run(TYPES).await;
        let mut columns = Vec::new();
        for column in all {
            let there = match column.needs {
                Some(statement) => holder.try_run(statement).await.is_ok(),
                None => true,
            };
            if there {
                columns.push(column);
            } else {
                println!("not tested: {}, which this PostgreSQL has not", column.sql);
            }
        }
        let reader = holder.pipeline().session().await;
        reader
            .batch_execute("SET extra_float_digits = 3")
            .await
            .expect("it is a setting");
        let table = Self {
            holder,
            client_encoding,
            reader,
            columns,
        };
        table.create().await;
        table
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    async fn create(&self) {
        let listed = self.list(|column| {
            let null = if column.nullable { "NULL" } else { "NOT NULL" };
            format!("{} {} {null}", column.name, column.sql)
        });
        let drafted = self.list(|column| format!("{} {}", column.name, column.by));
        self.holder
            .run(&format!(
                "CREATE TABLE public.everything (id bigint PRIMARY KEY, {listed});
                 CREATE TABLE public.drafts (id bigint, {drafted})"
            ))
            .await;
        let table = self.description();
        self.holder.pipeline().install_tables(&[&table]).await;
        self.holder.run(MIGRATION).await;
    }

    fn description(&self) -> TableDesc {
        let all = Everything::TABLE;
        let columns: Vec<ColumnDesc> = all
            .columns()
            .iter()
            .filter(|column| {
                column.is_key() || self.columns.iter().any(|own| own.name == column.column())
            })
            .copied()
            .collect();
        let table = TableDesc::new(
            all.rust_path(),
            all.schema(),
            all.table(),
            columns.leak(),
            KeyDesc::Columns,
            Delivery::Async,
        )
        .with_on_failure(OnFailure::Abort);
        self.holder.capture().of(table)
    }

    fn list(&self, one: impl Fn(&Column) -> String) -> String {
        let all: Vec<String> = self.columns.iter().map(one).collect();
        all.join(", ")
    }

    /// The driver copies them beside the table, and one statement writes them into it: so a column has a value that the
    /// driver can't write, and the session that writes any encoding.
    pub(super) async fn write(&self, rows: &[Vec<Written>]) {
        self.copy(rows).await;
        let names = self.list(|column| column.name.to_owned());
        let values = self.list(|column| {
            if column.by == column.sql {
                column.name.to_owned()
            } else {
                format!("CAST({} AS {})", column.name, column.sql)
            }
        });
        self.run(&format!(
            "INSERT INTO public.everything (id, {names})
             SELECT id, {values} FROM public.drafts ORDER BY id"
        ))
        .await;
        self.holder.run("DELETE FROM public.drafts").await;
    }

    pub(super) async fn read(&self) -> Vec<Row> {
        let values = self.list(|column| format!("CAST({0} AS {1}) AS {0}", column.name, column.by));
        self.reader
            .query(
                &format!("SELECT id, {values} FROM public.everything ORDER BY id"),
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(super) async fn delete(&self) {
        self.run("DELETE FROM public.everything").await;
    }

    async fn run(&self, sql: &str) {
        let encoding = self.client_encoding;
        self.holder
            .execute(&format!(
                "BEGIN; SET LOCAL client_encoding = {encoding}; {sql}; COMMIT"
            ))
            .await;
    }

    async fn copy(&self, rows: &[Vec<Written>]) {
        let session = self.holder.session();
        let statement = session
            .prepare("SELECT * FROM public.drafts")
            .await
            .expect("the table is there");
        let types: Vec<Type> = statement
            .columns()
            .iter()
            .map(|column| without_domain(column.type_()))
            .collect();
        let sink = session
            .copy_in("COPY public.drafts FROM STDIN WITH (FORMAT binary)")
            .await
            .expect("the table is there");
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for (id, row) in (0_i64..).zip(rows) {
            let mut values: Vec<&(dyn ToSql + Sync)> = vec![&id];
            for value in row {
                values.push(&**value);
            }
            writer
                .as_mut()
                .write(&values)
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
        writer
            .finish()
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
}
