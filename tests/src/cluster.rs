use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use aurora_trigger_gen::local_extension;
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use tokio::runtime::Builder;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Connection, NoTls, Socket};

use crate::statements::statements;

/// The database that new ones are copied from: empty but for the stand-in for `aws_lambda`.
const TEMPLATE: &str = "with_stand_in";

/// The PostgreSQL of this test binary.
///
/// It has the roles of an installation, which have something outside of every test's database. So no removal in a test
/// drops them under the other tests.
///
/// # Panics
///
/// If PostgreSQL is not installed, or does not start.
pub fn cluster() -> &'static PostgresCluster {
    static CLUSTER: LazyLock<PostgresCluster> = LazyLock::new(|| {
        let cluster = PostgresCluster::builder()
            .setting("max_prepared_transactions", "10")
            .setting("max_connections", "300")
            // Thousands of sessions come and go, and each maps all of it.
            .setting("shared_buffers", "32MB")
            .start()
            .expect("PostgreSQL is installed");
        wait_for(prepare(&cluster));
        cluster
    });
    &CLUSTER
}

/// The databases of tests that have ended.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Has a database dropped when the next one is created, and its test's sessions are gone: hundreds of them take
/// gigabytes.
pub fn drop_later(database: &str) {
    if let Ok(mut ended) = ENDED.lock() {
        ended.push(database.to_owned());
    }
}

/// Creates a database with the stand-in for `aws_lambda`, whose calls reach the endpoint.
///
/// # Panics
///
/// With the server's message, if the name is taken.
pub async fn create_database(name: &str, endpoint: &LambdaEndpoint) {
    copy_template(name).await;
    run(&connect(name, "postgres").await, &name_endpoint(endpoint)).await;
}

/// The same with this SQL and an installation, which run once: each further database of a test binary is a copy.
///
/// # Panics
///
/// With the server's message, if the name is taken, or one of them fails.
pub async fn create_installed_database(
    name: &str,
    endpoint: &LambdaEndpoint,
    sql: &str,
    installation: &str,
) {
    copy_installed(name, sql, installation).await;
    run(&connect(name, "postgres").await, &name_endpoint(endpoint)).await;
}

/// Creates a database with the stand-in for `aws_lambda`, which calls no endpoint yet.
pub(crate) async fn copy_template(name: &str) {
    copy(TEMPLATE, name).await;
}

/// Creates a database like [`copy_template`], in which both have run.
pub(crate) async fn copy_installed(name: &str, schema: &str, installation: &str) {
    static INSTALLED: LazyLock<Mutex<HashMap<String, Arc<OnceCell<String>>>>> =
        LazyLock::new(Mutex::default);
    let template = Arc::clone(
        INSTALLED
            .lock()
            .expect("nobody panics with the lock")
            .entry(format!("{schema}\n{installation}"))
            .or_default(),
    );
    let template = template
        .get_or_init(|| installed_template(schema, installation))
        .await;
    copy(template, name).await;
}

async fn copy(template: &str, name: &str) {
    let administrator = administrator().await;
    let ended = std::mem::take(&mut *ENDED.lock().expect("nobody panics with the lock"));
    for database in ended {
        // One that is still in use stays.
        let drop = format!("DROP DATABASE {database}");
        administrator.batch_execute(&drop).await.ok();
    }
    // Unless it is told otherwise, the server copies by way of its log. Where nothing waits for a disk, a copy of the files
    // takes half as long, and the first session finds its cache in it.
    let strategy = if version(&administrator).await >= 150_000 {
        " STRATEGY FILE_COPY"
    } else {
        ""
    };
    let creation = format!("CREATE DATABASE {name} TEMPLATE {template}{strategy}");
    run(&administrator, &creation).await;
}

/// The statement by which the stand-in of a database calls this endpoint.
pub(crate) fn name_endpoint(endpoint: &LambdaEndpoint) -> String {
    let extension = endpoint.extension_sql();
    // The last one; the template has the rest.
    statements(&extension)
        .pop()
        .expect("it has statements")
        .to_owned()
}

/// A session of the superuser in no database of a test: for roles, which are the whole cluster's.
pub async fn administrator() -> Client {
    connect("postgres", "postgres").await
}

pub(crate) async fn connect(database: &str, role: &str) -> Client {
    let (client, ()) = open(cluster(), database, role, spawn).await;
    client
}

/// Opens a session and hands its connection to `drive`.
pub(crate) async fn open<T>(
    cluster: &PostgresCluster,
    database: &str,
    role: &str,
    drive: impl FnOnce(Connection<Socket, NoTlsStream>) -> T,
) -> (Client, T) {
    // Of two users the last one counts.
    let address = format!("{} user={role}", cluster.connection_string(database));
    let (client, connection) = tokio_postgres::connect(&address, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{role} can't connect to {database}: {error:?}"));
    (client, drive(connection))
}

fn spawn(connection: Connection<Socket, NoTlsStream>) {
    tokio::spawn(connection);
}

async fn run(client: &Client, sql: &str) {
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
}

/// Makes the role and the template.
async fn prepare(cluster: &PostgresCluster) {
    let (session, ()) = open(cluster, "postgres", "postgres", spawn).await;
    run(
        &session,
        "CREATE ROLE aurora_trigger NOLOGIN;
         CREATE ROLE aurora_trigger_drain NOLOGIN;
         CREATE SCHEMA kept AUTHORIZATION aurora_trigger;
         GRANT USAGE ON SCHEMA kept TO aurora_trigger_drain;",
    )
    .await;
    run(&session, &format!("CREATE DATABASE {TEMPLATE}")).await;
    let (session, connection) = open(cluster, TEMPLATE, "postgres", tokio::spawn).await;
    run(&session, &local_extension::sql("no endpoint yet")).await;
    leave_template(session, connection).await;
}

/// Makes a template in which both have run, and returns its name.
async fn installed_template(schema: &str, installation: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = format!("template_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
    copy_template(&name).await;
    let (session, connection) = open(cluster(), &name, "postgres", tokio::spawn).await;
    run(&session, schema).await;
    install(&session, installation).await;
    leave_template(session, connection).await;
    name
}

/// A template that somebody is connected to can't be copied.
async fn leave_template(
    session: Client,
    connection: JoinHandle<Result<(), tokio_postgres::Error>>,
) {
    drop(session);
    connection.await.expect("it does not panic").ok();
}

/// Runs an installation. Where it needs a key for masks and the server makes none, as those before 13, it is given one in
/// the way that its hint says.
pub(crate) async fn install(session: &Client, installation: &str) {
    if installation.contains("aurora_trigger.keyed_hash(") && version(session).await < 130_000 {
        for statement in statements(installation) {
            if session.batch_execute(statement).await.is_err() {
                break;
            }
        }
        run(session, "DISCARD ALL").await;
        let key = "SELECT aurora_trigger.set_mask_key(decode(repeat('a7', 32), 'hex'))";
        run(session, key).await;
    }
    run(session, installation).await;
}

/// The server's version as a number: 150018 for 15.18.
pub(crate) async fn version(session: &Client) -> i32 {
    session
        .query_one("SELECT current_setting('server_version_num')::integer", &[])
        .await
        .expect("it is a number")
        .get(0)
}

/// Runs the future to its end on a thread with a runtime of its own: the caller may be inside of one.
fn wait_for(future: impl Future<Output = ()> + Send) {
    thread::scope(|scope| {
        scope.spawn(|| {
            Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the operating system has the resources")
                .block_on(future);
        });
    });
}
