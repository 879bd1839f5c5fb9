//! `pg_dump` and what restores it, in the ways in which people do: after each the installation file, a write and a drain
//! give a stream whose replay is the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Call, cluster, events_in, installation};
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use serde::Deserialize;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::{number, run};

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "app.a", delivery = "outbox")]
struct Row {
    #[stream(key)]
    id: i64,
    v: Option<String>,
    n: Option<i32>,
}

type Rows = BTreeMap<i64, Row>;

/// What a consumer makes of the events.
fn replay(rows: &mut Rows, events: Vec<ChangeEvent<Row>>) {
    for event in events {
        match event {
            ChangeEvent::Created(row) | ChangeEvent::Updated { after: row, .. } => {
                rows.insert(row.id, *row);
            }
            ChangeEvent::Deleted(row) => {
                rows.remove(&row.id);
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn table(session: &Client) -> Rows {
    let rows = session
        .query("SELECT id, v, n FROM app.a", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    rows.iter()
        .map(|row| Row {
            id: row.get(0),
            v: row.get(1),
            n: row.get(2),
        })
        .map(|row| (row.id, row))
        .collect()
}

/// A server that the programs of the PATH can dump: `pg_dump` reads its own version and older ones.
enum Source {
    Shared,
    Own(PostgresCluster),
}

impl Source {
    async fn find() -> Option<Self> {
        let output = Command::new("pg_dump")
            .arg("--version")
            .output()
            .expect("pg_dump is installed");
        let text = String::from_utf8(output.stdout).expect("it is ASCII");
        let programs: i64 = text
            .split_whitespace()
            .nth(2)
            .and_then(|version| version.split('.').next())
            .and_then(|major| major.parse().ok())
            .unwrap_or_else(|| panic!("{text}"));
        let session = pipeline_tests::administrator().await;
        let server = number(
            &session,
            "SELECT current_setting('server_version_num')::bigint / 10000",
        )
        .await;
        if server <= programs {
            return Some(Self::Shared);
        }
        // Into a newer version.
        let folder = PathBuf::from(format!("/usr/lib/postgresql/{programs}/bin"));
        folder.join("initdb").exists().then(|| {
            Self::Own(
                PostgresCluster::builder()
                    .programs(folder)
                    .start()
                    .expect("it starts"),
            )
        })
    }

    fn cluster(&self) -> &PostgresCluster {
        match self {
            Self::Shared => cluster(),
            Self::Own(cluster) => cluster,
        }
    }
}

/// A database with an endpoint, on any cluster.
struct Database<'a> {
    cluster: &'a PostgresCluster,
    name: String,
    session: Client,
    calls: Arc<Mutex<Vec<Call>>>,
    _endpoint: LambdaEndpoint,
}

impl<'a> Database<'a> {
    async fn create(cluster: &'a PostgresCluster, name: &str) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&calls);
        let endpoint = LambdaEndpoint::start(move |invocation| {
            let call = Call {
                invocation_type: invocation.invocation_type,
                payload: invocation.payload.clone(),
            };
            let events: usize = call.payload().batches.iter().map(|b| b.events.len()).sum();
            received
                .lock()
                .expect("no test panics while it holds the lock")
                .push(call);
            Ok(format!(r#"{{"accepted":{events},"refused":[]}}"#))
        })
        .expect("a port is free");
        let administrator = connect(cluster, "postgres").await;
        run(&administrator, &format!("CREATE DATABASE {name}")).await;
        let session = connect(cluster, name).await;
        run(&session, &endpoint.extension_sql()).await;
        Self {
            cluster,
            name: name.to_owned(),
            session,
            calls,
            _endpoint: endpoint,
        }
    }

    async fn drain(&self) -> Vec<ChangeEvent<Row>> {
        run(&self.session, "CALL aurora_trigger.drain_all()").await;
        let calls = std::mem::take(&mut *self.calls.lock().expect("the endpoint does not panic"));
        events_in(&calls)
    }

    /// Runs a program of PostgreSQL's on it.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .arg("--dbname")
            .arg(self.cluster.connection_string(&self.name))
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    /// The same, for what must go well.
    fn run_well(&self, program: &str, arguments: &[&str]) {
        let output = self.run(program, arguments);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Runs the installation file as it says at its top.
    fn install(&self, folder: &TempDir) -> String {
        let file = folder.path().join("install.sql");
        fs::write(&file, installation(&[&Row::TABLE])).expect("the folder is ours");
        let file = file.to_str().expect("it is UTF-8");
        let output = self.run(
            "psql",
            &[
                "--no-psqlrc",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "--single-transaction",
                "-f",
                file,
            ],
        );
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }
}

async fn connect(cluster: &PostgresCluster, database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster.connection_string(database), NoTls)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    tokio::spawn(connection);
    client
}

const SCHEMA: &str =
    "CREATE SCHEMA app; CREATE TABLE app.a (id bigint PRIMARY KEY, v text, n integer);";

const WRITES: &str = "
    INSERT INTO app.a SELECT n, 'new', n FROM generate_series(101, 110) AS n;
    UPDATE app.a SET n = n + 1000 WHERE id % 2 = 0;
    DELETE FROM app.a WHERE id % 5 = 0;
";

/// Dumps with these options, restores with these, and goes on there.
struct Way {
    dump: &'static [&'static str],
    /// None: with psql.
    restore: Option<&'static [&'static str]>,
    /// What is there before.
    before: Before,
    has_data: bool,
    /// To a superuser, who restored it.
    changes_owner: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Installation,
    InstallationAndData,
}

const PLAIN: Way = Way {
    dump: &[],
    restore: None,
    before: Before::Nothing,
    has_data: true,
    changes_owner: false,
};

/// With something in the outbox that is not sent yet, and much that is.
async fn source<'a>(
    cluster: &'a PostgresCluster,
    name: &str,
    folder: &TempDir,
) -> (Database<'a>, Rows) {
    let source = Database::create(cluster, name).await;
    run(&source.session, SCHEMA).await;
    source.install(folder);
    run(
        &source.session,
        "INSERT INTO app.a SELECT n, 'old', n FROM generate_series(1, 20) AS n; UPDATE app.a SET n = -n WHERE id > 10",
    )
    .await;
    let mut sent = Rows::new();
    replay(&mut sent, source.drain().await);
    run(
        &source.session,
        "UPDATE app.a SET v = 'later' WHERE id < 5; DELETE FROM app.a WHERE id = 7; INSERT INTO app.a VALUES (21, 'z', 0)",
    )
    .await;
    (source, sent)
}

async fn goes_on_after(way: &Way, name: &str) {
    let Some(found) = Source::find().await else {
        println!("not tested: there is no server that pg_dump reads");
        return;
    };
    goes_on_in(way, name, &found, cluster()).await;
}

async fn goes_on_in(way: &Way, name: &str, found: &Source, target: &PostgresCluster) {
    let folder = TempDir::new().expect("there is room");
    let (source, mut sent) = source(found.cluster(), &format!("{name}_source"), &folder).await;
    let target = Database::create(target, &format!("{name}_target")).await;
    if way.before != Before::Nothing {
        run(&target.session, SCHEMA).await;
        target.install(&folder);
    }
    if way.before == Before::InstallationAndData {
        run(
            &target.session,
            "INSERT INTO app.a VALUES (1, 'of before', 1)",
        )
        .await;
    }
    let file = folder.path().join("dump");
    let file = file.to_str().expect("it is UTF-8");
    // The stand-in is no extension, so a dump would hold it.
    let mut arguments = vec!["-N", "aws_*", "-f", file];
    arguments.extend(way.dump);
    source.run_well("pg_dump", &arguments);
    // What does not exist on the target, as a role or a setting, is an error that restores go on after.
    match way.restore {
        None => {
            target.run_well("psql", &["--no-psqlrc", "-q", "-f", file]);
        }
        Some(options) => {
            let mut arguments = options.to_vec();
            arguments.push(file);
            target.run("pg_restore", &arguments);
        }
    }
    if way.changes_owner {
        // Nobody has noticed yet whose rights the functions have.
        let refused =
            pipeline_tests::error_of(&target.session, "SELECT aurora_trigger.drain()").await;
        assert!(
            refused.message().contains("belong to postgres"),
            "{refused:?}"
        );
    }
    let said = target.install(&folder);
    assert_eq!(
        said.contains("belonged to postgres, and belong to the role aurora_trigger now"),
        way.changes_owner,
        "{said}"
    );
    run(&target.session, "SELECT aurora_trigger.new_epoch()").await;
    assert_eq!(
        number(&target.session, "SELECT count(*) FROM app.a").await > 0,
        way.has_data
    );
    run(&target.session, WRITES).await;
    if !way.has_data {
        sent.clear();
    }
    replay(&mut sent, target.drain().await);
    assert_eq!(sent, table(&target.session).await);
    assert_eq!(
        number(
            &target.session,
            "SELECT count(*) FROM aurora_trigger.waiting"
        )
        .await,
        0
    );
    let foreign = number(
        &target.session,
        "SELECT count(*)
         FROM (
             SELECT relowner FROM pg_class WHERE relnamespace = 'aurora_trigger'::regnamespace
             UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'aurora_trigger'::regnamespace
             UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'aurora_trigger'
         ) AS held (owner)
         WHERE owner <> 'aurora_trigger'::regrole",
    )
    .await;
    assert_eq!(foreign, 0);
    for database in [source, target] {
        let Database {
            cluster,
            name,
            session,
            ..
        } = database;
        drop(session);
        // Hundreds of databases would take gigabytes. One whose session still ends stays.
        connect(cluster, "postgres")
            .await
            .batch_execute(&format!("DROP DATABASE {name}"))
            .await
            .ok();
    }
}

#[tokio::test]
async fn it_goes_on_after_a_plain_dump() {
    goes_on_after(&PLAIN, "plain").await;
}

#[tokio::test]
async fn it_goes_on_after_a_parallel_restore() {
    let way = Way {
        dump: &["-Fc"],
        restore: Some(&["-j2"]),
        ..PLAIN
    };
    goes_on_after(&way, "parallel").await;
}

#[tokio::test]
async fn it_goes_on_after_a_dump_of_the_schema() {
    let way = Way {
        dump: &["--schema-only"],
        has_data: false,
        ..PLAIN
    };
    goes_on_after(&way, "schema_only").await;
}

/// Into an installation, whose settings and lanes are there already; the triggers capture what is restored.
#[tokio::test]
async fn it_goes_on_after_a_dump_of_the_data() {
    let way = Way {
        dump: &["--data-only"],
        before: Before::Installation,
        ..PLAIN
    };
    goes_on_after(&way, "data_only").await;
}

#[tokio::test]
async fn it_goes_on_after_a_restore_without_owners() {
    let way = Way {
        dump: &["--no-owner"],
        changes_owner: true,
        ..PLAIN
    };
    goes_on_after(&way, "no_owner").await;
    let way = Way {
        dump: &["-Fc"],
        restore: Some(&["--no-owner", "--no-acl", "-j2"]),
        ..way
    };
    goes_on_after(&way, "no_owner_no_acl").await;
}

#[tokio::test]
async fn it_goes_on_after_a_restore_without_rights() {
    let way = Way {
        dump: &["--no-acl"],
        ..PLAIN
    };
    goes_on_after(&way, "no_acl").await;
}

#[tokio::test]
async fn it_goes_on_after_a_restore_over_an_installation() {
    let way = Way {
        dump: &["--clean", "--if-exists"],
        before: Before::InstallationAndData,
        ..PLAIN
    };
    goes_on_after(&way, "clean").await;
}

#[tokio::test]
async fn it_goes_on_after_a_restore_where_the_role_is_missing() {
    let Some(found) = Source::find().await else {
        println!("not tested: there is no server that pg_dump reads");
        return;
    };
    let target = PostgresCluster::start().expect("PostgreSQL is installed");
    let way = Way {
        changes_owner: true,
        ..PLAIN
    };
    goes_on_in(&way, "no_role", &found, &target).await;
}

/// The other way round than where the server under test is the newer one: then every test here goes into it.
#[tokio::test]
async fn it_goes_on_after_a_restore_into_another_version() {
    let Some(found) = Source::find().await else {
        println!("not tested: there is no server that pg_dump reads");
        return;
    };
    let folder = PathBuf::from("/usr/lib/postgresql");
    let own = number(
        &connect(found.cluster(), "postgres").await,
        "SELECT current_setting('server_version_num')::bigint / 10000",
    )
    .await;
    let newer = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let version = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            version.is_some_and(|version: i64| version > own)
        })
        .map(|entry| entry.path().join("bin"))
        .find(|bin| bin.join("initdb").exists());
    match (newer, &found) {
        (Some(programs), _) => {
            let target = PostgresCluster::builder()
                .programs(programs)
                .start()
                .expect("it starts");
            let way = Way {
                changes_owner: true,
                ..PLAIN
            };
            goes_on_in(&way, "newer", &found, &target).await;
        }
        (None, Source::Own(_)) => goes_on_in(&PLAIN, "older", &found, cluster()).await,
        (None, Source::Shared) => println!("not tested: there is one version here"),
    }
}
