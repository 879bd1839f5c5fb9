use serde_json::json;

use crate::operations::installed::Installed;
use crate::operations::program::{object, printed, program, refused};

#[tokio::test]
async fn a_table_is_named_as_in_sql_and_all_without_a_name() {
    let installed = Installed::new().await;
    let url = installed.url();
    for (arguments, expected, asked) in [
        (&["pause"][..], "3 tables paused\n", "pause(NULL)"),
        (
            &["pause", "--table", "sales.orders"],
            "1 table paused\n",
            "pause(sales.orders)",
        ),
        (
            &["pause", "--table", r#"sales."Odd.Name""#],
            "1 table paused\n",
            r#"pause(sales."Odd.Name")"#,
        ),
        (&["resume"], "3 tables resumed\n", "resume(NULL)"),
        (
            &["resume", "--table", "Sales.ORDERS"],
            "1 table resumed\n",
            "resume(sales.orders)",
        ),
    ] {
        let printed = printed(program(arguments).args(["--database-url", &url]));
        assert_eq!(printed, expected, "{arguments:?}");
        assert_eq!(installed.asked().await, [asked], "{arguments:?}");
    }
}

#[tokio::test]
async fn the_capture_of_a_table_is_ended_by_its_name() {
    let installed = Installed::new().await;
    let url = installed.url();
    let down = |table: &str| program(&["down", "--database-url", &url, "--table", table]);
    assert_eq!(
        printed(&mut down(r#"sales."Odd.Name""#)),
        "sales.\"Odd.Name\" is no longer captured\n"
    );
    assert_eq!(
        printed(&mut down("sales.orders")),
        "sales.orders is no longer captured, and 7 events of it wait in the outbox: drain, then run this again to \
         remove its registration\n"
    );
    assert_eq!(
        object(down("sales.orders").args(["--format", "json"])),
        json!({"removed": "sales.orders", "pending": 7})
    );
    assert_eq!(
        installed.asked().await,
        [
            r#"stop_capture(sales."Odd.Name")"#,
            "stop_capture(sales.orders)",
            "stop_capture(sales.orders)"
        ]
    );
    let said = refused(&mut program(&["down", "--database-url", &url]));
    assert!(said.contains("--table <TABLE>"), "{said}");
}

#[tokio::test]
async fn a_script_gets_an_object() {
    let installed = Installed::new().await;
    let url = installed.url();
    let of = |arguments: &[&str]| {
        object(program(arguments).args(["--format", "json", "--database-url", &url]))
    };
    assert_eq!(of(&["pause"]), json!({"paused": 3}));
    assert_eq!(
        of(&["resume", "--table", "sales.orders"]),
        json!({"resumed": 1})
    );
}

#[tokio::test]
async fn a_table_that_is_not_there_is_refused_with_its_name() {
    let installed = Installed::new().await;
    let url = installed.url();
    for command in ["pause", "resume"] {
        let said = refused(&mut program(&[
            command,
            "--table",
            "sales.order",
            "--database-url",
            &url,
        ]));
        assert_eq!(said, "error: relation \"sales.order\" does not exist\n");
        let said = refused(&mut program(&[
            command,
            "--table",
            "sales.",
            "--database-url",
            &url,
        ]));
        assert!(said.contains("invalid name syntax"), "{said}");
    }
    assert_eq!(installed.asked().await, [""; 0]);
}
