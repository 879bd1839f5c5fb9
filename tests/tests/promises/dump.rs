//! The database is dumped, or moves into what a dump is restored to, while the application writes.

use std::process::{Command, Stdio};

use pipeline_tests::installation;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;

use crate::shop::{LONG, LOOK, Shop, number, run};

/// How often it is dumped.
const DUMPS: usize = 3;

/// Dumps the database while it is written to.
pub(crate) async fn dump(shop: &Shop) {
    if !is_readable(shop).await {
        println!("not tested: pg_dump while events are written, which reads no newer server");
        return;
    }
    let address = shop.connection_string();
    let dumps = spawn_blocking(move || {
        for _ in 0..DUMPS {
            dumped(&address);
        }
    });
    dumps.await.expect("it does not panic");
}

/// Dumps the database and restores it, as the page on operations says, while nobody gets to it. The copy has its name, so
/// that the application and the drains go on with the copy.
pub(crate) async fn move_into_copy(shop: &Shop) {
    if !is_readable(shop).await {
        println!("not tested: a restored dump, since pg_dump reads no newer server");
        return;
    }
    let name = shop.database();
    let (source, copy) = (format!("{name}_source"), format!("{name}_copy"));
    let administrator = shop.administrator().await;
    run(
        &administrator,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
    )
    .await;
    rename(shop, name, &source).await;
    run(
        &administrator,
        &format!("ALTER DATABASE {source} ALLOW_CONNECTIONS true"),
    )
    .await;
    run(&administrator, &format!("CREATE DATABASE {copy}")).await;
    let (from, to) = (
        shop.connection_string_of(&source),
        shop.connection_string_of(&copy),
    );
    spawn_blocking(move || restore(dumped(&from), &to))
        .await
        .expect("it does not panic");
    let session = shop.session_in(&copy).await;
    run(&session, &installation(&shop.mode.tables())).await;
    run(&session, "SELECT aurora_trigger.new_epoch()").await;
    drop(session);
    rename(shop, &copy, name).await;
}

/// Gives a database another name when all sessions in it have ended, which it ends.
async fn rename(shop: &Shop, from: &str, to: &str) {
    let administrator = shop.administrator().await;
    let renamed = async {
        let terminate = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'"
        );
        let rename = format!("ALTER DATABASE {from} RENAME TO {to}");
        loop {
            run(&administrator, &terminate).await;
            match administrator.batch_execute(&rename).await {
                Ok(()) => return,
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => sleep(LOOK).await,
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    timeout(LONG, renamed).await.expect("all sessions end");
}

/// What `pg_dump` writes of a database.
fn dumped(address: &str) -> Vec<u8> {
    let dump = Command::new("pg_dump").arg(address).output();
    let dump = dump.expect("it runs");
    assert!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    dump.stdout
}

fn restore(dump: Vec<u8>, address: &str) {
    let mut psql = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"])
        .args(["-f", "-", "-d", address])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql is installed");
    let mut input = psql.stdin.take().expect("it is piped");
    // psql can say more than a pipe holds before it has read everything.
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, &dump));
    let output = psql.wait_with_output().expect("it ends");
    writer.join().expect("writing does not panic").ok();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether the `pg_dump` of the PATH reads the shop's server: it reads its own version and older ones.
pub(crate) async fn is_readable(shop: &Shop) -> bool {
    let server = number(
        &shop.administrator().await,
        "SELECT current_setting('server_version_num')::bigint / 10000",
    )
    .await;
    let version = Command::new("pg_dump").arg("--version").output();
    let version = String::from_utf8(version.expect("pg_dump is installed").stdout);
    let version = version.expect("it is a text");
    let major = version
        .split([' ', '.'])
        .find_map(|word| word.parse::<i64>().ok());
    major >= Some(server)
}
