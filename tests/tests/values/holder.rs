//! A table with one column of the type in question, and the comparison.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::pin;

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, TableDesc};
use aurora_trigger_gen::{ChangeEvent, ChangeStream, PgType, StreamTrigger};
use pipeline_tests::{Call, Only, Pipeline, installation};
use relay_lambda::{PayloadError, Relayed};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSqlOwned, Kind, ToSql, Type};

/// A row whose column is described by `T` itself.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.holder", delivery = "async", on_failure = "abort")]
pub(crate) struct Row<T> {
    #[stream(key)]
    id: i64,
    value: T,
}

/// A row whose column holds JSON.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.holder", delivery = "async", on_failure = "abort")]
pub(crate) struct JsonRow<T> {
    #[stream(key)]
    id: i64,
    #[stream(json)]
    value: T,
}

/// A row with one value.
pub(crate) trait Holds: StreamTrigger {
    type Value: Debug;

    fn into_parts(self) -> (i64, Self::Value);
}

impl<T: PgType + DeserializeOwned + Debug> Holds for Row<T> {
    type Value = T;

    fn into_parts(self) -> (i64, T) {
        (self.id, self.value)
    }
}

impl<T: DeserializeOwned + Debug> Holds for JsonRow<T> {
    type Value = T;

    fn into_parts(self) -> (i64, T) {
        (self.id, self.value)
    }
}

/// How one value gets into the table, and what becomes of its event.
#[derive(Debug)]
pub(crate) enum Entry<D> {
    /// Written by the driver over its binary protocol, and arrives.
    Arrives(D),
    /// Written as a literal, and arrives.
    LiteralArrives(&'static str),
    /// Written as a literal, and its event is refused.
    LiteralIsRefused(&'static str),
}

pub(crate) fn arrive<D>(values: impl IntoIterator<Item = D>) -> Vec<Entry<D>> {
    values.into_iter().map(Entry::Arrives).collect()
}

/// An entry of any type.
struct AnyEntry<'a> {
    /// A value that the driver writes, or else a literal.
    value: Result<&'a (dyn ToSql + Sync), &'static str>,
    is_refused: bool,
    shown: &'a dyn Debug,
}

impl<D: ToSql + Sync + Debug> Entry<D> {
    fn any(&self) -> AnyEntry<'_> {
        AnyEntry {
            value: match self {
                Self::Arrives(value) => Ok(value),
                Self::LiteralArrives(text) | Self::LiteralIsRefused(text) => Err(text),
            },
            is_refused: matches!(self, Self::LiteralIsRefused(_)),
            shown: self,
        }
    }
}

/// Each row's event, by the row's id: its value as `Debug` shows it, or the reason of its refusal.
pub(crate) type Shown = BTreeMap<i64, Result<String, String>>;

/// A struct whose table holds one value, as a value: what is the same for hundreds of structs is compiled once.
#[derive(Clone, Copy)]
pub(crate) struct Struct {
    table: &'static TableDesc,
    relay: fn(&[u8], i64) -> Result<Relayed, PayloadError>,
    /// The id and the value of a record.
    show: fn(&[u8]) -> (i64, String),
}

impl Struct {
    pub(crate) fn of<R: Holds>() -> Self {
        Self {
            table: &R::TABLE,
            relay: relay_lambda::relay::<Only<R>>,
            show: |data| {
                let (id, value) = decode::<R>(data);
                (id, format!("{value:?}"))
            },
        }
    }

    pub(crate) fn events(&self, calls: &[Call]) -> Shown {
        let mut found = Shown::new();
        let refused = each_record(calls, self.relay, &mut |data| {
            let (id, value) = (self.show)(data);
            found.insert(id, Ok(value));
        });
        found.extend(refused.into_iter().map(|(id, reason)| (id, Err(reason))));
        found
    }
}

/// The readers of a type's values.
struct Reading<'a> {
    of_struct: Struct,
    /// As the struct should hold what the driver reads.
    read: &'a dyn Fn(&tokio_postgres::Row) -> Result<String, tokio_postgres::Error>,
    /// The value that the driver reads.
    raw: &'a dyn Fn(&tokio_postgres::Row) -> String,
    /// The name of the type.
    value: &'static str,
}

/// Everything that a session can set which changes how values are written or read.
const HOSTILE: &str = "
    SET TimeZone = 'Asia/Kathmandu';
    SET DateStyle = 'SQL, DMY';
    SET IntervalStyle = 'sql_standard';
    SET bytea_output = 'escape';
    SET extra_float_digits = -15;
    SET standard_conforming_strings = off;
    SET array_nulls = off;
    SET transform_null_equals = on;
    SET quote_all_identifiers = on;
    SET xmlbinary = 'hex';
    SET lc_numeric = 'C';
    SET search_path = hostile, pg_catalog;
";

/// What such a search path finds before what is PostgreSQL's own.
const HOSTILE_SCHEMA: &str = "
    CREATE SCHEMA hostile;
    CREATE FUNCTION hostile.row_to_json(record) RETURNS json
        LANGUAGE plpgsql AS 'BEGIN RETURN ''{}''::json; END';
    CREATE FUNCTION hostile.to_json(anyelement) RETURNS json LANGUAGE sql AS 'SELECT ''0''::json';
    CREATE FUNCTION hostile.format(text, anyelement) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
    CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (false);
    GRANT USAGE ON SCHEMA hostile TO PUBLIC;
";

/// Those of the session that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settings {
    AsTheyCome,
    Hostile,
}

/// The way of the events out of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    /// In calls of a row's trigger.
    Row,
    /// In calls of a statement's trigger.
    Statement,
    /// From the table's queue, whose values a drain makes events of.
    Queue,
}

impl Capture {
    pub(crate) fn of(self, table: TableDesc) -> TableDesc {
        match self {
            Self::Row => table.with_level(Level::Row),
            Self::Statement => table.with_level(Level::Statement),
            Self::Queue => table
                .with_delivery(Delivery::Outbox)
                .with_on_failure(OnFailure::Warn)
                .with_level(Level::Statement),
        }
    }
}

pub(crate) struct Holder {
    pipeline: Pipeline,
    session: Client,
    capture: Capture,
    /// The part of an installation that is the same for all tables, as it was run last.
    shared: RefCell<String>,
}

impl Holder {
    pub(crate) async fn plain() -> Self {
        Self::start("UTF8", Settings::AsTheyCome, Capture::Row).await
    }

    pub(crate) async fn hostile() -> Self {
        Self::start("UTF8", Settings::Hostile, Capture::Queue).await
    }

    /// In a database of this encoding.
    pub(crate) async fn start(encoding: &str, settings: Settings, capture: Capture) -> Self {
        let pipeline = Pipeline::start_in(encoding).await;
        pipeline.run(HOSTILE_SCHEMA).await;
        let session = pipeline.session().await;
        if settings == Settings::Hostile {
            session
                .batch_execute(HOSTILE)
                .await
                .expect("a session may set all of this");
            // Its sign of the euro is one that another encoding may lack, and then nothing is made a `money` at all.
            let locale = "SET lc_monetary = 'de_DE.UTF-8'";
            if encoding == "UTF8" && session.batch_execute(locale).await.is_err() {
                println!("not tested: another lc_monetary, which this system has not");
            }
        }
        Self {
            pipeline,
            session,
            capture,
            shared: RefCell::default(),
        }
    }

    /// Statements of a superuser whose session is as it is.
    pub(crate) async fn run(&self, sql: &str) {
        self.pipeline.run(sql).await;
    }

    /// The same, for what this server may not know.
    pub(crate) async fn try_run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.pipeline.session().await.batch_execute(sql).await
    }

    /// The same type for the driver and the struct.
    pub(crate) async fn check<T>(&self, column: &str, entries: Vec<Entry<T>>)
    where
        T: PgType + DeserializeOwned + FromSqlOwned + ToSql + Sync + Debug,
    {
        self.check_as::<Row<T>, T>(column, entries, |value| value)
            .await;
    }

    /// `column` is the type of the column and of the parameter, with `NOT NULL` where the struct takes none. `into` makes
    /// what the struct should hold of what the driver reads.
    pub(crate) async fn check_as<R, D>(
        &self,
        column: &str,
        entries: Vec<Entry<D>>,
        into: impl Fn(D) -> R::Value,
    ) where
        R: Holds,
        D: FromSqlOwned + ToSql + Sync + Debug,
    {
        let entries: Vec<AnyEntry<'_>> = entries.iter().map(Entry::any).collect();
        self.compare(
            column,
            &entries,
            &Reading {
                of_struct: Struct::of::<R>(),
                read: &|row| Ok(format!("{:?}", into(row.try_get::<_, D>(1)?))),
                raw: &|row| format!("{:?}", row.try_get::<_, D>(1)),
                value: std::any::type_name::<R::Value>(),
            },
        )
        .await;
    }

    /// Not generic, as all that is called for hundreds of types.
    async fn compare(&self, column: &str, entries: &[AnyEntry<'_>], reading: &Reading<'_>) {
        let of_struct = reading.of_struct;
        self.make_table(of_struct, column).await;
        self.write(entries).await;
        let after = of_struct.events(&self.take_calls().await);
        let read = self
            .session
            .query("SELECT id, value FROM public.holder ORDER BY id", &[])
            .await
            .expect("the table is there");
        assert_eq!(read.len(), entries.len());
        self.execute("DELETE FROM public.holder").await;
        let before = of_struct.events(&self.take_calls().await);

        let mut mistakes = Vec::new();
        for (row, entry) in read.iter().zip(entries) {
            let id: i64 = row.get(0);
            for event in [&after, &before] {
                let event = event.get(&id);
                let right = match event {
                    Some(Ok(event)) if !entry.is_refused => {
                        // In all their digits: `==` takes -0 for 0, and 1.10 for 1.1.
                        (reading.read)(row).is_ok_and(|read| *event == read)
                    }
                    Some(Err(_)) => entry.is_refused,
                    _ => false,
                };
                if !right {
                    let read = (reading.raw)(row);
                    mistakes.push(format!("{:?}: read {read}, event {event:?}", entry.shown));
                }
            }
        }
        assert!(
            mistakes.is_empty(),
            "{column} into {}, {} of {}:\n{}",
            reading.value,
            mistakes.len(),
            2 * entries.len(),
            mistakes[..mistakes.len().min(10)].join("\n")
        );
    }

    /// For what a driver can't read: each literal arrives as this value.
    pub(crate) async fn check_literals<T>(&self, column: &str, literals: Vec<(&str, T)>)
    where
        T: PgType + DeserializeOwned + Debug,
    {
        self.check_literals_as::<Row<T>>(column, literals).await;
    }

    /// The same for a struct that says more of its column.
    pub(crate) async fn check_literals_as<R: Holds>(
        &self,
        column: &str,
        literals: Vec<(&str, R::Value)>,
    ) {
        let literals: Vec<(&str, String)> = literals
            .into_iter()
            .map(|(literal, value)| (literal, format!("{value:?}")))
            .collect();
        self.compare_literals(Struct::of::<R>(), column, &literals)
            .await;
    }

    async fn compare_literals(&self, of_struct: Struct, column: &str, literals: &[(&str, String)]) {
        self.make_table(of_struct, column).await;
        for (id, (literal, _)) in literals.iter().enumerate() {
            self.execute(&format!(
                "INSERT INTO public.holder VALUES ({id}, {literal})"
            ))
            .await;
        }
        let events = of_struct.events(&self.take_calls().await);
        assert_eq!(events.len(), literals.len());
        for ((literal, value), event) in literals.iter().zip(events.values()) {
            let event = event
                .as_ref()
                .unwrap_or_else(|reason| panic!("{literal} is refused: {reason}"));
            assert_eq!(event, value, "{literal}");
        }
    }

    /// For what neither has a type for: the event of each literal is refused.
    pub(crate) async fn check_refused<T>(&self, column: &str, literals: &[&'static str])
    where
        T: PgType + DeserializeOwned + Debug,
    {
        let entries = literals.iter().copied().map(Entry::LiteralIsRefused);
        self.check_as::<Row<T>, String>(column, entries.collect(), |value| {
            panic!("{value} was to be refused")
        })
        .await;
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The session that writes.
    pub(crate) fn session(&self) -> &Client {
        &self.session
    }

    /// The way of the events out of the table.
    pub(crate) fn capture(&self) -> Capture {
        self.capture
    }

    /// The calls since the last time.
    pub(crate) async fn take_calls(&self) -> Vec<Call> {
        if self.capture == Capture::Queue {
            self.pipeline.drain().await;
        }
        self.pipeline.take_calls()
    }

    /// As [`Pipeline::server_version`].
    pub(crate) async fn server_version(&self) -> i32 {
        self.pipeline.server_version().await
    }

    pub(crate) async fn make_table(&self, of_struct: Struct, column: &str) {
        self.run(&format!(
            "DROP TABLE IF EXISTS public.holder CASCADE;
            CREATE TABLE public.holder (id bigint PRIMARY KEY, value {column})"
        ))
        .await;
        let installation = installation(&[&self.capture.of(*of_struct.table)]);
        let own = installation
            .find("-- Every table must fit its struct")
            .expect("the installation checks the table");
        let (shared, own) = installation.split_at(own);
        // To make the same functions again for each of hundreds of columns would take most of the time.
        if *self.shared.borrow() == shared {
            self.pipeline.run(own).await;
        } else {
            self.pipeline.run_installation(&installation).await;
            self.shared.replace(shared.to_owned());
        }
    }

    /// In one COPY all that the driver can write, one by one the rest.
    async fn write(&self, entries: &[AnyEntry<'_>]) {
        let statement = self
            .session
            .prepare("INSERT INTO public.holder VALUES ($1, $2)")
            .await
            .expect("the table is there");
        let types: Vec<Type> = statement.params().iter().map(without_domain).collect();
        let sink = self
            .session
            .copy_in("COPY public.holder FROM STDIN WITH (FORMAT binary)")
            .await
            .expect("the table is there");
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        let mut literals = Vec::new();
        for (id, entry) in (0_i64..).zip(entries) {
            match entry.value {
                Ok(value) => writer
                    .as_mut()
                    .write(&[&id, value])
                    .await
                    .unwrap_or_else(|error| panic!("{error:?}")),
                Err(text) => {
                    literals.push(format!("INSERT INTO public.holder VALUES ({id}, {text})"));
                }
            }
        }
        writer
            .finish()
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        for literal in literals {
            self.execute(&literal).await;
        }
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.session
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

/// A domain's values are written as those of its base.
pub(crate) fn without_domain(ty: &Type) -> Type {
    match ty.kind() {
        Kind::Domain(base) => without_domain(base),
        _ => ty.clone(),
    }
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

/// What became of each row's event, by the row's id: its value, or why it was refused.
pub(crate) fn events<R: Holds>(calls: &[Call]) -> BTreeMap<i64, Result<R::Value, String>> {
    let mut found = BTreeMap::new();
    let refused = each_record(calls, relay_lambda::relay::<Only<R>>, &mut |data| {
        let (id, value) = decode::<R>(data);
        found.insert(id, Ok(value));
    });
    found.extend(refused.into_iter().map(|(id, reason)| (id, Err(reason))));
    found
}

fn decode<R: Holds>(data: &[u8]) -> (i64, R::Value) {
    let Only(change) = Only::<R>::decode(data).expect("the relay has read it too");
    let (ChangeEvent::Created(row) | ChangeEvent::Deleted(row)) = change.event else {
        panic!("rows are inserted and deleted only");
    };
    row.into_parts()
}

/// Hands on each record that the relay makes of these calls, and gives the ids of refused rows with the reasons.
fn each_record(
    calls: &[Call],
    relay: fn(&[u8], i64) -> Result<Relayed, PayloadError>,
    take: &mut dyn FnMut(&[u8]),
) -> Vec<(i64, String)> {
    let mut reasons = Vec::new();
    for call in calls {
        let relayed = relay(call.payload.as_bytes(), 0).expect("the database sends payloads");
        for record in &relayed.records {
            take(&record.data);
        }
        for refused in relayed.refused {
            let payload = call.payload();
            let event = payload
                .batches
                .iter()
                .flat_map(|batch| &batch.events)
                .find(|event| Some(event.seq) == refused.seq)
                .expect("what is refused was sent");
            let image = event.after.or(event.before).expect("no event is oversized");
            let Id { id } = serde_json::from_str(image.get()).expect("the image has its key");
            reasons.push((id, refused.reason));
        }
    }
    reasons
}

/// Makes two tests of each `async fn(&Holder)`: in a session as it comes, and in one that has set all it can. The levels
/// have an expression each.
macro_rules! in_every_session {
    ($($family:ident),+ $(,)?) => {
        $(mod $family {
            use crate::holder::Holder;

            #[tokio::test]
            async fn at_row_level() {
                super::$family(&Holder::plain().await).await;
            }

            #[tokio::test]
            async fn at_statement_level_under_hostile_settings() {
                super::$family(&Holder::hostile().await).await;
            }
        })+
    };
}
pub(crate) use in_every_session;
