use crate::operations::installed::Installed;
use crate::operations::program::{program, refused};

/// One of each command, and what it needs.
const COMMANDS: [(&[&str], &str); 9] = [
    (&["status"], "aurora_trigger.capture_status"),
    (&["drain"], "aurora_trigger.drain()"),
    (&["drain", "--once"], "aurora_trigger.drain()"),
    (&["pause"], "aurora_trigger.pause(regclass)"),
    (&["resume"], "aurora_trigger.resume(regclass)"),
    (&["redrive"], "aurora_trigger.redrive(regclass, bigint)"),
    (
        &["purge", "--all"],
        "aurora_trigger.purge(regclass, bigint, boolean)",
    ),
    (
        &["down", "--table", "sales.orders"],
        "aurora_trigger.stop_capture(text)",
    ),
    (&["new-epoch"], "aurora_trigger.new_epoch()"),
];

#[tokio::test]
async fn a_database_without_it_is_refused_with_what_to_do() {
    let empty = Installed::empty().await;
    for (arguments, _) in COMMANDS {
        let said = refused(program(arguments).args(["--database-url", &empty.url()]));
        assert!(
            said.starts_with("error: aurora_trigger is not installed in 127.0.0.1:"),
            "{said}"
        );
        assert!(said.contains(&format!("/{}: ", empty.name)), "{said}");
        assert!(said.contains("emit-sql"), "{said}");
    }
}

#[tokio::test]
async fn an_older_version_is_refused_with_what_it_lacks() {
    let older = Installed::empty().await;
    older.run("CREATE SCHEMA aurora_trigger").await;
    for (arguments, needs) in COMMANDS {
        let said = refused(program(arguments).args(["--database-url", &older.url()]));
        assert!(said.contains("is of another version"), "{said}");
        assert!(said.contains(&format!("it has no {needs};")), "{said}");
        assert!(said.contains("emit-sql"), "{said}");
    }
}

#[tokio::test]
async fn a_view_that_lacks_a_column_is_of_another_version() {
    let older = Installed::new().await;
    older
        .run("ALTER TABLE aurora_trigger.status RENAME COLUMN refused TO rejected")
        .await;
    let said = refused(&mut program(&["status", "--database-url", &older.url()]));
    assert!(said.contains("is of another version"), "{said}");
    assert!(said.contains("refused"), "{said}");
}

#[tokio::test]
async fn a_role_without_the_right_is_told_which_has_it() {
    let installed = Installed::new().await;
    installed.run("CREATE ROLE clerk LOGIN").await;
    let url = installed.url().replace("postgres@", "clerk@");
    let said = refused(&mut program(&["pause", "--database-url", &url]));
    assert!(
        said.contains("permission denied for schema aurora_trigger"),
        "{said}"
    );
    for way in [
        "as a superuser",
        "pg_monitor for status",
        "aurora_trigger_drain for status and drain",
        "aurora_trigger for all commands",
    ] {
        assert!(said.contains(way), "{said}");
    }
}
