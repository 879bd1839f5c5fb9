use pipeline_tests::cluster;
use tokio_postgres::NoTls;

use crate::operations::installed::Installed;
use crate::operations::program::{printed, program, refused};

const NONE: &str = "no table is streamed\n";

#[tokio::test]
async fn the_variables_of_libpq_say_what_the_url_does_not() {
    let installed = Installed::new().await;
    let port = cluster().port().to_string();
    let mut status = program(&["status"]);
    status
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", &port)
        .env("PGUSER", "postgres")
        .env("PGDATABASE", &installed.name);
    assert_eq!(printed(&mut status), NONE);
    // What the URL says counts.
    status
        .env("PGHOST", "db.invalid")
        .env("PGPORT", "1")
        .env("PGDATABASE", "nowhere")
        .args([
            "--database-url",
            &format!("host=127.0.0.1 port={port} dbname={}", installed.name),
        ]);
    assert_eq!(printed(&mut status), NONE);
    // All of it: a host of the variables is no second try.
    let mut elsewhere = program(&[
        "status",
        "--database-url",
        "host=127.0.0.1 port=1 dbname=shop",
    ]);
    let said = refused(elsewhere.env("PGHOST", "127.0.0.1").env("PGPORT", &port));
    assert!(
        said.contains("can't connect to 127.0.0.1:1/shop: "),
        "{said}"
    );
}

#[tokio::test]
async fn without_a_host_or_with_a_port_that_is_none_nothing_is_tried() {
    for arguments in [
        &["status"][..],
        &["status", "--database-url", "dbname=shop"],
    ] {
        let said = refused(program(arguments).env("PGHOST", ""));
        assert!(said.contains("give --database-url or set PGHOST"), "{said}");
        assert!(
            said.contains("postgres://user@host:5432/database"),
            "{said}"
        );
    }
    let said = refused(
        program(&["status"])
            .env("PGHOST", "h")
            .env("PGPORT", "5432x"),
    );
    assert!(said.contains("PGPORT is \"5432x\""), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address_and_no_password() {
    // Port 1 is for programs of root only, and none has it.
    for arguments in [&["status"][..], &["drain"], &["drain", "--once"]] {
        let said = refused(
            program(arguments).args(["--database-url", "postgres://me:hush@127.0.0.1:1/shop"]),
        );
        assert!(
            said.starts_with("error: can't connect to 127.0.0.1:1/shop: "),
            "{said}"
        );
        assert!(said.contains("is the server running"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
    let said = refused(&mut program(&[
        "status",
        "--database-url",
        "postgres://me:hu@sh@127.0.0.1:1/shop",
    ]));
    assert!(said.contains("%40"), "{said}");
    assert!(!said.contains("sh@") && !said.contains("hu"), "{said}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = silent.local_addr().expect("it is bound").port();
    let url = format!("postgres://me@127.0.0.1:{port}/shop?connect_timeout=1");
    let said = refused(&mut program(&["status", "--database-url", &url]));
    assert!(said.contains("it does not answer within 1 s"), "{said}");
}

#[tokio::test]
async fn a_socket_needs_no_tls_whatever_the_mode() {
    let installed = Installed::new().await;
    let row = installed
        .client
        .query_one("SHOW unix_socket_directories", &[]);
    let folder: String = row.await.expect("it is a setting").get(0);
    let port = cluster().port();
    let database = format!(
        "host={folder} port={port} user=postgres dbname={}",
        installed.name
    );
    if tokio_postgres::connect(&database, NoTls).await.is_err() {
        panic!("the socket is in {folder}");
    }
    for mode in ["", "sslmode=prefer", "sslmode=require"] {
        let database = format!("{database} {mode}");
        let mut status = program(&["status", "--database-url", &database]);
        assert_eq!(printed(&mut status), NONE, "{mode}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    let installed = Installed::new().await;
    let url = installed.url();
    for mode in ["disable", "prefer"] {
        let url = format!("{url}?sslmode={mode}");
        assert_eq!(
            printed(&mut program(&["status", "--database-url", &url])),
            NONE
        );
    }
    let said = refused(program(&["status", "--database-url", &url]).env("PGSSLMODE", "require"));
    assert!(said.contains("server does not support TLS"), "{said}");
    let url = format!("{url}?sslmode=allow");
    let said = refused(&mut program(&["status", "--database-url", &url]));
    assert!(
        said.contains("there is no sslmode \"allow\" here"),
        "{said}"
    );
    assert!(said.contains("verify-full"), "{said}");
}
