//! The reference app's `local-pipeline`, as a developer runs it: the real binary, its lines, its end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pipeline_tests::{Pipeline, administrator, cluster, program};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/storefront/schema.sql");

/// How long a line may take to come, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| program("local-pipeline"));

/// A pipeline that runs, and ends with the value whatever the test says.
struct Running {
    child: Child,
    lines: Receiver<String>,
    /// Standard error, when it has ended.
    said: Option<thread::JoinHandle<String>>,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut child = Command::new(&*PROGRAM)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // A test that has failed no longer reads.
                sender.send(line).ok();
            }
        });
        let err = child.stderr.take().expect("it is piped");
        let said = thread::spawn(move || std::io::read_to_string(err).unwrap_or_default());
        Running {
            child,
            lines,
            said: Some(said),
        }
    }

    /// The next object of `--json`.
    fn object(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("a line comes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
    }

    /// The next objects of this type, which are the next lines.
    fn objects(&self, kind: &str, count: usize) -> Vec<Value> {
        let objects: Vec<Value> = (0..count).map(|_| self.object()).collect();
        for object in &objects {
            assert_eq!(object["type"], kind, "{object}");
        }
        objects
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process has an id");
        kill_process(pid, signal).expect("it is there until it has been waited for");
    }

    /// Waits for the end; gives the exit code, the lines that nobody has read, and what it said.
    fn ended(mut self) -> (ExitStatus, Vec<String>, String) {
        let status = self.child.wait().expect("it is a child");
        let said = self.said.take().expect("taken here only");
        let said = said.join().expect("reading does not panic");
        (status, self.lines.iter().collect(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is not there any more.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{address}: {error:?}"));
    tokio::spawn(connection);
    client
}

async fn text(client: &Client, sql: &str) -> Option<String> {
    let row = client.query_one(sql, &[]).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .get(0)
}

fn port_of(url: &Value) -> u16 {
    let url = url.as_str().expect("it is a text");
    let rest = url.split("127.0.0.1:").nth(1).expect("it is on loopback");
    let digits = rest.split('/').next().expect("split gives one");
    digits.parse().expect("a port is a number")
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

const CUSTOMER: &str =
    "INSERT INTO sales.customers (name, email) VALUES ('Ada', 'ada@example.com')";

const ORDER: &str = "INSERT INTO sales.orders (id, customer_id, total, shipping)
    VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 19.90, '{\"street\": \"1\", \"town\": \"London\"}')";

#[tokio::test]
async fn with_a_throwaway_postgresql() {
    let pipeline = Running::start(&["--json", "--shards", "3", "--schema", SCHEMA]);
    let started = pipeline.object();
    assert_eq!(started["type"], "started", "{started}");
    assert_eq!(started["shards"], 3);
    assert_eq!(started["tables"][0], "sales.customers");
    let url = started["databaseUrl"].as_str().expect("it is there");
    let database = connect(url).await;
    let folder = text(&database, "SHOW data_directory").await.expect("set");
    let lambda = text(
        &database,
        "SELECT substring(connection_string FROM 'port=(\\d+)') FROM aws_lambda_local.endpoint",
    )
    .await
    .and_then(|port| port.parse().ok())
    .expect("the stand-in knows its endpoint");

    // `async`, then `sync`: this one is in the stream before the statement returns.
    database.batch_execute(CUSTOMER).await.expect("a customer");
    let customer = pipeline.objects("record", 1).remove(0);
    assert_eq!(customer["partitionKey"], "1");
    assert_eq!(customer["data"]["after"]["name"], "Ada");
    database.batch_execute(ORDER).await.expect("an order");
    database
        .batch_execute("UPDATE sales.orders SET status = 'paid'")
        .await
        .expect("it is paid");
    let orders = pipeline.objects("record", 2);
    assert_eq!(orders[0]["data"]["op"], "c");
    assert_eq!(orders[1]["data"]["before"]["status"], "placed");
    assert_eq!(orders[1]["data"]["after"]["status"], "paid");
    assert_eq!(orders[0]["shard"], orders[1]["shard"]);
    assert!(orders[0]["sequenceNumber"].as_str() < orders[1]["sequenceNumber"].as_str());
    // `outbox`: the pipeline drains it.
    database
        .batch_execute("INSERT INTO sales.order_items SELECT id, 1, 'cup', 1 FROM sales.orders")
        .await
        .expect("a line of it");
    let line = pipeline.objects("record", 1).remove(0);
    assert_eq!(line["data"]["after"]["product"], "cup");
    // To every shard.
    database
        .batch_execute("TRUNCATE testing_rds_trigger")
        .await
        .expect("it is empty");
    pipeline.objects("record", 3);

    pipeline.signal(Signal::INT);
    let summary = pipeline.object();
    let (status, rest, said) = pipeline.ended();
    assert_eq!((status.code(), &*rest), (Some(0), &[][..]), "{said}");
    assert_eq!(summary["type"], "summary");
    assert_eq!(
        summary["tables"],
        json!({
            "public.testing_rds_trigger": {"truncate": 1},
            "sales.customers": {"insert": 1},
            "sales.order_items": {"insert": 1},
            "sales.orders": {"insert": 1, "update": 1},
        })
    );
    let numbers = ["changes", "records", "calls", "failed"].map(|name| &summary[name]);
    assert_eq!(numbers, [5, 7, 5, 0], "{summary}");
    assert_eq!(summary["refused"], json!({}));
    for latency in ["putMs", "writeToRecordMs"] {
        assert!(summary[latency]["p99"].is_number(), "{summary}");
    }
    for port in [
        port_of(&started["databaseUrl"]),
        port_of(&started["kinesisUrl"]),
        lambda,
    ] {
        assert!(!listens(port), "somebody listens on {port}");
    }
    assert!(!Path::new(&folder).exists(), "{folder} is there");
}

#[tokio::test]
async fn what_the_relay_refuses_is_told() {
    let pipeline = Running::start(&["--json", "--schema", SCHEMA]);
    let started = pipeline.object();
    let database = connect(started["databaseUrl"].as_str().expect("it is there")).await;
    // A `NaiveDate` has no infinity.
    database
        .batch_execute(
            "INSERT INTO testing_rds_trigger (id, dob) VALUES (1, 'infinity'), (2, '2020-02-02')",
        )
        .await
        .expect("nobody waits for the relay");
    let mut lines = [pipeline.object(), pipeline.object()];
    lines.sort_by_key(|line| line["type"].to_string());
    assert_eq!(lines[0]["data"]["key"], json!({"id": 2}), "{lines:?}");
    assert_eq!(lines[1]["type"], "refused", "{lines:?}");
    let reason = lines[1]["reason"].as_str().expect("it has a reason");
    assert!(reason.contains("dob"), "{reason}");
    assert_eq!(lines[1]["table"], "public.testing_rds_trigger", "{lines:?}");
    pipeline.signal(Signal::TERM);
    let summary = pipeline.object();
    let refused = format!("public.testing_rds_trigger: {reason}");
    assert_eq!(summary["refused"], json!({refused: 1}));
    assert_eq!(summary["failed"], 0);
    let (status, _, said) = pipeline.ended();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[tokio::test]
async fn with_a_database_that_is_there() {
    administrator()
        .await
        .batch_execute("CREATE DATABASE given")
        .await
        .expect("the name is new");
    let url = cluster().database_url("given");
    let database = connect(&url).await;
    let schema = fs::read_to_string(SCHEMA).expect("it is there");
    database.batch_execute(&schema).await.expect("it is empty");

    // For a person, this time.
    let pipeline = Running::start(&["--database-url", &url]);
    let until = |text: &str| {
        let mut all = String::new();
        while !all.contains(text) {
            let line = pipeline.lines.recv_timeout(PATIENCE);
            all.push_str(&line.unwrap_or_else(|error| panic!("{error}: {text} after {all}")));
            all.push('\n');
        }
        all
    };
    let head = until("Ctrl-C");
    assert!(
        head.contains("aws --endpoint-url http://127.0.0.1:"),
        "{head}"
    );

    let (_, second, said) = Running::start(&["--database-url", &url]).ended();
    assert_eq!(second, [""; 0]);
    assert!(said.contains("another local-pipeline"), "{said}");

    database.batch_execute(CUSTOMER).await.expect("a customer");
    database.batch_execute(ORDER).await.expect("an order");
    database
        .batch_execute("UPDATE sales.orders SET status = 'paid'")
        .await
        .expect("it is paid");
    let shown = until("\"placed\" → \"paid\"");
    assert!(shown.contains("insert    sales.customers  id=1"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "it is no terminal: {shown}");

    pipeline.signal(Signal::INT);
    let (status, rest, said) = pipeline.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    let summary = rest.join("\n");
    assert!(
        summary.contains("changes 3, records 3, refused 0, calls 3,"),
        "{summary}"
    );
    assert!(summary.contains("p99"), "{summary}");
    assert!(said.contains("emit-sql down"), "{said}");
    let function = "SELECT function_name FROM aurora_trigger.settings";
    assert_eq!(text(&database, function).await, None);
    // The triggers are there and call nobody, so that nothing waits for an endpoint that has gone.
    database.batch_execute(CUSTOMER).await.expect("a customer");
    database
        .batch_execute("UPDATE sales.orders SET status = 'shipped'")
        .await
        .expect("it is shipped");

    // What was configured before is configured again.
    database
        .batch_execute("SELECT aurora_trigger.configure('mine', 'eu-west-1')")
        .await
        .expect("it is installed");
    let endpoint = "SELECT connection_string FROM aws_lambda_local.endpoint";
    let before = text(&database, endpoint).await;
    let pipeline = Running::start(&["--json", "--database-url", &url]);
    assert_eq!(pipeline.object()["databaseUrl"], Value::Null);
    assert_ne!(text(&database, endpoint).await, before);
    pipeline.signal(Signal::INT);
    assert_eq!(pipeline.object()["type"], "summary");
    let (status, _, said) = pipeline.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(text(&database, function).await.as_deref(), Some("mine"));
    assert_eq!(text(&database, endpoint).await, before);
}

/// What fails there is rolled back as a whole: nothing stays that could be removed.
#[tokio::test]
async fn a_database_without_the_tables_is_left_as_it_was_and_so_it_is_told() {
    let pipeline = Pipeline::start().await;
    let url = cluster().database_url(pipeline.database());
    let said = refused(&["--database-url", &url]);
    assert!(said.contains("the triggers can't be installed"), "{said}");
    assert!(
        said.contains("the database has no triggers, since they were not installed"),
        "{said}"
    );
    assert!(!said.contains("the triggers stay"), "{said}");
    let database = pipeline.session().await;
    let found = "SELECT to_regnamespace('aurora_trigger')::text";
    assert_eq!(text(&database, found).await, None);
}

/// What it says where it can't start: nothing on standard output, exit code 2.
fn refused(arguments: &[&str]) -> String {
    let (status, lines, said) = Running::start(arguments).ended();
    assert_eq!(status.code(), Some(2), "{said}");
    assert_eq!(lines, [""; 0], "{said}");
    said
}

#[test]
fn usage_errors_say_what_is_wrong_and_what_to_do() {
    let said = refused(&[
        "--database-url",
        "shop",
        "--schema",
        "nowhere.sql",
        "--json",
    ]);
    assert_eq!(said.matches("error: ").count(), 2, "{said}");
    assert!(
        said.contains("postgres://user@127.0.0.1:5432/database"),
        "{said}"
    );
    assert!(said.contains("nowhere.sql can't be read"), "{said}");

    // Port 1 is for programs of root only, and none has it.
    let said = refused(&["--database-url", "postgres://me:secret@127.0.0.1:1/shop"]);
    assert!(said.contains("can't connect to 127.0.0.1:1/shop"), "{said}");
    assert!(said.contains("is the server running"), "{said}");
    assert!(!said.contains("secret"), "{said}");

    let said = refused(&["--shards", "0"]);
    assert!(said.contains("--shards"), "{said}");
}

#[test]
fn files_and_tables_that_do_not_fit_are_told_with_their_place() {
    let folder = tempfile::tempdir().expect("there is room");
    let broken = folder.path().join("broken.sql");
    fs::write(&broken, "CREATE TABLE a (id int);\n\nCREATE TABEL b ();\n").expect("there is room");
    let said = refused(&["--schema", broken.to_str().expect("UTF-8")]);
    assert!(
        said.contains("broken.sql:3: syntax error at or near \"TABEL\""),
        "{said}"
    );

    let said = refused(&[]);
    assert!(said.contains("the triggers can't be installed"), "{said}");
    assert!(said.contains("--schema FILE"), "{said}");
}
